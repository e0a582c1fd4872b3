"""What a timeline says of a case at any moment, and what it must not say."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.evidence.chain import Recorded
from schemas.evidence.journal import Entry, EntryKind
from schemas.evidence.timeline import state_as_of, timeline
from schemas.evidence.timeline.facts import Carried, NoticeKept, Received, Timeline
from schemas.evidence.timeline.telling import attribution, matter_of
from schemas.kernel.actor import SYSTEM, Actor
from schemas.petition import commands as c
from schemas.petition.rules import fold
from schemas.petition.rules.deeds import Basis
from tests.golden.record_events import ANSWER, LIVES, SATISFIED
from tests.strategies import (
    AUDITOR,
    BRANCH_CHIEF,
    CITY_DESK,
    HANDLER,
    MONDAY,
    NUMBER,
    OPERATOR,
    REPORTED,
    STATION,
    SUPERVISOR,
    VISITOR,
    Case,
    Step,
    calendar,
    play,
    scripts,
)

HOUR = timedelta(hours=1)


def records(case: Case, by: Actor = SYSTEM, *, later: timedelta = timedelta(0)) -> list[Recorded]:
    """The events of a case as recorded, each batch ``later`` than it counts from."""
    made: list[Recorded] = []
    for at, events in case.recorded:
        made += [
            Recorded(case_number=NUMBER, seq=0, recorded_at=at + later, actor=by, command_id="c", event=event)
            for event in events
        ]
    return [each.model_copy(update={"seq": seq}) for seq, each in enumerate(made, start=1)]


def told(events: list[Recorded], moment: datetime) -> Timeline:
    found = timeline(events, moment)
    assert found is not None
    return found


def lived() -> Case:
    case = Case()
    case.do(BRANCH_CHIEF, c.Approve(), at=MONDAY + HOUR)
    case.do(SUPERVISOR, c.Assign(lead=STATION), at=MONDAY + 2 * HOUR)
    case.do(HANDLER, c.Accept(), at=MONDAY + 3 * HOUR)
    case.do(HANDLER, ANSWER, at=MONDAY + 5 * HOUR)
    case.do(VISITOR, SATISFIED, at=MONDAY + 6 * HOUR)
    return case


def test_the_state_is_what_had_been_written_down_by_then() -> None:
    events = records(lived())
    assert timeline(events, MONDAY - HOUR) is None
    found = told(events, MONDAY + 2 * HOUR)
    assert found.state == fold(each.event for each in events[:3])
    assert [deed.kind for deed in found.deeds] == ["filed", "approved", "assigned"]
    assert found.unwritten == ()


def test_what_had_happened_and_was_not_yet_written_is_said_and_not_seen() -> None:
    events = records(lived(), later=4 * HOUR)
    found = told(events, MONDAY + 5 * HOUR)
    assert [deed.kind for deed in found.deeds] == ["filed", "approved"]
    assert [deed.kind for deed in found.unwritten] == ["assigned", "accepted", "replied"]
    assert found.state.lead == ""


def test_a_clock_that_was_set_back_does_not_bring_a_later_event_forward() -> None:
    events = records(lived())
    early = events[3].model_copy(update={"recorded_at": MONDAY})
    found = told([*events[:3], early, *events[4:]], MONDAY + HOUR)
    assert [deed.kind for deed in found.deeds] == ["filed", "approved"]


def test_the_stations_show_how_far_it_has_come_and_a_new_round_owes_again() -> None:
    case = lived()
    found = told(records(case), case.now)
    assert found.stations[0].zh == "收集建档"
    assert [each.name for each in found.stations if each.awaited] == ["sign_off"]
    assert all(each.passed_at is not None for each in found.stations[:6])
    case.do(BRANCH_CHIEF, c.Rework(reason="晚上还是不亮"), at=case.now + HOUR)
    again = told(records(case), case.now)
    assert [each.name for each in again.stations if each.awaited] == ["reply"]
    assert [each.name for each in again.stations if each.passed_at is None] == [
        "reply",
        "revisit",
        "sign_off",
        "archived",
    ]


def test_each_station_names_who_passed_it_and_when() -> None:
    case = lived()
    who = iter((OPERATOR, BRANCH_CHIEF, SUPERVISOR, HANDLER, HANDLER, VISITOR))
    written = [each.model_copy(update={"actor": next(who)}) for each in records(case)]
    passed = [(each.actor, each.passed_at) for each in told(written, case.now).stations]
    assert passed == [
        (OPERATOR, MONDAY),
        (BRANCH_CHIEF, MONDAY + HOUR),
        (SUPERVISOR, MONDAY + 2 * HOUR),
        (HANDLER, MONDAY + 3 * HOUR),
        (HANDLER, MONDAY + 5 * HOUR),
        (VISITOR, MONDAY + 6 * HOUR),
        (None, None),
        (None, None),
    ]


def test_a_way_that_leaves_stations_out_says_so() -> None:
    case = LIVES["declined"]()
    found = told(records(case), case.now)
    assert [each.name for each in found.stations if each.skipped] == [
        "approve",
        "assign",
        "supervise",
        "reply",
        "revisit",
        "sign_off",
    ]


def test_a_reopened_case_owes_every_station_anew_but_the_filing() -> None:
    case = LIVES["joint"]()
    events = records(case)
    before = told(list(itertools.takewhile(lambda each: each.event.kind != "reopened", events)), case.now)
    assert all(each.passed_at is not None for each in before.stations)
    again = told(events, case.now)
    assert [each.name for each in again.stations if each.passed_at is not None] == ["receive"]
    assert [each.name for each in again.stations if each.awaited] == ["approve"]
    assert not any(each.skipped for each in again.stations)


def test_each_deed_bears_its_authority() -> None:
    case = Case()
    case.do(BRANCH_CHIEF, c.Approve())
    events = [
        each.model_copy(update={"actor": BRANCH_CHIEF}) if each.event.kind == "approved" else each
        for each in records(case)
    ]
    approved = told(events, case.now).deeds[-1]
    assert (approved.basis, approved.command) == (Basis.RIGHT, "approve")
    assert approved.right_zh == "三长（负责人）之权：其单位为责任单位（XA/A1）"
    assert approved.right_en == "as chief: their unit is accountable for the case (XA/A1)"


def test_an_event_nobody_of_that_role_may_bring_about_is_not_explained_away() -> None:
    case = Case()
    case.do(BRANCH_CHIEF, c.Approve())
    events = [each.model_copy(update={"actor": VISITOR}) for each in records(case)]
    assert told(events, case.now).deeds[-1].right_zh == "规则未赋予该角色此项权限，须核查"


def test_the_time_of_a_case_is_shared_out_to_the_second() -> None:
    found = told(records(lived()), MONDAY + 7 * HOUR).attribution
    assert found.sums
    assert found.whole == found.attributed == 7 * 3600
    assert {share.unit: share.seconds for share in found.shares} == {
        "XA/A1": 2 * 3600,
        STATION: 2 * 3600,
        CITY_DESK: 3 * 3600,
    }


def test_the_time_of_a_case_ends_with_its_seal_and_begins_again_when_it_is_reopened() -> None:
    case = lived()
    case.do(BRANCH_CHIEF, c.SignOff(), at=MONDAY + 7 * HOUR)
    published = c.Disclose(published=True, summary="路灯已修复", countersigned_by=AUDITOR.id)
    case.do(SUPERVISOR, published, at=MONDAY + 8 * HOUR)
    sealed = told(records(case), MONDAY + 20 * HOUR).attribution
    assert sealed.sums
    assert sealed.whole == sealed.attributed == 8 * 3600
    reopening = c.Reopen(facts="路灯又坏了", policy=REPORTED, calendar=calendar())
    case.do(OPERATOR, reopening, at=MONDAY + 10 * HOUR)
    again = told(records(case), MONDAY + 20 * HOUR).attribution
    assert again.sums
    assert again.whole == again.attributed == (8 + 10) * 3600


def test_a_case_that_does_not_begin_with_its_filing_has_no_matter() -> None:
    with pytest.raises(ValueError, match="filing"):
        matter_of(lived().events[1:])


def test_a_gap_in_the_time_is_found() -> None:

    case = lived()
    state = case.state.model_copy(update={"spans": case.state.spans[1:]})
    found = attribution(state, case.events, case.now)
    assert not found.sums
    assert found.attributed < found.whole


def test_a_gap_is_found_also_where_an_hour_counted_twice_makes_up_for_it() -> None:
    case = lived()
    first, second, third, *rest = case.state.spans
    assert first.until is not None
    assert second.until is not None
    # The first unit is charged an hour of the second's; the hour before the third is nobody's.
    longer = first.model_copy(update={"until": first.until + HOUR})
    later = third.model_copy(update={"since": second.until + HOUR})
    state = case.state.model_copy(update={"spans": (longer, second, later, *rest)})
    found = attribution(state, case.events, case.now)
    assert found.attributed == found.whole
    assert not found.sums


def test_notices_are_as_they_stood_then() -> None:
    notice = NoticeKept(
        id="1",
        kind="escalated",
        unit=STATION,
        role="handler",
        zh="到期",
        en="due",
        created_at=MONDAY + HOUR,
        not_before=MONDAY + HOUR,
        delivered_at=MONDAY + 3 * HOUR,
        carried=(Carried(transport="console", attempts=1, delivered_at=MONDAY + 3 * HOUR),),
        received=(Received(person="han", delivered_at=MONDAY + 3 * HOUR, read_at=MONDAY + 4 * HOUR),),
    )
    events = records(lived())
    assert told(events, MONDAY).notices == ()

    def at(hours: int) -> NoticeKept:
        found = timeline(events, MONDAY + hours * HOUR, notices=[notice])
        assert found is not None
        return found.notices[0]

    assert (at(2).delivered_at, at(2).received, at(2).carried[0].delivered_at) == (None, (), None)
    assert at(3).received[0].read_at is None
    assert at(5) == notice


def test_readings_of_personal_data_are_told_apart_from_other_work_on_the_record() -> None:
    def entry(number: int, kind: EntryKind, **body: object) -> Entry:
        return Entry(number=number, at=MONDAY + number * HOUR, kind=kind, actor=AUDITOR, case_number=NUMBER, body=body)

    entries = [
        entry(1, EntryKind.EXPORTED, full=False),
        entry(2, EntryKind.REVEALED, fields=["phone"]),
        entry(3, EntryKind.EXPORTED, full=True),
        entry(9, EntryKind.REVEALED, fields=["phone"]),
    ]
    found = timeline(records(lived()), MONDAY + 6 * HOUR, journal=entries)
    assert found is not None
    assert [each.number for each in found.journal] == [1, 2, 3]
    assert [each.number for each in found.readings] == [2, 3]


def test_the_matter_is_shown_with_its_corrections_and_only_masked() -> None:
    case = LIVES["stretched"]()
    events = records(case)
    assert told(events, MONDAY).matter.title == "两盏路灯不亮"
    dumped = told(events, case.now).model_dump_json()
    assert "138********" in dumped
    assert "AAAA" not in dumped


def test_the_state_as_of_a_moment_is_what_had_been_written_by_then() -> None:
    case = LIVES["stretched"]()
    events = records(case, later=HOUR)
    assert state_as_of(events, events[0].recorded_at - HOUR) is None
    first = events[0].recorded_at
    assert state_as_of(events, first) == fold(each.event for each in events if each.recorded_at == first)
    assert state_as_of(events, events[-1].recorded_at) == case.state


@given(scripts(max_steps=20), st.integers(0, 200))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_life_can_be_told_at_every_moment_and_its_time_sums(steps: list[Step], hours: int) -> None:
    _, made = play(steps)
    latest = list(itertools.accumulate((event.at for event in made), max))
    events = [
        Recorded(case_number=NUMBER, seq=seq, recorded_at=at, actor=SYSTEM, command_id="c", event=event)
        for seq, (at, event) in enumerate(zip(latest, made, strict=True), start=1)
    ]
    moment = MONDAY + hours * HOUR
    found = timeline(events, moment)
    assert (found is None) == (not events or events[0].recorded_at > moment)
    if found is None:
        return
    assert found.state == state_as_of(events, moment)
    assert found.attribution.sums
    assert sum(station.awaited for station in found.stations) == found.state.open
