"""Who may see personal data in clear: the person and stage whose work needs it, for one listed reason.

Seeing a case is not needing to know who brought it. A desk calls back until the case is assigned, an office while it has it in hand, a visitor at the
revisit, a chief who signs; an auditor for an audit. Until it is decided whom of the organisation a case complains of, nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.kernel.units import parent, within
from schemas.kernel.worktime import SHANGHAI, Calendar, local_day
from schemas.petition.refusals import refuse
from schemas.petition.rules.authority import Scope, in_conflict, is_kept_out, owners_of
from schemas.petition.state import Ground, Petition, Stage
from schemas.petition.wording.terms import chinese
from schemas.policy import RevealPolicy


class Need(StrEnum):
    """For what personal data is seen. ``OTHER`` takes words; the rest say enough."""

    CALL_BACK = "call_back"
    VISIT = "visit"
    VERIFY_IDENTITY = "verify_identity"
    DELIVER_ANSWER = "deliver_answer"
    HAND_OVER = "hand_over"
    SAMPLE = "sample"
    LOOK_INTO = "look_into"
    OTHER = "other"


@dataclass(frozen=True)
class Work:
    """What a role does with personal data: in which stages, within which scope, for what."""

    stages: tuple[Stage, ...]
    scope: Scope
    needs: tuple[Need, ...]


WORK: Final[Mapping[Role, Work]] = {
    Role.OPERATOR: Work(
        (Stage.APPROVE, Stage.ASSIGN), Scope.REGISTRY, (Need.CALL_BACK, Need.VERIFY_IDENTITY, Need.HAND_OVER)
    ),
    Role.HANDLER: Work(
        (Stage.SUPERVISE,), Scope.OFFICE, (Need.CALL_BACK, Need.VISIT, Need.VERIFY_IDENTITY, Need.DELIVER_ANSWER)
    ),
    Role.VISITOR: Work((Stage.REVISIT,), Scope.VISITOR, (Need.CALL_BACK, Need.VISIT, Need.VERIFY_IDENTITY)),
    Role.CHIEF: Work((Stage.SIGN_OFF,), Scope.SIGNER, (Need.VERIFY_IDENTITY,)),
}
AUDITING: Final = (Need.SAMPLE, Need.LOOK_INTO)

TOLD_BY_LETTER: Final = (Ground.DECLINED, Ground.TRANSFERRED)
"""Ends of a case of which its desk still has to tell the petitioner."""

LEAST_WORDS: Final = 10
"""Characters where no listed reason fits; at least half of them different."""


class Given(Frozen):
    """The reason somebody gives. ``words``: of ``OTHER`` only."""

    need: Need
    words: str = ""

    @property
    def said(self) -> str:
        """As the journal keeps it."""
        return self.words or chinese(self.need)


def needs_of(state: Petition, actor: Actor) -> tuple[Need, ...]:
    """For what this person may see the personal data of the case now; never empty.

    ``UserError`` ``recused``, ``reveal_before_decision``, ``reveal_not_needed``.
    """
    if actor.role is not Role.SYSTEM and is_kept_out(state, actor):
        refusal = refuse("recused")
        raise UserError(refusal.code, zh=refusal.zh, en=refusal.en)
    check_decided(state)
    if actor.role is Role.SYSTEM:
        return tuple(Need)
    if actor.role is Role.AUDITOR:
        return (*AUDITING, Need.OTHER)
    if _tells_by_letter(state, actor):
        return (Need.DELIVER_ANSWER, Need.HAND_OVER, Need.OTHER)
    work = WORK.get(actor.role)
    if work is None or state.stage not in work.stages or not _theirs(state, actor, work.scope):
        raise _not_needed(state)
    return (*work.needs, Need.OTHER)


def check_decided(state: Petition) -> None:
    """``UserError`` ``reveal_before_decision`` while it is open whom of the organisation the case complains of."""
    if state.held is not None:
        raise UserError(
            "reveal_before_decision",
            zh="本件是否反映我方单位或人员尚待认定，认定前任何人不得查看信访人的个人信息。",
            en="It is not decided yet whom of the organisation this petition complains of; no personal data is revealed before the decision.",
        )


def _tells_by_letter(state: Petition, actor: Actor) -> bool:
    ended = state.stage is Stage.ARCHIVE and state.ground in TOLD_BY_LETTER
    return ended and actor.role is Role.OPERATOR and owners_of(state, actor, Scope.REGISTRY)[1]


def _theirs(state: Petition, actor: Actor, scope: Scope) -> bool:
    if scope is Scope.OFFICE and state.accepted_at is None:
        return False
    if scope is Scope.VISITOR:
        handled = (*state.offices, *(answer.unit for answer in state.answers))
        if any(actor.unit == office or (parent(office) and within(actor.unit, office)) for office in handled):
            return False
    # A chief who may not decide the case does not sign it.
    if scope is Scope.SIGNER and in_conflict(state, actor.unit):
        return False
    return owners_of(state, actor, scope)[1]


_WHO: Final[Mapping[Stage, tuple[str, str]]] = {
    Stage.APPROVE: ("受理员", "the desk's operators"),
    Stage.ASSIGN: ("受理员", "the desk's operators"),
    Stage.SUPERVISE: ("已签收的承办单位的承办人", "the handlers of the office that has accepted it"),
    Stage.REVISIT: ("不属于承办单位的回访员", "a visitor who is of no office of the case"),
    Stage.SIGN_OFF: ("签批的负责人", "the chief who signs"),
}


def _not_needed(state: Petition) -> UserError:
    zh, en = _WHO.get(state.stage, ("审计员", "auditors"))
    return UserError(
        "reveal_not_needed",
        zh=f"您目前办理此件不需要信访人的个人信息。“{chinese(state.stage)}”环节可查看的是{zh}；确需联系的，请由其代为联系。",
        en=f"Your work on this case does not need the petitioner's personal data now. In the stage “{state.stage}” it is open to {en}; ask them.",
        stage=state.stage.value,
    )


def given(reason: str, words: str, needs: Sequence[Need]) -> Given:
    """The reason as chosen among ``needs``. Words that stand where a listed reason should, as the first release took them, are words of ``OTHER``.

    ``UserError`` ``reason_missing``, ``reveal_reason_unknown``, ``reveal_words_missing``, ``reveal_words_unwanted``.
    """
    chosen, told = _line(reason), _line(words)
    if not chosen and not told:
        raise UserError(
            "reason_missing",
            zh=f"查看个人信息须选择理由（{_listed_zh(needs)}），理由将记入查阅记录。",
            en=f"Say why personal data is to be seen ({_listed(needs)}); the reason is recorded.",
            reasons=[each.value for each in needs],
        )
    named = {each.value: each for each in Need} | {chinese(each): each for each in Need}
    need = named.get(chosen)
    if need is None and (not told or not chosen):
        need, told = Need.OTHER, told or chosen
    if need is None or need not in needs:
        raise UserError(
            "reveal_reason_unknown",
            zh=f"此环节可选的理由是：{_listed_zh(needs)}。",
            en=f"The reasons there are at this point: {_listed(needs)}.",
            reasons=[each.value for each in needs],
        )
    if need is not Need.OTHER:
        if told:
            raise UserError(
                "reveal_words_unwanted",
                zh="已选所列理由的，不必另写；所列理由都不合适时，请选“其他”再说明。",
                en="A listed reason needs no words; where none fits choose “other” and say why.",
            )
        return Given(need=need)
    dense = told.replace(" ", "")
    if len(dense) < LEAST_WORDS or len(set(dense)) < LEAST_WORDS // 2:
        raise UserError(
            "reveal_words_missing",
            zh=f"所列理由（{_listed_zh(needs)}）都不合适的，请用至少 {LEAST_WORDS} 个字写明为何需要。",
            en=f"Where no listed reason fits ({_listed(needs)}), say in at least {LEAST_WORDS} characters why it is needed.",
            shortest=LEAST_WORDS,
            reasons=[each.value for each in needs],
        )
    return Given(need=Need.OTHER, words=told)


def _line(said: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in said).split())


def _listed(needs: Iterable[Need]) -> str:
    return ", ".join(needs)


def _listed_zh(needs: Iterable[Need]) -> str:
    return "、".join(f"{chinese(each)} {each.value}" for each in needs)


class Use(Frozen):
    """One reading of personal data. ``elsewhere``: of a case that lies with another unit than the reader's own."""

    at: datetime
    case_number: str
    need: Need
    elsewhere: bool = False


class Unusual(StrEnum):
    """What makes a use worth an auditor's look."""

    MANY_IN_AN_HOUR = "many_in_an_hour"
    OUTSIDE_HOURS = "outside_hours"
    NOT_OWN_CASES = "not_own_cases"
    SAME_CASE = "same_case"
    OTHER_REASONS = "other_reasons"


def lies_elsewhere(state: Petition, actor: Actor) -> bool:
    """Whether the case lies with units the actor only reaches, and does not serve in."""
    if actor.role in (Role.SYSTEM, Role.AUDITOR):
        return False
    own = (actor.unit, actor.reach)
    return not any(unit in own or within(actor.unit, unit) for unit in (state.registrar, state.unit, *state.offices))


def unusual(new: Use, before: Sequence[Use], figures: RevealPolicy, calendar: Calendar) -> tuple[Unusual, ...]:
    """What is out of the ordinary in this use, after those ``before`` it (of the same day, and of the hour before)."""
    uses = [*before, new]
    today = [use for use in uses if local_day(use.at) == local_day(new.at)]
    hour = [use for use in uses if use.at > new.at - timedelta(hours=1)]
    clock = new.at.astimezone(SHANGHAI)
    at_work = figures.working_from <= clock.hour < figures.working_until and calendar.is_working(clock.date())
    found = {
        Unusual.MANY_IN_AN_HOUR: len(hour) >= figures.unusual_in_an_hour,
        Unusual.OUTSIDE_HOURS: not at_work,
        Unusual.NOT_OWN_CASES: len({use.case_number for use in today if use.elsewhere}) >= figures.unusual_elsewhere,
        Unusual.SAME_CASE: sum(use.case_number == new.case_number for use in today) >= figures.unusual_same_case,
        Unusual.OTHER_REASONS: sum(use.need is Need.OTHER for use in today) >= figures.unusual_other,
    }
    return tuple(each for each, holds in found.items() if holds)


def check_ceiling(today: int, figures: RevealPolicy) -> None:
    """``UserError`` ``reveal_ceiling_reached`` for somebody who has seen personal data ``today`` times already."""
    if today < figures.daily_ceiling:
        return
    raise UserError(
        "reveal_ceiling_reached",
        zh=f"您今天已查看个人信息 {today} 次，达到每人每日上限（{figures.daily_ceiling} 次）。"
        "今天确需联系的，请本单位负责人安排其他办理人员；经常不够用的，请市局督办员调整政策中的上限。",
        en=f"You have seen personal data {today} times today, as often as anybody may in a day ({figures.daily_ceiling}). "
        "For what can't wait, ask your chief to let a colleague on the case do it; the ceiling itself is policy, which the city's supervisor sets.",
        limit=figures.daily_ceiling,
    )
