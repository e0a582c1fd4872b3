"""Finding a case by what only its petitioner holds: the tracking code, and the end of a number they gave or the PIN that came with the code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.doors import Door
from gateway.public.telling import PublicCase, told_of
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.kernel.errors import UserError
from schemas.sealing.factors import Factor, factor_of
from schemas.sealing.tracking import folded


@dataclass(frozen=True)
class Tracked:
    """A case as its petitioner is told of it, and by what they have proven to be one; ``factor`` is None for a code of before, to which none
    belongs.
    """

    told: PublicCase
    factor: Factor | None


async def tracked(door: Door, code: str, answer: str) -> Tracked:
    """The case of those two. ``UserError`` ``tracking_unknown``, whichever of them was wrong; ``tracking_code_characters``,
    ``tracking_answer_missing``.
    """
    said = folded(code)
    if not said:
        # A number is printed on letters; only the code, which nobody guesses, opens anything here.
        raise _not_found()
    kept = await retry_transient(lambda: door.codes.find(said), READ_RETRY_SECONDS)
    if kept is None:
        raise _not_found()
    factor = door.codes.proven(kept, answer)
    promised_without = kept.taken_over and kept.pin_hash is None and factor_of(kept.people) is Factor.PIN
    if factor is None and not promised_without:
        raise _not_found()
    history = await retry_transient(lambda: door.system.record.history(kept.number), READ_RETRY_SECONDS)
    told = told_of(history, datetime.now(UTC))
    if told is None or told.issue != kept.issue:
        # Issued anew since: the old one is over from the event on, whatever is kept of it.
        raise _not_found()
    await retry_transient(lambda: door.codes.used(kept.number), READ_RETRY_SECONDS)
    # What offices have written to several may name one of the others.
    redactor = await door.redacting.of_petitioner(kept.number)
    told = replace(told, replies=redactor.model(told.replies), extended=redactor.model(told.extended))
    return Tracked(told, factor)


def _not_found() -> UserError:
    return UserError(
        "tracking_unknown",
        zh="没有找到。请核对查询码，以及所留电话的末四位（没留电话的，为证件号码末四位或六位校验码）。查询码补发后，旧码作废。",
        en="Nothing found. Check the code, and the last four digits of the telephone number that was given (without one: of the identity number, or"
        " the PIN of six digits). Once a new code is issued, the old one is over.",
    )
