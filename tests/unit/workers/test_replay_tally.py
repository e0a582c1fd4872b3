"""Many verdicts together, and the file by which a long replay is taken up again."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.kernel.errors import UserError
from workers.replay import Difference, Outcome, Verdict
from workers.replay.tally import Counts, Tally, VerdictFile

SAME = Verdict(case="XA-2026-C-000001", outcome=Outcome.SAME, runs=1, events=7)
OTHER = Verdict(
    case="XA-2026-C-000002",
    outcome=Outcome.DIFFERS,
    events=3,
    told=1,
    difference=Difference(code="decision", zh="不同", en="differs", seq=4),
)


def written(file: Path, *verdicts: Verdict) -> Tally:
    tally = Tally()
    with VerdictFile(file).opened(tally) as lines:
        for verdict in verdicts:
            lines.add(verdict)
    return tally


def test_what_stands_in_the_file_is_counted_and_not_asked_for_again(tmp_path: Path) -> None:
    file = tmp_path / "replay.jsonl"
    written(file, SAME, OTHER)
    tally = Tally()
    with VerdictFile(file).opened(tally) as lines:
        assert lines.known == {SAME.case, OTHER.case}
    assert tally.counts == Counts(cases=2, same=1, differs=1, events=10, told=1)
    assert tally.found == [OTHER]


@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_line_that_was_not_finished_is_dropped_and_written_anew(tmp_path: Path, kept: int) -> None:
    file = tmp_path / "replay.jsonl"
    written(file, SAME, OTHER)
    first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + second[:kept])
    tally = Tally()
    with VerdictFile(file).opened(tally) as lines:
        assert lines.known == {SAME.case}
        lines.add(OTHER)
    assert file.read_bytes() == first + second


def test_a_file_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("nothing of ours\nSAME\n")
    with pytest.raises(UserError) as refused:
        VerdictFile(file).opened(Tally())
    assert refused.value.code == "journal_unreadable"
    assert file.read_text() == "nothing of ours\nSAME\n"


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        VerdictFile(tmp_path / "no" / "folder.jsonl").opened(Tally())
    assert refused.value.code == "journal_unreadable"
