"""What somebody complained of, or one person alone, may try to get a complaint onto their own desk."""

from __future__ import annotations

import pytest

from schemas.kernel.actor import SYSTEM
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.rules import may_see
from schemas.petition.rules.authority import in_conflict, parties_conflict, party_of
from schemas.petition.rules.ladder import office_of
from schemas.petition.state import Accusation, ClockName, Outcome
from tests.strategies import (
    BRANCH,
    BRANCH_CHIEF,
    CITY,
    COMPLAINTS_OFFICER,
    FAR_STATION,
    HANDLER,
    NEXT_HANDLER,
    NEXT_STATION,
    OPERATOR,
    SECOND_OFFICER,
    STATION,
    STATION_CHIEF,
    UPSTREAM,
    Case,
    filing,
)
from tests.unit.schemas.petition.rules.test_accused import held, working

NOBODY = c.DecideAccused(nobody=True, reason="另指他人")
AGREED = c.Countersign(agreed=True)


def refused(case: Case, who: object, command: c.Command) -> str:
    answer = case.ask(who, command)  # type: ignore[arg-type]
    return answer.code if isinstance(answer, Refusal) else ""


@pytest.mark.parametrize(
    "named",
    [
        c.NameAccused(reason="来电补充", accused_units=(NEXT_STATION,)),
        c.Amend(reason="来电更正", accused_units=(NEXT_STATION,)),
    ],
)
def test_nobody_is_let_off_by_what_was_proposed_before_they_were_named(named: c.Command) -> None:
    case = held() if isinstance(named, c.Amend) else working(accusation=None)
    if not isinstance(named, c.Amend):
        case.do(OPERATOR, c.Remark(text="x", accusation=Accusation(unit=BRANCH, units=(STATION,))))
    case.do(COMPLAINTS_OFFICER, NOBODY)
    assert case.state.pending is not None
    case.do(OPERATOR, named)
    assert case.state.pending is None
    assert refused(case, SECOND_OFFICER, AGREED) == "nothing_to_countersign"
    assert NEXT_STATION in case.state.accused_units


def test_one_person_does_not_drop_a_named_chief() -> None:
    case = held(accusation=None, accused_persons=(STATION_CHIEF.id,), conflicted_units=(STATION,), unit=BRANCH)
    case.do(OPERATOR, c.Remark(text="x", accusation=Accusation(unit=BRANCH, persons=(NEXT_HANDLER.id,))))
    decision = c.DecideAccused(accused_persons=(STATION_CHIEF.id, NEXT_HANDLER.id), conflicted_units=(), reason="指认")
    case.do(COMPLAINTS_OFFICER, decision)
    assert case.kinds()[-1] == "letting_off_proposed"
    assert in_conflict(case.state, STATION)


def test_sending_it_elsewhere_than_it_was_brought_takes_two_as_well() -> None:
    case = held(accusation=Accusation(unit=CITY), unit=BRANCH)
    case.do(COMPLAINTS_OFFICER, c.DecideAccused(nobody=True, unit=STATION, reason="不是我们"))
    assert case.kinds()[-1] == "letting_off_proposed"


def test_where_a_chief_may_be_meant_the_whole_station_sees_and_answers_nothing() -> None:
    case = working()
    meant = Accusation(unit=BRANCH, persons=(STATION_CHIEF.id,), chiefs=(STATION,))
    case.do(OPERATOR, c.Remark(text="x", accusation=meant))
    assert not may_see(case.state, HANDLER)
    other = working().state.model_copy(update={"number": "XA-2026-S-000002"})
    assert parties_conflict(party_of(case.state), party_of(other))


def test_no_answer_goes_out_before_it_is_decided_whom_it_complains_of() -> None:
    case = working()
    case.do(OPERATOR, c.Remark(text="x", accusation=Accusation(unit=BRANCH, units=(NEXT_STATION,))))
    assert refused(case, HANDLER, c.Reply(outcome=Outcome.SUPPORTED, text="无此事")) == "accused_undecided"


def test_whoever_may_be_meant_turns_no_key() -> None:
    office = COMPLAINTS_OFFICER.unit
    case = held(
        accusation=Accusation(unit=CITY, units=(office,), open_to=(COMPLAINTS_OFFICER.id, SECOND_OFFICER.id, office))
    )
    case.do(COMPLAINTS_OFFICER, NOBODY)
    assert refused(case, SECOND_OFFICER, AGREED) == "recused"


def test_whom_a_correction_names_is_kept_from_it_as_whom_a_filing_names() -> None:
    case = held(accusation=None)
    read = Accusation(unit=BRANCH, persons=(HANDLER.id,))
    case.do(OPERATOR, c.Amend(reason="来电更正", accused_persons=(HANDLER.id,), accusation=read))
    assert (case.state.unit, case.state.held is not None) == (BRANCH, True)


def test_an_old_case_lets_nobody_off_by_a_correction() -> None:
    case = Case(filing(accused_units=(NEXT_STATION,)))
    assert refused(case, OPERATOR, c.Amend(reason="误登", accused_units=())) == "letting_off_takes_two"


def test_a_correction_of_the_words_is_judged_anew() -> None:
    case = held()
    case.do(COMPLAINTS_OFFICER, NOBODY)
    case.do(SECOND_OFFICER, AGREED)
    again = Accusation(unit=BRANCH, units=(STATION,))
    case.do(OPERATOR, c.Amend(reason="来电更正", text="昨晚又来打了我", accusation=again))
    assert case.state.held is not None
    assert not may_see(case.state, HANDLER)


def test_an_office_that_sees_nothing_gets_no_card() -> None:
    case = working()
    case.do(OPERATOR, c.Remark(text="x", accusation=Accusation(unit=BRANCH, units=(STATION,))))
    (finish,) = [clock for clock in case.state.clocks if clock.name is ClockName.FINISH]
    assert office_of(case.state, finish) == BRANCH


def test_the_outside_takes_no_case_that_is_undecided() -> None:
    case = held(accusation=None)
    case.do(BRANCH_CHIEF, c.Transfer(to=UPSTREAM.id, reason="归其管辖"))
    case.do(OPERATOR, c.Remark(text="x", accusation=Accusation(unit=BRANCH, units=(STATION,))))
    taken = c.AnswerTransfer(accepted=True, reference="1")
    assert refused(case, OPERATOR, taken) == "accused_undecided"
    case.do(OPERATOR, c.AnswerTransfer(accepted=False))


@pytest.mark.parametrize("command", [NOBODY, AGREED])
def test_the_system_decides_on_nobody(command: c.Command) -> None:
    case = held()
    if command is AGREED:
        case.do(COMPLAINTS_OFFICER, NOBODY)
    assert refused(case, SYSTEM, command) == "role_wrong"


def test_two_accusations_are_judged_together() -> None:
    case = held(accusation=Accusation(unit=CITY, units=(FAR_STATION,), persons=(SECOND_OFFICER.id,)))
    both = Accusation(
        unit=CITY,
        units=(FAR_STATION,),
        persons=(SECOND_OFFICER.id, COMPLAINTS_OFFICER.id),
        open_to=(COMPLAINTS_OFFICER.id, SECOND_OFFICER.id, COMPLAINTS_OFFICER.unit),
    )
    case.do(OPERATOR, c.Remark(text="x", accusation=both))
    assert case.state.held is not None
    assert case.state.held.open_to == both.open_to
    assert may_see(case.state, COMPLAINTS_OFFICER)
