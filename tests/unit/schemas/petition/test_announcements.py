"""What people are told, when, and who they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.kernel.actor import SYSTEM, Actor, Role
from schemas.kernel.calendar import seed_calendar
from schemas.kernel.refusal import Refusal
from schemas.kernel.worktime import SHANGHAI
from schemas.organisation import Organisation
from schemas.petition import commands as c
from schemas.petition.events import Accounted, Escalated, Event, FiledContent, Finding, Resumed
from schemas.petition.notices import AddressBook, Exclusions, Notice, notices_of, when_allowed
from schemas.petition.rules import decide, evolve, fold, next_alarm
from schemas.petition.state import ClockName, Complexity, Ledger, Outcome, Petition, Stage, petitioner_of
from schemas.policy import CasePolicy, LadderPolicy

RECEIVED = datetime(2026, 3, 2, 10, tzinfo=SHANGHAI).astimezone(UTC)
"""A Monday without holidays for weeks."""

NUMBER = "XA-2026-C-000001"
OPERATOR = Actor(id="op", role=Role.OPERATOR, unit="XA/xf", scope="XA")
SUPERVISOR = Actor(id="sup", role=Role.SUPERVISOR, unit="XA/dc", scope="XA")
VISITOR = Actor(id="vis", role=Role.VISITOR, unit="XA/xf", scope="XA")
HANDLER = Actor(id="han", role=Role.HANDLER, unit="XA/A3/02")
HELPER = Actor(id="hel", role=Role.HANDLER, unit="XA/A3/03")
CHIEF = Actor(id="chief", role=Role.CHIEF, unit="XA/A3")
CALENDAR = seed_calendar()


class Told:
    """A case and what was told at each step of it."""

    def __init__(self, *, complexity: Complexity = Complexity.COMPLEX, **policy: object) -> None:
        self.state: Petition | None = None
        self.now = RECEIVED
        content = FiledContent(
            source="test",
            source_event_id="1",
            channel="12345",
            title="路灯不亮",
            text="路口的路灯坏了一个月。",
            ledger=Ledger.CLAIM,
            complexity=complexity,
            unit="XA/A3/01",
        )
        figures = CasePolicy.model_validate({"version": 1} | policy)
        self.filed = self.give(
            OPERATOR, c.File(number=NUMBER, content=content, policy=figures, calendar=CALENDAR), at=RECEIVED
        )

    def give(self, actor: Actor, command: c.Command, *, at: datetime | None = None) -> list[Notice]:
        self.now = at or self.now + timedelta(minutes=10)
        decided = decide(self.state, c.Order(actor=actor, command=command), self.now)
        assert not isinstance(decided, Refusal), decided
        return self.record(list(decided))

    def record(self, events: Sequence[Event]) -> list[Notice]:
        before, self.state = self.state, fold(events, self.state)
        assert self.state is not None
        return notices_of(before, events, self.state, self.now)

    def ring(self, at: datetime | None = None) -> list[Notice]:
        assert self.state is not None
        return self.give(SYSTEM, c.RingAlarm(), at=at or next_alarm(self.state))


def to(notices: Sequence[Notice]) -> dict[tuple[str, str], str]:
    return {(notice.unit, notice.role): notice.zh for notice in notices}


def assigned(*, joint: bool = False) -> Told:
    case = Told()
    case.give(CHIEF, c.Approve())
    case.give(SUPERVISOR, c.Assign(lead="XA/A3/02", co_offices=("XA/A3/03",), joint=joint))
    return case


def answered(*, joint: bool = False) -> Told:
    case = assigned(joint=joint)
    case.give(HANDLER, c.Accept())
    case.give(HELPER, c.CoReport(text="已查"))
    case.give(HANDLER, c.Reply(outcome=Outcome.SUPPORTED, text="已修复。"))
    return case


SATISFIED = c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True)


def test_a_new_case_asks_the_accountable_chief() -> None:
    assert to(Told().filed) == {
        ("XA/A3", "chief"): f"【{NUMBER}】新件已登记，请于 2026-03-03 24:00 前审批并交办。",
    }


def test_what_policy_approves_is_told_once_to_those_who_assign() -> None:
    told = Told(complexity=Complexity.SIMPLE, approval_implied=True).filed
    assert to(told) == {
        ("XA/xf", "operator"): f"【{NUMBER}】按规定视同批准，请于 2026-03-03 24:00 前交办。",
    }


def test_each_step_is_told_to_those_whose_move_it_is() -> None:
    case = Told()
    assert set(to(case.give(CHIEF, c.Approve()))) == {("XA/xf", "operator")}
    told = to(case.give(SUPERVISOR, c.Assign(lead="XA/A3/02", co_offices=("XA/A3/03",))))
    assert told == {
        ("XA/A3/02", "handler"): f"【{NUMBER}】交办你单位主办，请于 2026-03-11 24:00 前办结并答复。",
        ("XA/A3/03", "handler"): f"【{NUMBER}】交办你单位协办，请尽快向主办单位 XA/A3/02 报告。",
    }
    assert case.give(HANDLER, c.Accept()) == []
    assert set(to(case.give(HANDLER, c.RequestExtension(days=3, reason="等检测")))) == {("XA/A3", "chief")}
    granted = to(case.give(CHIEF, c.GrantExtension(told="已告知")))
    assert granted == {("XA/A3/02", "handler"): f"【{NUMBER}】延期已获批准，请于 2026-03-16 24:00 前办结并答复。"}
    assert "可以答复" in to(case.give(HELPER, c.CoReport(text="已查")))["XA/A3/02", "handler"]
    reply = c.Reply(outcome=Outcome.SUPPORTED, text="已修复。")
    assert set(to(case.give(HANDLER, reply))) == {("XA/xf", "visitor")}
    unhappy = c.RecordRevisit(reached=True, solved=False, satisfied_with_office=True, satisfied_with_unit=False)
    assert case.give(VISITOR, unhappy) == []
    reworked = to(case.give(VISITOR, c.Rework(reason="未修好")))
    assert "第 2 轮" in reworked["XA/A3/02", "handler"]
    assert "重新" in reworked["XA/A3/03", "handler"]
    case.give(HELPER, c.CoReport(text="又查"))
    case.give(HANDLER, reply)
    happy = c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True)
    assert to(case.give(VISITOR, happy)) == {("XA/A3", "chief"): f"【{NUMBER}】群众满意，请把关签批。"}
    assert set(to(case.give(CHIEF, c.SignOff()))) == {("XA/xf", "supervisor")}


def test_a_return_is_decided_by_the_supervisor_and_told_to_all_it_concerns() -> None:
    case = assigned()
    assert set(to(case.give(HANDLER, c.Return(reason="非本所辖区")))) == {("XA/xf", "supervisor")}
    assert set(to(case.give(SUPERVISOR, c.UpholdReturn()))) == {
        ("XA/A3/02", "handler"),
        ("XA/A3/03", "handler"),
        ("XA/xf", "operator"),
    }


def test_a_refused_return_or_extension_leaves_the_case_with_the_office() -> None:
    case = assigned()
    case.give(HANDLER, c.Return(reason="非本所辖区"))
    expected = "请于 2026-03-11 24:00 前办结并答复"
    assert expected in to(case.give(SUPERVISOR, c.RefuseReturn(reason="属本所")))["XA/A3/02", "handler"]
    case.give(HANDLER, c.Accept())
    case.give(HANDLER, c.RequestExtension(days=3, reason="等检测"))
    refused = to(case.give(CHIEF, c.RefuseExtension(reason="不必")))
    assert refused == {("XA/A3/02", "handler"): f"【{NUMBER}】延期未获批准，{expected}。"}


def test_a_waived_report_is_told_to_both_offices() -> None:
    case = assigned()
    told = to(case.give(SUPERVISOR, c.WaiveCoReport(unit="XA/A3/03", reason="无关")))
    assert told["XA/A3/03", "handler"] == f"【{NUMBER}】你单位免予报告。"
    assert "免予报告，协办报告已齐，可以答复" in told["XA/A3/02", "handler"]


def test_an_amendment_is_told_where_another_chief_answers() -> None:
    case = Told()
    assert case.give(OPERATOR, c.Amend(reason="更正", category="照明")) == []
    moved = case.give(OPERATOR, c.Amend(reason="更正", accused_units=("XA/A3",)))
    assert to(moved) == {
        ("XA", "chief"): f"【{NUMBER}】经补正，本件改由你单位负责，请于 2026-03-03 24:00 前审批并交办。"
    }


def test_a_new_calendar_tells_old_and_new_date() -> None:
    case = assigned()
    assert case.state is not None
    holiday = case.state.calendar.model_copy(update={"version": 2, "off": (date(2026, 3, 10),)})
    told = case.give(SYSTEM, c.RecomputeDue(calendar=holiday))
    assert to(told) == {("XA/A3/02", "handler"): f"【{NUMBER}】办结期限由 2026-03-11 24:00 改为 2026-03-12 24:00。"}


def test_a_transfer_comes_back_or_is_taken() -> None:
    case = Told()
    assert case.give(CHIEF, c.Transfer(to="12345", reason="不属公安")) == []
    refused = to(case.give(OPERATOR, c.AnswerTransfer(accepted=False)))
    assert refused["XA/A3", "chief"].startswith(f"【{NUMBER}】12345 未接收，仍由本单位办理，请于")
    case.give(CHIEF, c.Transfer(to="12345", reason="不属公安"))
    assert case.state is not None
    assert case.state.offer is not None
    late = case.ring(case.state.offer.until + timedelta(minutes=1))
    assert "12345 逾期未确认" in to(late)["XA/A3", "chief"]
    case.give(CHIEF, c.Transfer(to="110", reason="警情"))
    taken = to(case.give(OPERATOR, c.AnswerTransfer(accepted=True, reference="110-1")))
    assert taken == {("XA/xf", "supervisor"): f"【{NUMBER}】110 已接收转送，请决定公开与问责。"}


def test_a_joint_case_asks_for_the_second_key() -> None:
    case = answered(joint=True)
    case.give(VISITOR, SATISFIED)
    assert set(to(case.give(CHIEF, c.SignOff()))) == {("XA/A3/02", "chief"), ("XA/A3/03", "chief")}


def test_findings_are_told_to_the_chiefs_of_the_units_they_name() -> None:
    case = answered()
    case.give(VISITOR, SATISFIED)
    case.give(CHIEF, c.SignOff())
    case.give(SUPERVISOR, c.Disclose(published=True, summary="路灯已修复", countersigned_by="boss"))
    assert case.state is not None
    finding = Finding(unit="XA/A3/02", fault="张三迟报", measure="谈话")
    told = case.record([Accounted(at=case.now, findings=(finding, finding))])
    assert set(to(told)) == {("XA/A3/02", "chief")}
    assert "张三" not in told[0].zh + told[0].en


def test_a_withdrawal_stops_the_offices() -> None:
    told = to(assigned().give(OPERATOR, c.Withdraw(reason="群众撤回")))
    assert told["XA/A3/02", "handler"] == told["XA/A3/03", "handler"] == f"【{NUMBER}】群众已撤回，请停止办理。"
    assert told["XA/A3", "chief"] == f"【{NUMBER}】群众已撤回，请把关签批。"


def test_a_petitioner_who_is_not_satisfied_is_heard_by_the_visitor_and_by_who_would_sign() -> None:
    no = c.Rate(solved=False, satisfied_with_office=True, satisfied_with_unit=False, remark="还是不亮")
    case = answered()
    own = petitioner_of(NUMBER)
    assert set(to(case.give(own, no))) == {("XA/xf", "visitor")}
    assert case.give(own, no.model_copy(update={"solved": True, "satisfied_with_unit": True})) == []
    case.give(VISITOR, SATISFIED)
    told = case.give(own, no)
    assert set(to(told)) == {("XA/xf", "visitor"), ("XA/A3", "chief")}
    assert not any("不亮" in notice.zh + notice.en for notice in told)


def test_an_office_found_to_be_accused_is_told_nothing_and_the_registry_assigns_anew() -> None:
    def found(unit: str) -> c.NameAccused:
        return c.NameAccused(reason="查明", accused_units=(unit,))

    told = to(assigned().give(SUPERVISOR, found("XA/A3/02")))
    assert set(told) == {("XA/xf", "operator")}
    assert "须回避" in told["XA/xf", "operator"]
    assert set(to(assigned().give(SUPERVISOR, found("XA/A3/03")))) == {("XA/A3/02", "handler")}
    told_once = to(answered().give(SUPERVISOR, found("XA/A3/02")))
    assert set(told_once) == {("XA/xf", "operator")}
    case = Told()
    case.give(CHIEF, c.Approve())
    assert set(to(case.give(SUPERVISOR, found("XA/A3")))) == {("XA/xf", "operator")}
    fast = Told(complexity=Complexity.SIMPLE, approval_implied=True)
    assert set(to(fast.give(SUPERVISOR, found("XA/A3/02")))) <= {("XA/A3", "chief")}
    nobody = assigned()
    assert nobody.give(SUPERVISOR, c.NameAccused(reason="查明", accused_persons=("x",))) == []


def test_merging_is_told_on_both_sides() -> None:
    case = assigned()
    assert "并入本件" in to(case.give(SYSTEM, c.AdmitMember(number="XA-2026-C-000009")))["XA/A3/02", "handler"]
    other = assigned()
    merged = to(other.give(SUPERVISOR, c.Merge(into="XA-2026-C-000009", basis="same_matter")))
    assert merged == {("XA/A3/02", "handler"): f"【{NUMBER}】已并入另一件，随该件办理。"}
    assert "单独办理" in to(other.give(SUPERVISOR, c.Unmerge(reason="并非一事")))["XA/A3/02", "handler"]


def test_a_declined_case_and_a_reopened_one_are_told() -> None:
    case = Told()
    assert set(to(case.give(CHIEF, c.Decline(ground="litigation", notice="已告知")))) == {("XA/xf", "supervisor")}
    case.give(SUPERVISOR, c.Disclose(published=False, exemption="privacy", countersigned_by="boss"))
    case.give(SUPERVISOR, c.Account(no_fault=True))
    reopen = c.Reopen(facts="新证据", policy=CasePolicy(version=1), calendar=CALENDAR)
    assert "已重新启动" in to(case.give(OPERATOR, reopen))["XA/A3", "chief"]


def test_the_statute_warns_the_accountable_chief_and_ends_with_the_city() -> None:
    case = assigned()
    case.give(HANDLER, c.Accept())
    warned = Escalated(
        at=case.now, clock=ClockName.STATUTE_FINISH, rung="warning", unit="XA/A3", role=Role.CHIEF, due=case.now
    )
    assert "法定期限预警，请督促处理" in to(case.record([warned]))["XA/A3", "chief"]


def test_every_rung_goes_to_its_people() -> None:
    case = assigned()
    case.give(HANDLER, c.Accept())
    recipients = [set(to(case.ring())) for _ in range(5)]
    assert recipients == [
        {("XA/A3/02", "handler")},
        {("XA/A3/02", "handler"), ("XA/A3/02", "chief")},
        {("XA/A3/02", "chief")},
        {("XA/A3", "chief")},
        {("XA", "chief")},
    ]


def test_before_there_is_an_office_a_rung_goes_to_those_who_must_act() -> None:
    case = Told()
    # a term of one day: its reminder and its yellow card stand at the same hour
    reminded = case.ring()
    assert set(to(reminded)) == {("XA/A3", "chief")}
    assert to(reminded)["XA/A3", "chief"].count("交办期限 2026-03-03 24:00") == 2


def test_rungs_missed_together_are_told_together() -> None:
    case = assigned()
    case.give(HANDLER, c.Accept())
    told = case.ring(datetime(2026, 3, 13, 1, tzinfo=UTC))
    assert to(told) == {
        ("XA/A3/02", "handler"): f"【{NUMBER}】办结期限 2026-03-11 24:00：到期提醒，请抓紧办理；"
        "办结期限 2026-03-11 24:00：发黄牌，请立即处理。",
        ("XA/A3/02", "chief"): f"【{NUMBER}】办结期限 2026-03-11 24:00：发黄牌，请立即处理；"
        "办结期限 2026-03-11 24:00：发红牌，请立即处理。",
        ("XA/A3", "chief"): f"【{NUMBER}】办结期限 2026-03-11 24:00：上报上一级，请督促处理。",
    }


def test_a_card_by_hand_reaches_the_chief_too() -> None:
    case = assigned()
    assert set(to(case.give(SUPERVISOR, c.Urge(text="快办")))) == {("XA/A3/02", "handler")}
    carded = to(case.give(SUPERVISOR, c.Urge(text="快办", card="yellow")))
    assert set(carded) == {("XA/A3/02", "handler"), ("XA/A3/02", "chief")}
    assert "快办" not in "".join(carded.values())


def test_a_provisional_date_says_so() -> None:
    case = Told()
    assert case.state is not None
    clocks = tuple(clock.model_copy(update={"provisional": True}) for clock in case.state.clocks)
    case.state = case.state.model_copy(update={"clocks": clocks})
    told = case.give(CHIEF, c.Approve())
    assert "暂定" in told[0].zh
    assert "provisional" in told[0].en


def test_the_end_of_a_pause_by_its_cap_is_told() -> None:
    case = assigned()
    case.give(HANDLER, c.Accept())
    case.give(HANDLER, c.Pause(reason="hearing"))
    assert case.state is not None
    case.now += timedelta(days=1)
    assert set(to(case.record([Resumed(at=case.now, by_cap=True)]))) == {("XA/A3/02", "handler")}
    assert case.state.stage is Stage.SUPERVISE


def walked(steps: int) -> tuple[list[tuple[Petition | None, list[Event], Petition]], list[Notice]]:
    case = assigned()
    case.give(HANDLER, c.Accept())
    recorded: list[tuple[Petition | None, list[Event], Petition]] = []
    notices: list[Notice] = list(case.filed)
    for _ in range(steps):
        before = case.state
        assert before is not None
        instant = next_alarm(before)
        if instant is None:
            break
        decided = decide(before, c.Order(actor=SYSTEM, command=c.RingAlarm()), instant)
        assert not isinstance(decided, Refusal)
        case.now = instant
        notices += case.record(list(decided))
        assert case.state is not None
        recorded.append((before, list(decided), case.state))
    return recorded, notices


def test_ids_are_unique_in_the_life_of_a_case_and_the_same_when_told_again() -> None:
    recorded, notices = walked(12)
    ids = [notice.id for notice in notices]
    assert len(set(ids)) == len(ids)
    for before, events, after in recorded:
        moment = RECEIVED + timedelta(days=40)
        again = notices_of(before, events, after, moment)
        assert [notice.id for notice in again] == [notice.id for notice in notices_of(before, events, after, RECEIVED)]
        assert {notice.id for notice in again} <= set(ids)


# the bounds of a strategy are naive by its own rule
def moments(first: datetime = datetime(2004, 1, 1)) -> st.SearchStrategy[datetime]:  # noqa: DTZ001
    return st.datetimes(first, datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    moments(),
    st.integers(0, 24),
    st.integers(0, 23),
)
def test_nothing_goes_out_in_the_quiet_hours(moment: datetime, quiet_from: int, quiet_until: int) -> None:
    if quiet_from % 24 == quiet_until:
        quiet_until = (quiet_until + 1) % 24
    figures = LadderPolicy(quiet_from=quiet_from, quiet_until=quiet_until)
    allowed = when_allowed(figures, moment)
    hour = allowed.astimezone(SHANGHAI).hour
    start = quiet_from % 24
    quiet = start <= hour < quiet_until if start < quiet_until else hour >= start or hour < quiet_until
    assert not quiet
    assert moment <= allowed <= moment + timedelta(days=1)
    assert when_allowed(figures, allowed) == allowed


@given(moments(datetime(2026, 3, 2, 4)))  # noqa: DTZ001
def test_a_notice_waits_for_the_morning(moment: datetime) -> None:
    case = Told()
    told = case.give(OPERATOR, c.Withdraw(reason="群众撤回"), at=max(moment, case.now))
    for notice in told:
        local = notice.not_before.astimezone(SHANGHAI)
        assert 8 <= local.hour < 21
        assert notice.not_before >= case.now


def organisation() -> Organisation:
    units = [
        ("XA", "市局", "bureau"),
        ("XA/xf", "信访处", "department"),
        ("XA/dc", "督察支队", "department"),
        ("XA/A3", "三分局", "branch"),
        ("XA/A3/01", "一所", "station"),
        ("XA/A3/02", "二所", "station"),
    ]
    people = [
        ("boss", "chief", "XA"),
        ("op", "operator", "XA/xf"),
        ("vis", "visitor", "XA/xf"),
        ("sup", "supervisor", "XA/dc"),
        ("chief", "chief", "XA/A3"),
        ("vis3", "visitor", "XA/A3"),
        ("chief1", "chief", "XA/A3/01"),
        ("chief2", "chief", "XA/A3/02"),
        ("han", "handler", "XA/A3/02"),
    ]
    return Organisation.model_validate(
        {
            "version": 1,
            "city_code": "XA",
            "units": [{"path": path, "name": name, "kind": kind} for path, name, kind in units],
            "people": [{"id": who, "name": who, "role": role, "unit": unit} for who, role, unit in people],
        }
    )


BOOK = AddressBook(organisation())


@pytest.mark.parametrize(
    ("unit", "role", "barred", "expected"),
    [
        ("XA/A3/02", Role.HANDLER, Exclusions(), ["han"]),
        ("XA/A3/01", Role.HANDLER, Exclusions(), ["chief1"]),
        ("XA/xf", Role.SUPERVISOR, Exclusions(), ["sup"]),
        ("XA/A3/01", Role.OPERATOR, Exclusions(), ["op"]),
        ("XA/A3/01", Role.VISITOR, Exclusions(), ["vis3"]),
        ("XA/A3/01", Role.VISITOR, Exclusions(offices=("XA/A3",)), ["vis"]),
        ("XA/A3", Role.CHIEF, Exclusions(offices=("XA/A3",)), ["chief"]),
        ("XA/A3", Role.CHIEF, Exclusions(persons=("chief",)), ["boss"]),
        ("XA/A3/02", Role.HANDLER, Exclusions(units=("XA/A3/02",)), ["chief"]),
        ("XA/A3/02", Role.HANDLER, Exclusions(persons=("han", "chief2", "chief")), ["boss"]),
        ("XA/A3/77", Role.HANDLER, Exclusions(), ["chief"]),
        ("XA", Role.CHIEF, Exclusions(persons=("boss",)), []),
        ("ZZ", Role.CHIEF, Exclusions(), []),
    ],
)
def test_whom_a_notice_reaches(unit: str, role: Role, barred: Exclusions, expected: list[str]) -> None:
    assert [person.id for person in BOOK.people(unit, role, barred)] == expected


@given(
    st.sampled_from(["XA", "XA/xf", "XA/A3", "XA/A3/01", "XA/A3/02", "XA/A3/09"]),
    st.sampled_from(list(Role)),
    st.sets(st.sampled_from(["boss", "op", "vis", "sup", "chief", "chief1", "chief2", "han"])),
    st.sets(st.sampled_from(["XA/xf", "XA/A3", "XA/A3/01", "XA/A3/02"])),
)
def test_the_accused_never_receives(unit: str, role: Role, persons: set[str], units: set[str]) -> None:
    barred = Exclusions(units=tuple(units), persons=tuple(persons))
    for person in BOOK.people(unit, role, barred):
        assert person.id not in persons
        assert not any(person.unit == named or person.unit.startswith(named + "/") for named in units)


def test_a_state_evolves_as_it_is_told() -> None:
    # notices fold on their own; they must end where the record ends
    recorded, _ = walked(3)
    for before, events, after in recorded:
        state = before
        for event in events:
            state = evolve(state, event)
        assert state == after
