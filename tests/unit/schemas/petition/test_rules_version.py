"""By which release's rules a case is decided."""

from __future__ import annotations

import pytest

from schemas.evidence.chain import payload
from schemas.evidence.upcast import event_of
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.rules import decide, fold
from schemas.petition.rules_version import ACCUSER_SAFE, CURRENT_RULES, FIRST_RULES, in_force
from schemas.petition.state import Petition
from tests.strategies import MONDAY, OPERATOR, REPORTED, calendar, filing


def filed(rules: str) -> tuple[list[e.Event], Petition]:
    events = decide(None, filing(rules=rules), MONDAY)
    assert not isinstance(events, Refusal)
    state = fold(events)
    assert state is not None
    return events, state


@pytest.mark.parametrize(
    ("pinned", "since", "holds"),
    [("0.1.0", "0.2.0", False), ("0.2.0", "0.2.0", True), ("0.10.0", "0.2.0", True), ("1.0.0", "0.10.1", True)],
)
def test_versions_are_compared_by_their_numbers(pinned: str, since: str, *, holds: bool) -> None:
    assert in_force(pinned, since) is holds


def test_a_case_pins_the_rules_it_is_filed_under() -> None:
    assert filed(CURRENT_RULES)[1].rules == CURRENT_RULES
    assert in_force(CURRENT_RULES, ACCUSER_SAFE)


def test_a_filing_that_names_none_is_of_the_first_release() -> None:
    events, state = filed(FIRST_RULES)
    stored = payload(events[0])
    assert "rules" not in stored
    assert event_of(stored, 1) == events[0]
    assert state.rules == FIRST_RULES


@pytest.mark.parametrize(("reopened_under", "decided_by"), [("", FIRST_RULES), (CURRENT_RULES, CURRENT_RULES)])
def test_a_reopened_case_takes_the_rules_it_is_reopened_under(reopened_under: str, decided_by: str) -> None:
    _, state = filed(FIRST_RULES)
    command = c.Reopen(facts="again", policy=REPORTED, calendar=calendar(), rules=reopened_under)
    archived = state.model_copy(update={"stage": "archived"})
    events = decide(archived, c.Order(actor=OPERATOR, command=command), MONDAY)
    assert not isinstance(events, Refusal)
    after = fold(events, archived)
    assert after is not None
    assert after.rules == decided_by
