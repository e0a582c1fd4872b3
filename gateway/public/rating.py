"""The petitioner's own answer, as the public page takes it: three questions, and a remark."""

from __future__ import annotations

from typing import Any, Final

from gateway.doors import Door
from gateway.orders.carrying import execute_command
from schemas.kernel.errors import UserError
from schemas.petition.state import RatingDoor, petitioner_of
from schemas.sealing.factors import Factor

QUESTIONS: Final = (
    ("solved", "您的事解决了吗？", "Is your matter solved?", "解决了", "solved", "没有解决", "not solved"),
    (
        "satisfied_with_unit",
        "您对办理单位满意吗？",
        "Are you satisfied with the office that handled it?",
        *("满意", "satisfied", "不满意", "not satisfied"),
    ),
    (
        "satisfied_with_office",
        "您对接待和回访的信访工作满意吗？",
        "Are you satisfied with how you were received and kept informed?",
        *("满意", "satisfied", "不满意", "not satisfied"),
    ),
)
"""Field, the question and what a yes and a no are called, each in Chinese and English."""

_SAID: Final = {"true": True, "false": False}


async def rate(door: Door, number: str, given: dict[str, str], *, once: str, factor: Factor | None) -> None:
    """Carries the answer to that case, whose petitioner the door has made sure of. Refusals are ``UserError``.

    ``once``: the mark of the form that was filled in; sent twice, it is one answer. ``factor``: what has proven them to be the petitioner.
    """
    fields: dict[str, Any] = {name: _SAID.get(given.get(name, "")) for name, *_ in QUESTIONS}
    if None in fields.values():
        raise UserError(
            "field_missing",
            zh="三个问题都请选一项，再提交。",
            en="Please answer all three questions, then send again.",
        )
    fields["remark"] = given.get("remark", "").strip()
    await execute_command(
        door,
        number,
        petitioner_of(number),
        "rate",
        fields,
        command_id=once or None,
        came_by=RatingDoor.PUBLIC,
        factor=factor,
    )


async def contradict(door: Door, number: str, place: int, words: str, *, once: str) -> None:
    """Carries it to that case that a revisit was not as it was recorded. Refusals are ``UserError``; ``once`` as of :func:`rate`."""
    fields = {"revisit": place, "words": words.strip()}
    await execute_command(door, number, petitioner_of(number), "contradict_revisit", fields, command_id=once or None)
