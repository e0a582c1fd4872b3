"""Numbers of cases that somebody may not see: hidden in whatever form they stand, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.access.case_numbers import HIDDEN_NUMBER, numbers_told, without_numbers
from schemas.access.personal_words import Known
from schemas.access.redaction import Redactor
from schemas.evidence.chain import payload
from schemas.kernel.errors import UserError
from schemas.petition import events as e
from schemas.petition.refusals import refuse
from schemas.petition.state import Party, Petition
from tests.strategies import MONDAY, Case

MINE, SEEN, HIDDEN = "XA-2026-C-000001", "XA-2026-S-1000002", "XA-2026-P-000003"
REDACTOR = Redactor(Known.of(()), seen={MINE, SEEN})


@pytest.mark.parametrize(
    "written",
    [
        HIDDEN,
        HIDDEN.lower(),
        "ＸＡ－２０２６－Ｐ－０００００３",
        "XA—2026—P—000003",
        "XA-2026-P-0000031",
        "X_2-2026-C-000001",
    ],
)
def test_a_number_that_is_not_seen_is_hidden_whether_there_is_such_a_case_or_not(written: str) -> None:
    hidden = without_numbers(f"见{written}号件", {MINE, SEEN})
    assert HIDDEN_NUMBER in hidden
    assert "000003" not in hidden and "2026" not in hidden


@given(st.text(max_size=200), st.sampled_from((MINE, SEEN)), st.text(max_size=50))
def test_what_is_seen_stays_and_the_text_around_it(before: str, number: str, after: str) -> None:
    said = f"{before} {number} {after}"
    told = without_numbers(said, {MINE, SEEN})
    assert number in told
    assert (told is said) == (not numbers_told(said) - {MINE, SEEN})


@given(st.lists(st.one_of(st.text(max_size=20), st.sampled_from((MINE, SEEN, HIDDEN))), max_size=8))
def test_afterwards_only_what_is_seen_is_told(parts: list[str]) -> None:
    told = without_numbers(" ".join(parts), {MINE, SEEN})
    assert numbers_told(told) <= {MINE, SEEN}
    assert without_numbers(told, {MINE, SEEN}) is told


def state(**changes: object) -> Petition:
    return Case().state.model_copy(update={"number": MINE} | changes)


def test_a_state_tells_of_no_case_that_is_not_seen() -> None:
    parties = (Party(number=SEEN), Party(number=HIDDEN, units=("XA/A3/02",)))
    linked = state(members=(SEEN, HIDDEN), parties=parties, merged_into=HIDDEN)
    told = REDACTOR.model(linked)
    assert (told.members, told.parties, told.merged_into) == ((SEEN,), parties[:1], HIDDEN_NUMBER)
    assert told.number == MINE
    alone = state(members=(SEEN,), merged_into=SEEN)
    assert REDACTOR.model(alone) is alone
    assert Redactor(Known.of(()), shapes=False).model(linked) is linked, "who sees every case"


@dataclass(frozen=True)
class Line:
    kind: str
    zh: str


class Pair(NamedTuple):
    one: str
    other: str


def test_that_such_a_case_joined_or_left_is_left_out_whole() -> None:
    joined = [e.MemberAdmitted(at=MONDAY, number=number) for number in (SEEN, HIDDEN)]
    left = [e.MemberReleased(at=MONDAY, number=number, apart=True) for number in (SEEN, HIDDEN)]
    for each in (joined, left, [payload(one) for one in joined]):
        assert REDACTOR.model(each) == each[:1]
    wrapped = [{"seq": 2 + place, "event": payload(one)} for place, one in enumerate(joined)]
    assert REDACTOR.model(wrapped) == wrapped[:1]
    lines = (Line("member_admitted", f"{HIDDEN} 并入此件"), Line("remarked", f"见 {HIDDEN}"))
    assert REDACTOR.model(lines) == (Line("remarked", f"见 {HIDDEN_NUMBER}"),)
    assert REDACTOR.model(Pair(HIDDEN, MINE)) == Pair(HIDDEN_NUMBER, MINE)
    assert [REDACTOR.withheld(one) for one in joined] == [False, True]


def test_so_are_the_numbers_in_a_refusal() -> None:
    refusal = refuse("merge_has_members", members=f"{SEEN}、{HIDDEN}")
    told = REDACTOR.model(refusal)
    assert HIDDEN not in told.zh + told.en and SEEN in told.zh and MINE not in told.zh
    error = UserError("merged_follow", zh=f"已并入 {HIDDEN}", en=f"Merged into {HIDDEN}", into=HIDDEN)
    hidden = REDACTOR.refusal(error)
    assert (hidden.code, hidden.zh, hidden.facts) == (
        "merged_follow",
        f"已并入 {HIDDEN_NUMBER}",
        {"into": HIDDEN_NUMBER},
    )
    mine = UserError("merged_follow", zh=f"已并入 {SEEN}", en="", into=SEEN)
    assert REDACTOR.refusal(mine) is mine


def test_of_numbers_also_who_has_opened_the_personal_data_learns_nothing() -> None:
    said = f"王小明 13800001234 见 {HIDDEN}"
    assert REDACTOR.only_numbers().text(said) == f"王小明 13800001234 见 {HIDDEN_NUMBER}"
