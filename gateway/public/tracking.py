"""Finding a case by what only its petitioner holds: the tracking code and, where a telephone number was given, its end."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from gateway.doors import Door
from gateway.patience import READING_PATIENCE, patiently
from gateway.public.telling import Told, told_of
from schemas.errors import UserError


async def tracked(door: Door, code: str, last_four: str) -> Told:
    """The case as its petitioner is told of it. ``UserError`` ``tracking_unknown``, whichever of the two was wrong."""
    said = code.strip().upper()
    _check_code(said)
    try:
        number = await patiently(lambda: door.queries.number(said), READING_PATIENCE)
        view = await patiently(lambda: door.queries.case(number), READING_PATIENCE)
    except UserError:
        raise _not_found() from None
    # A number is printed on letters; only the code, which nobody guesses, opens anything here.
    if not hmac.compare_digest(view.tracking_code.encode(), said.encode()):
        raise _not_found()
    ends = [each.phone[-4:] for each in view.petitioners if each.phone and each.phone[-4:].isdigit()]
    if ends and not any(hmac.compare_digest(end.encode(), last_four.strip().encode()) for end in ends):
        raise _not_found()
    history = await patiently(lambda: door.system.record.history(number), READING_PATIENCE)
    told = told_of(history, datetime.now(UTC))
    if told is None:
        raise _not_found()
    return told


def _check_code(said: str) -> None:
    """Nothing a database can't compare. ``UserError`` as of a code that is not there."""
    if not said.isalnum() or not said.isascii():
        raise _not_found()


def _not_found() -> UserError:
    return UserError(
        "tracking_unknown",
        zh="没有找到。请核对查询码；登记时留过电话的，还需填写电话末四位。",
        en="Nothing found. Check the code; if a telephone number was given, its last four digits are needed too.",
    )
