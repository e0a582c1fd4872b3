"""An answer that goes to several petitioners: what in it tells one of them apart is pointed out before it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.doors import Door
from gateway.orders.fields import FIELDS_ZH
from schemas.access.personal_words import Span
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.rules import permitted
from schemas.petition.state import Petition
from schemas.petition.wording.personal_fields import personal_heading

NAMES_ONE: Final = "shared_answer_names_petitioner"


async def check_shared_answer(door: Door, state: Petition, actor: Actor, command: c.Command) -> None:
    """``UserError`` ``shared_answer_names_petitioner`` for an answer that this person may give, that goes to the petitioners of other cases too, and
    that names one of them, unless whoever writes it has acknowledged that.
    """
    if not isinstance(command, c.Reply) or not state.members or command.acknowledged:
        return
    if permitted(state, command.kind, actor) is not None:
        return
    texts = {"text": command.text, "measures": command.measures}
    found = await door.redacting.telling_apart(state.number, texts)
    if found:
        raise _names_one(len(state.members), found)


def _names_one(others: int, found: Mapping[str, Sequence[Span]]) -> UserError:
    places = [
        {"field": field, "start": span.start, "end": span.end, "kind": span.kind}
        for field, spans in found.items()
        for span in spans
    ]
    zh = "、".join(
        f"{FIELDS_ZH[field]}第 {span.start + 1}–{span.end} 字（{personal_heading(span.kind)}）"
        for field, spans in found.items()
        for span in spans
    )
    en = ", ".join(
        f"{field} {span.start + 1}–{span.end} ({span.kind.replace('_', ' ')})"
        for field, spans in found.items()
        for span in spans
    )
    return UserError(
        NAMES_ONE,
        zh=f"此答复还将发给并案的其他 {others} 件的信访人，其中有可认出某一位信访人的内容：{zh}。请改写；确需照此发出的，请确认（acknowledged）后再提交，"
        "其他信访人看到的是掩码。",
        en=f"This answer also goes to the petitioners of {others} merged cases, and it holds what tells one petitioner apart: {en}. Write it "
        "otherwise; to send it as it is, acknowledge it (acknowledged): the others then see masks.",
        others=others,
        places=places,
    )


def marked(text: str, places: Sequence[Mapping[str, object]], field: str) -> tuple[tuple[str, bool], ...]:
    """The text in pieces, each with whether it is one of those places."""
    parts: list[tuple[str, bool]] = []
    at = 0
    for place in places:
        if place["field"] != field:
            continue
        start, end = int(str(place["start"])), int(str(place["end"]))
        parts += ((text[at:start], False), (text[start:end], True))
        at = end
    return (*parts, (text[at:], False))
