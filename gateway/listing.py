"""Lists of cases as a viewer is told of them: one place for all doors."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from activities.record.queries import CaseQueries
from activities.record.views import CaseFilter, CasePage
from gateway.doors import Door
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.kernel.actor import Actor


async def page_of(door: Door, queries: CaseQueries, wanted: CaseFilter, viewer: Actor | None) -> CasePage:
    """A page of the cases wanted, with masks; None stands for whoever administers this machine.

    Words are looked for in what the viewer is shown of a text: else who is shown 138******** finds the rest of a number by trying.
    """
    words = [word.casefold() for word in wanted.text.split()]

    async def still_found(numbers: Sequence[str]) -> Collection[str]:
        texts = await queries.texts(numbers)
        redactors = await door.redacting.of_each(texts, viewer)
        shown = {number: redactors[number].text(said).casefold() for number, said in texts.items()}
        return {number for number, said in shown.items() if all(word in said for word in words)}

    page = await retry_transient(
        lambda: queries.list(wanted, viewer, still_found=still_found if words and viewer is not None else None),
        READ_RETRY_SECONDS,
    )
    redactor = await door.redacting.of_cases([each.number for each in page.cases], viewer, page)
    return redactor.model(page)
