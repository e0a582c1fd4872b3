"""A tracking code issued anew: recorded first, then made, shown once to who hands it to the petitioner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from activities.record.codes import NewCode, new_code
from gateway.doors import Door
from gateway.orders.carrying import execute_command
from gateway.retry import retry_transient
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition import events as e
from schemas.sealing.factors import Factor
from workflows.contract import Answer

REISSUE = "reissue_code"


class Issued(Answer):
    """The answer to that order. Code and PIN stand in it and nowhere else; ``pin`` is empty where ``factor`` is another."""

    tracking_code: str = Field(repr=False)
    pin: str = Field(default="", repr=False)
    factor: Factor = Factor.PIN


async def reissue(
    door: Door, named: str, actor: Actor, given: Mapping[str, Any], *, command_id: str | None = None
) -> Issued:
    """Errors as of :func:`execute_command`; ``code_shown_already`` for an order that is repeated: it was shown in the first answer.

    From the recorded event on the old code opens nothing, also where the new one could not be written any more.
    """
    answer = await execute_command(door, named, actor, REISSUE, given, command_id=command_id)
    history = await retry_transient(lambda: door.system.record.history(answer.number), ISSUING)
    issues = {each.seq: each.event.issue for each in history if isinstance(each.event, e.CodeReissued)}
    issue = issues.get(answer.seq) or max(issues.values(), default=1)
    new = new_code()
    factor = await retry_transient(lambda: door.codes.factor(answer.number), ISSUING)
    issued = await _kept(door, answer.number, issue, new, with_pin=factor is Factor.PIN)
    if not issued:
        raise UserError(
            "code_shown_already",
            zh="这次补发的查询码已经显示过一次，不再显示；仍需要的，请再补发一次。",
            en="The code of this order was shown once already; issue another one if it is needed.",
        )
    return Issued(
        **answer.model_dump(), tracking_code=new.code, pin=new.pin if factor is Factor.PIN else "", factor=factor
    )


ISSUING = 30.0
"""Seconds for which a database that is away is waited for: the order stands, and its code is to be made."""


async def _kept(door: Door, number: str, issue: int, new: NewCode, *, with_pin: bool) -> bool:
    # Waited out with the same code: a first attempt that was written after all is not another's.
    return await retry_transient(lambda: door.codes.reissue(number, issue, new, with_pin=with_pin), ISSUING)
