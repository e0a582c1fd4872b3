"""The petition as a kind of case: what its carrier must know of it."""

from __future__ import annotations

from typing import Final

from schemas.kernel.actor import SYSTEM
from schemas.petition.commands import Order, RingAlarm
from schemas.petition.commit import CommitOrder, Committed
from schemas.petition.events import Event
from schemas.petition.relay import PetitionMessage, announced, messages, owes_announcement
from schemas.petition.rules import RULES, decide, evolve, next_alarm
from schemas.petition.state import Card, ClockName, Petition
from schemas.streams.case_type import Attribute, CaseType


def attributes(state: Petition) -> dict[str, Attribute]:
    """What the engine's own lists show of a case, besides what was set at its start. ``CaseDue`` is the promise to finish.

    Not the stage: it changes at every step, which cost the engine a quarter of all its work for a case. Lists by stage are the read model's.
    """
    colours = {card.colour for card in state.cards}
    card = next((colour.value for colour in (Card.RED, Card.YELLOW) if colour in colours), None)
    finish = state.clock(ClockName.FINISH)
    shown: dict[str, Attribute] = {}
    if card is not None:
        shown["CaseCard"] = card
    if finish is not None:
        shown["CaseDue"] = finish.due
    return shown


PETITION: Final = CaseType[Petition, Event](
    kind="petition",
    order=Order,
    message=PetitionMessage,
    commit=CommitOrder,
    committed=Committed,
    commands=frozenset({"file", *RULES}),
    decide=decide,
    evolve=evolve,
    next_alarm=next_alarm,
    alarm=Order(actor=SYSTEM, command=RingAlarm()),
    messages=messages,
    announces=announced,
    owes_announcement=owes_announcement,
    attributes=attributes,
    stage=lambda state: state.stage.value,
)
