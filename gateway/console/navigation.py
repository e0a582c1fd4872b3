"""What each person finds in the menu: the pages the policy on access opens to them."""

from __future__ import annotations

from typing import NamedTuple

from schemas.access import Area, opens
from schemas.kernel.actor import Actor


class Place(NamedTuple):
    """An entry of the menu."""

    path: str
    icon: str
    zh: str
    en: str
    area: Area


PLACES: tuple[Place, ...] = (
    Place("/inbox", "inbox", "待办", "Inbox", Area.INBOX),
    Place("/petitions/new", "plus", "登记", "New petition", Area.FILING),
    Place("/ledgers", "ledger", "三本账", "Ledgers", Area.LEDGERS),
    Place("/board", "board", "督办看板", "Board", Area.BOARD),
    Place("/replay", "replay", "审计回放", "Replay", Area.AUDIT),
    Place("/audit/security", "lock", "安全记录", "Security", Area.AUDIT),
    Place("/calendar", "calendar", "工作日历", "Calendar", Area.REFERENCE),
    Place("/policy", "policy", "办理时限", "Policy", Area.REFERENCE),
    Place("/organisation", "organisation", "组织机构", "Organisation", Area.REFERENCE),
)


def places_of(actor: Actor) -> tuple[Place, ...]:
    """The menu of a person, in its order."""
    return tuple(place for place in PLACES if opens(place.area, actor))


def home_of(actor: Actor) -> str:
    """Where a person begins the day."""
    return places_of(actor)[0].path
