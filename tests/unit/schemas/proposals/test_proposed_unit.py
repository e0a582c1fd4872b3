from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.proposals.unit import UnitAliases, propose_unit

ALIASES = {
    "A市": "XA",
    "A1区": "XA/A1",
    "A3区": "XA/A3",
    "A3": "XA/A3",
    "A13区": "XA/A13",
    "A3区河西所": "XA/A3/01",
    "河西派出所": "XA/A3/01",
    "长沙": "CS",
    "长沙县": "CS/X",
    "": "NOWHERE",
}


@pytest.mark.parametrize(
    ("subject", "text", "unit"),
    [
        ("A3区路灯", "", "XA/A3"),
        ("Ａ３区路灯", "", "XA/A3"),
        ("a3 区路灯", "", "XA/A3"),
        ("A市A3区路灯", "", "XA/A3"),
        ("A市的路灯", "在A3区", "XA/A3"),
        ("A13区路灯", "", "XA/A13"),
        ("A13县路灯", "", None),
        ("KA3区路灯", "", None),
        ("A3区和A1区交界", "", "XA/A3"),
        ("A1区和A3区交界", "", "XA/A1"),
        ("A3区河西派出所", "", "XA/A3/01"),
        ("长沙县路灯", "", "CS/X"),
        ("A1区路灯", "河西派出所不管", "XA/A3/01"),
        ("", "", None),
        ("路灯", "没亮", None),
    ],
)
def test_units(subject: str, text: str, unit: str | None) -> None:
    assert propose_unit(ALIASES, subject, text).value == unit
    assert propose_unit(UnitAliases.of(ALIASES), subject, text, default="XA").value == (unit or "XA")


def test_other_places_make_it_less_sure_and_are_named() -> None:
    alone = propose_unit(ALIASES, "A市A1区路灯", "")
    disputed = propose_unit(ALIASES, "A1区和A3区交界", "")
    assert alone.confidence > disputed.confidence
    assert "XA/A3" in disputed.why
    assert "XA/A3" in disputed.why_en


def test_no_names_at_all() -> None:
    assert propose_unit({}, "A3区", "").value is None


def test_a_place_that_is_not_ours_is_named_and_ours_as_we_write_it() -> None:
    stray = propose_unit(ALIASES, "请给K3县乡村医生发证", "", default="XA")
    assert stray.value == "XA"
    assert "K3县" in stray.why and "K3县" in stray.why_en
    assert "“A3区”" in propose_unit(ALIASES, "ａ3区路灯", "").why


@given(st.text(), st.text(st.sampled_from("A13区市Ａ长沙县\n ")))
def test_any_text_gets_an_answer(subject: str, text: str) -> None:
    assert propose_unit(ALIASES, subject, text, default="XA").value in {*ALIASES.values(), "XA"} - {"NOWHERE"}
