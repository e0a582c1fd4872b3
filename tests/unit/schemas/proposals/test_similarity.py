from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import pytest
import python_calamine as calamine
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st

from schemas.proposals.similarity import LIKELY_DUPLICATE, bands, matter, resemblance, signature, wording

SUBJECT = "投诉和平路夜市油烟扰民的问题"
PINNED = (35511497036, 2762093687580987076)
TEXT = "和平路夜市每晚摆到凌晨两点，油烟直排居民楼，窗户都不敢开，反映多次没有结果，请有关部门严查。"


def alike(one: tuple[str, str], other: tuple[str, str]) -> float:
    return resemblance(signature(*one), signature(*other))


def test_the_same_text_is_the_same() -> None:
    assert alike((SUBJECT, TEXT), (SUBJECT, TEXT)) == 1
    assert set(bands(signature(SUBJECT, TEXT))) == set(bands(signature(SUBJECT, TEXT)))


def test_spaces_punctuation_and_width_make_no_difference() -> None:
    assert signature("Ａ市 路灯不亮了！", "路灯，不亮。\n三天了……真的不亮") == signature(
        "a市路灯不亮了", "路灯不亮三天了真的不亮"
    )


def test_the_same_matter_in_other_words_is_found_by_its_subject() -> None:
    other = ("关于和平路夜市油烟扰民的反映", "楼下烧烤摊烟太大，孩子咳嗽了一个月，求求管一管。")
    assert alike((SUBJECT, TEXT), other) >= LIKELY_DUPLICATE


def test_a_copy_under_another_subject_is_found_by_its_text() -> None:
    assert alike((SUBJECT, TEXT), ("二次反映", TEXT + "已是第二次写信。")) >= 0.6


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((SUBJECT, TEXT), ("咨询身份证到期换领", "在外地工作，身份证下月到期，能否异地办理，需要哪些材料？")),
        (("投诉", TEXT), ("投诉", "路口红绿灯坏了三天，早高峰很危险，请尽快修复，谢谢。")),
        (("", ""), ("", "")),
        (("求助", "谢谢"), ("求助", "谢谢")),
    ],
)
def test_strangers_and_empty_texts_are_not_alike(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert alike(one, other) < LIKELY_DUPLICATE


@given(st.text(max_size=60), st.text(max_size=200))
def test_signatures_have_their_shape(subject: str, text: str) -> None:
    minima = signature(subject, text)
    assert len(minima) == 128
    assert all(0 <= minimum < 2**32 for minimum in minima)
    keys = bands(minima)
    assert len(keys) in (0, 21, 42)
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert resemblance(minima, minima) in (0.0, 0.6, 1.0)


@given(st.sets(st.integers(0, 300), min_size=20), st.sets(st.integers(0, 300), min_size=20))
def test_the_estimate_is_as_good_as_that_of_datasketch(one: set[int], other: set[int]) -> None:
    """Both estimate the same Jaccard; neither strays further than six standard errors."""
    texts = ["".join(chr(0x4E00 + number * 31 % 20_000) for number in sorted(chosen)) for chosen in (one, other)]
    shingles = [{text[at : at + 3] for at in range(len(text) - 2)} for text in texts]
    exact = len(shingles[0] & shingles[1]) / len(shingles[0] | shingles[1])
    sketches = [MinHash(num_perm=64) for _ in texts]
    for sketch, found in zip(sketches, shingles, strict=True):
        sketch.update_batch([shingle.encode() for shingle in found])
    ours = alike(("", texts[0]), ("", texts[1]))
    assert abs(ours - exact) <= 6 / 16
    assert abs(ours - sketches[0].jaccard(sketches[1])) <= 6 / 16


def test_a_signature_is_the_same_in_every_process() -> None:
    program = (
        "from schemas.proposals.similarity import bands, signature\n"
        f"minima = signature({SUBJECT!r}, {TEXT!r})\nprint(sum(minima), sum(bands(minima)))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[4],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    minima = signature(SUBJECT, TEXT)
    assert printed == {f"{sum(minima)} {sum(bands(minima))}"}


def test_stored_signatures_stay_valid() -> None:
    """Signatures lie in databases: should this number change, every stored one must be computed anew."""
    assert (sum(signature(SUBJECT, TEXT)), bands(signature(SUBJECT, TEXT))[0]) == PINNED


def test_subjects_lose_what_is_wanted_and_keep_what_it_is_about() -> None:
    assert matter(SUBJECT) == "和平路夜市油烟扰民"
    assert matter("关于房的问题") == "关于房的问题"
    assert wording("Ａ市，路灯 1 盏！") == "a市路灯1盏"


def test_the_duplicates_among_real_messages_are_found(shared_data: Path) -> None:
    """Against every pair compared exactly: nearly all likely duplicates are found, at a handful of candidates a message."""
    rows = calamine.load_workbook(str(shared_data / "留言.xlsx")).get_sheet_by_index(0).to_python()[1:]
    signatures = [signature(str(row[2]), str(row[4])) for row in rows]
    keys = [bands(minima) for minima in signatures]
    under: defaultdict[int, list[int]] = defaultdict(list)
    for number, found in enumerate(keys):
        for key in found:
            under[key].append(number)
    candidates = {pair for numbers in under.values() for pair in combinations(numbers, 2)}
    assert len(candidates) < 2 * len(rows)
    found = {pair for pair in candidates if resemblance(signatures[pair[0]], signatures[pair[1]]) >= LIKELY_DUPLICATE}
    assert 240 <= len(found) <= 300
    texts = [wording(str(row[4])) for row in rows]
    copies = [pair for pair in combinations(range(len(rows)), 2) if texts[pair[0]] == texts[pair[1]]]
    assert len(copies) >= 40
    assert set(copies) <= found
