"""Every plan is lawful: the forty petitions and many invented ones played on the pure lifecycle, with no engine."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from activities.defaults import demo_petitions
from gateway.demo.city import receipts, waiting
from gateway.demo.invented import invented
from gateway.demo.offices.fates import Fate, fate_of
from schemas.petition.state import Card, Stage
from tests.unit.gateway.demo.pure_city import CITY, POLICY, RULES, PureCity, played


async def test_the_forty_show_everything_and_every_step_is_lawful() -> None:
    city = PureCity()
    await played(city, list(waiting(POLICY)), steps=1500)
    cases = [seen.state for seen in city.book.cases.values()]
    assert len(cases) == 40
    # The one refusal that is asked for: a lead office that answers before its co-office has reported.
    assert set(city.refusals) == {("reply", "co_report_missing")}

    stages = {state.stage for state in cases}
    assert stages == set(Stage) - {Stage.RECEIVE}, "some cases rest in every stage"
    kinds = Counter(kind for seen in city.book.cases.values() for kind in seen.kinds)
    everything = {
        *("filed", "amended", "approved", "declined", "transfer_offered", "transfer_answered", "assigned", "accepted"),
        *("return_requested", "return_upheld", "return_refused", "progress_reported", "co_reported"),
        *("co_report_waived", "extension_requested", "extension_granted", "extension_refused", "paused", "resumed"),
        *("clock_set", "escalated", "urged", "replied", "revisit_recorded", "reworked", "sign_off_key_turned"),
        *("signed_off", "terminated", "disclosed", "accounted", "sealed", "withdrawn", "merged", "member_admitted"),
    }
    assert everything <= set(kinds)
    assert kinds["merged"] == sum(bool(each.same_matter_as) for each in demo_petitions())
    assert {card.colour for state in cases for card in state.cards} == {Card.YELLOW, Card.RED}
    assert {len(state.signed_by) for state in cases} >= {0, 1, 2}
    resting = [state for state in cases if state.open]
    assert len(resting) < 12, Counter(state.stage for state in resting)


async def test_those_who_come_later_are_carried_to_their_seal() -> None:
    city = PureCity()
    city.numbers.update({"S": 13, "C": 13, "P": 14})
    await played(city, [invented(index, CITY) for index in range(50)], steps=1300)
    assert set(city.refusals) <= {("reply", "co_report_missing")}
    assert len(city.book.cases) == 50
    assert {seen.state.stage for seen in city.book.cases.values()} == {Stage.ARCHIVED}


def test_the_forty_were_received_within_two_weeks_and_never_in_the_future() -> None:
    for hour in range(0, 24 * 21, 7):
        now = datetime(2026, 9, 20, 3, 30, tzinfo=UTC) + timedelta(hours=hour)
        petitions = waiting(POLICY)
        moments = receipts(petitions, POLICY, RULES.calendar, now)
        assert max(moments) <= now
        # The longest holiday of the year lies in these weeks: nine working days ago may be that much further away.
        assert min(moments) > now - timedelta(days=23)
        assert sum(moment < now - timedelta(days=1) for moment in moments) >= 8


def test_the_same_case_meets_the_same_fate() -> None:
    assert fate_of("WC-2026-S-000002") is fate_of("WC-2031-S-000002") is Fate.REWORKED
    assert fate_of("WC-2026-P-000009") is Fate.RESTS_ASSIGN
    assert fate_of("WC-2026-P-000023") is Fate.STRAIGHT


def test_the_street_never_brings_the_same_petition_twice() -> None:
    petitions = [invented(index, CITY) for index in range(300)]
    assert len({petition.key for petition in petitions}) == 300
    assert len({(petition.unit, petition.title, petition.text) for petition in petitions}) > 60
    assert invented(7, CITY) == invented(7, CITY)
