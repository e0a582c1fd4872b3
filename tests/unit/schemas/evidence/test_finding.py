"""What a check has found is said in both languages, with every fact its sentence speaks of."""

from __future__ import annotations

from string import Formatter

import pytest

from schemas.evidence.finding import SENTENCES, finding
from tests.strategies import NUMBER

ALWAYS = {
    "case",
    "seq",
    "field",
    "found",
    "expected",
    "field_zh",
    "field_en",
    "values_zh",
    "values_en",
    "or_zh",
    "or_en",
}
"""What is known of each finding without being told."""


def facts_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("code", SENTENCES)
def test_every_finding_is_worded_with_the_same_facts_in_both_languages(code: str) -> None:
    zh, en = map(facts_in, SENTENCES[code])
    assert {name.removesuffix("_zh") for name in zh} == {name.removesuffix("_en") for name in en}
    told = {name: f"<{name}>" for name in (zh | en) - ALWAYS}
    found = finding(code, NUMBER, 3, field="payload.text", found="灯", expected="路灯", **told)
    assert (found.code, found.case_number, found.seq) == (code, NUMBER, 3)
    for name, value in told.items():
        assert (value in found.zh) is (name in zh)
        assert (value in found.en) is (name in en)
    assert "{" not in found.zh + found.en


def test_what_stands_there_and_what_must_have_stood_there_are_said_as_far_as_they_are_known() -> None:
    both = finding("leaf_altered", seq=2, found="灯", expected="路灯")
    assert both.zh == "检查点日志第 2 片叶被改动：现为“灯”，原为“路灯”。"
    assert both.en == "Leaf 2 of the log was altered: it says “灯”, it said “路灯”."
    assert finding("leaf_altered", seq=2).en == "Leaf 2 of the log was altered."
    assert finding("leaf_altered", seq=2, found="灯").zh == "检查点日志第 2 片叶被改动：现为“灯”。"


def test_the_field_is_named_where_it_is_known() -> None:
    assert finding("journal_altered", seq=2, field="reason").en == "Entry 2 of the journal was altered, field reason."
    assert finding("journal_altered", seq=2).zh == "日志第 2 条被改动。"


def test_a_long_value_is_shortened_in_the_sentence_and_whole_beside_it() -> None:
    long = "灯" * 81
    found = finding("leaf_altered", seq=2, found=long, expected=long[:80])
    assert f"“{'灯' * 79}…”" in found.zh
    assert f"“{'灯' * 80}”" in found.zh
    assert found.found == long


def test_a_fact_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError, match="count"):
        finding("leaf_missing", seq=2)
    with pytest.raises(KeyError):
        finding("nothing_such")
