"""One command to several cases: where the rule is the same for all, so are the words it is given with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from activities.record.queries import CaseQueries
from gateway.console.case.inputs import Input, given_by, inputs_of
from gateway.doors import Door
from gateway.orders.carrying import execute_command
from gateway.visible import visible_case
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition.state import Petition, RatingDoor

MOST_AT_ONCE = 100
AT_A_TIME = 8
"""Cases that are under way together; the engine is there for others too."""


@dataclass(frozen=True)
class Given:
    """What became of one of several orders; ``refusal``: None where it was taken."""

    number: str
    refusal: UserError | None


def chosen_in(form: FormData) -> tuple[str, ...]:
    """The cases that were chosen, each once."""
    named = dict.fromkeys(each for each in form.getlist("number") if isinstance(each, str))
    return tuple(named)[:MOST_AT_ONCE]


def inputs_together(kind: str, state: Petition, actor: Actor) -> tuple[Input, ...]:
    """The form for all of them. An office left empty means to each case the unit it is of."""
    return tuple(
        each._replace(values=(), required=False) if (kind, each.name) == ("assign", "lead") else each
        for each in inputs_of(kind, state, actor)
    )


async def give_together(
    door: Door, readings: CaseQueries, actor: Actor, kind: str, chosen: Sequence[str], form: FormData, once: str
) -> tuple[Given, ...]:
    """Gives the command to each; the answers in the order of the cases. ``once`` makes a repeated sending one."""
    fields = given_by(kind, form)
    gate = asyncio.Semaphore(AT_A_TIME)

    async def give(named: str) -> Given:
        async with gate:
            try:
                view = await visible_case(readings, named, actor)
                filled = {each.name: each.values[0] for each in inputs_of(kind, view.state, actor) if each.values}
                own = {"lead": filled["lead"]} if kind == "assign" and "lead" in filled else {}
                await execute_command(
                    door,
                    view.state.number,
                    actor,
                    kind,
                    {**own, **fields},
                    command_id=f"{once}-{kind}",
                    came_by=RatingDoor.DESK,
                )
                return Given(view.state.number, None)
            except UserError as refusal:
                return Given(named[:40], refusal)

    return tuple(await asyncio.gather(*(give(named) for named in chosen)))
