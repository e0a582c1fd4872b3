"""Who may open which door: pages, groups of the API and readings, by role; and what a machine's token may be used for.

What may be done to a case is not decided here but by :mod:`schemas.petition.rules` alone, and which cases somebody sees by
:func:`schemas.petition.rules.may_see`. This only says which doors there are for whom.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.kernel.units import parent
from schemas.petition.wording.terms import chinese


class Area(StrEnum):
    """What can be opened. A page and the API group that tells the same belong to one area."""

    INBOX = "inbox"
    LEDGERS = "ledgers"
    CASE = "case"
    FILING = "filing"
    EVENTS = "events"
    BOARD = "board"
    AUDIT = "audit"
    REFERENCE = "reference"
    REFERENCE_EDIT = "reference_edit"
    REVEAL = "reveal"
    ACCOUNT = "account"
    METRICS = "metrics"


AREAS_ZH: Final[Mapping[Area, str]] = {
    Area.INBOX: "待办",
    Area.LEDGERS: "三本账",
    Area.CASE: "案件",
    Area.FILING: "建档",
    Area.EVENTS: "事件接入",
    Area.BOARD: "督办看板",
    Area.AUDIT: "审计",
    Area.REFERENCE: "日历、政策与组织",
    Area.REFERENCE_EDIT: "更改日历、政策与组织",
    Area.REVEAL: "查看个人信息",
    Area.ACCOUNT: "我的账户",
    Area.METRICS: "运行指标",
}

PEOPLE: Final = frozenset({Role.OPERATOR, Role.CHIEF, Role.SUPERVISOR, Role.HANDLER, Role.VISITOR, Role.AUDITOR})
AT_WORK: Final = PEOPLE - {Role.AUDITOR}

OPEN_TO: Final[Mapping[Area, frozenset[Role]]] = {
    Area.INBOX: AT_WORK,
    Area.LEDGERS: PEOPLE | {Role.UPSTREAM},
    Area.CASE: PEOPLE | {Role.UPSTREAM},
    Area.FILING: frozenset({Role.OPERATOR, Role.UPSTREAM}),
    Area.EVENTS: frozenset({Role.UPSTREAM}),
    Area.BOARD: PEOPLE,
    Area.AUDIT: frozenset({Role.AUDITOR}),
    Area.REFERENCE: PEOPLE | {Role.UPSTREAM},
    Area.REFERENCE_EDIT: frozenset({Role.CHIEF, Role.SUPERVISOR}),
    Area.REVEAL: PEOPLE,
    Area.ACCOUNT: PEOPLE,
    Area.METRICS: frozenset({Role.CHIEF, Role.SUPERVISOR, Role.AUDITOR, Role.UPSTREAM}),
}
"""The roles to which a door opens at all."""

CITY_ONLY: Final = frozenset({Area.REFERENCE_EDIT, Area.METRICS})
"""Areas that, within their roles, open only to those who act for the whole city: its rules, its tree and its figures are one for all."""


class TokenScope(StrEnum):
    """What a token may be used for; each opens areas, and writing is a scope of its own."""

    READ = "petitions:read"
    WRITE = "petitions:write"
    EVENTS = "events:write"
    BOARD = "board:read"
    REFERENCE = "reference:read"
    REFERENCE_WRITE = "reference:write"
    AUDIT = "audit:read"
    REVEAL = "personal:read"
    METRICS = "metrics:read"


READ_BY: Final[Mapping[Area, frozenset[TokenScope]]] = {
    Area.INBOX: frozenset({TokenScope.READ}),
    Area.LEDGERS: frozenset({TokenScope.READ}),
    Area.CASE: frozenset({TokenScope.READ}),
    Area.FILING: frozenset({TokenScope.READ, TokenScope.WRITE}),
    Area.EVENTS: frozenset({TokenScope.EVENTS}),
    Area.BOARD: frozenset({TokenScope.BOARD}),
    Area.AUDIT: frozenset({TokenScope.AUDIT}),
    Area.REFERENCE: frozenset({TokenScope.REFERENCE}),
    Area.REFERENCE_EDIT: frozenset({TokenScope.REFERENCE_WRITE}),
    Area.REVEAL: frozenset({TokenScope.REVEAL}),
    Area.ACCOUNT: frozenset(),
    Area.METRICS: frozenset({TokenScope.METRICS}),
}
"""The scopes any of which lets a token look into an area; an account is a person's, so no token opens it."""

WRITTEN_BY: Final[Mapping[Area, frozenset[TokenScope]]] = READ_BY | {
    Area.INBOX: frozenset({TokenScope.WRITE}),
    Area.LEDGERS: frozenset({TokenScope.WRITE}),
    Area.CASE: frozenset({TokenScope.WRITE}),
    Area.FILING: frozenset({TokenScope.WRITE}),
}
"""The scopes any of which lets a token change something in an area."""

AUDITORS_SEND: Final = re.compile(
    r"/sign-out|/accounts/me/.*|/api/v1/audit/.*|/audit/.*|/replay/.*|.*/reveal|.*/export"
)
"""The only addresses to which an auditor may send anything: their own session, checks of the record, and readings that need a reason."""


def opens(area: Area, actor: Actor) -> bool:
    """Whether the area is there for this actor at all: what menus show."""
    if area in CITY_ONLY and parent(actor.reach):
        return False
    return actor.role in OPEN_TO[area]


def enter(area: Area, actor: Actor, scopes: Collection[str] | None = None, *, writing: bool = False) -> None:
    """Passes whoever may open the area. ``scopes``: None for a person, else what the token shown may be used for.

    ``UserError`` ``door_closed`` where the role has no such door, ``token_scope_missing`` where only the token lacks it.
    """
    if not opens(area, actor):
        city = area in CITY_ONLY and actor.role in OPEN_TO[area]
        allowed = sorted(OPEN_TO[area])
        raise UserError(
            "door_closed",
            zh=f"“{AREAS_ZH[area]}”不对您的角色（{chinese(actor.role)}）开放，"
            + ("仅限市局一级。" if city else f"需由{'、'.join(map(chinese, allowed))}办理。"),
            en=f"“{area}” is not open to your role ({actor.role}); "
            + ("it takes somebody who acts for the whole city." if city else f"it takes: {', '.join(allowed)}."),
            area=area.value,
            allowed=allowed,
        )
    if scopes is None:
        return
    wanted = (WRITTEN_BY if writing else READ_BY)[area]
    if not wanted & set(scopes):
        named = sorted(wanted)
        raise UserError(
            "token_scope_missing",
            zh=f"此令牌不能用于“{AREAS_ZH[area]}”"
            + (f"，需要授权：{'、'.join(named)}。" if named else "，请由本人登录。"),
            en=f"This token may not be used for “{area}”"
            + (f"; it needs the scope {' or '.join(named)}." if named else "; sign in as the person."),
            area=area.value,
            needed=named,
        )


def check_sending(actor: Actor, path: str) -> None:
    """Refuses whatever an auditor sends, but for ``AUDITORS_SEND``. ``UserError`` ``auditors_change_nothing``."""
    if actor.role is Role.AUDITOR and not AUDITORS_SEND.fullmatch(path):
        raise UserError(
            "auditors_change_nothing",
            zh="审计员只读不改；此操作须由办理人员进行。",
            en="Auditors read and change nothing; somebody who works the case must do this.",
            person=actor.id,
        )


def check_scopes(named: Collection[str]) -> tuple[str, ...]:
    """The scopes named, in order and once each. ``UserError`` ``scope_unknown`` for one that does not exist, or for none."""
    known = [scope.value for scope in TokenScope]
    wrong = [name for name in named if name not in known]
    if wrong or not named:
        raise UserError(
            "scope_unknown",
            zh=(f"没有授权“{'、'.join(wrong)}”；" if wrong else "令牌至少要有一项授权；")
            + f"可选：{'、'.join(known)}。",
            en=(f"There is no scope {', '.join(wrong)}; " if wrong else "A token needs a scope; ")
            + f"choose from: {', '.join(known)}.",
            scopes=known,
        )
    return tuple(scope for scope in known if scope in named)
