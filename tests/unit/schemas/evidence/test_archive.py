"""The document that is kept of a closed run: one spelling, and read as it was written."""

from __future__ import annotations

import hashlib

import pytest

from schemas.evidence.archive import ArchiveDocument, EngineHistory, history_hash, read, workflow_id, written
from tests.strategies import NUMBER

DOCUMENT = ArchiveDocument(
    case=NUMBER,
    run=2,
    histories=(
        EngineHistory(workflow_id=workflow_id(NUMBER), run_id="a", history={"events": [{"b": "灯", "a": 0.5}, {}]}),
        EngineHistory(workflow_id=workflow_id(NUMBER), run_id="b", history={}),
    ),
)


def test_the_bytes_of_an_archive_never_change() -> None:
    """The seal of a run holds their hash."""
    assert written(DOCUMENT).decode() == (
        '{"case":"XA-2026-S-000001","histories":['
        '{"history":{"events":[{"a":0.5,"b":"灯"},{}]},"run_id":"a","workflow_id":"petition-XA-2026-S-000001"},'
        '{"history":{},"run_id":"b","workflow_id":"petition-XA-2026-S-000001"}],"run":2}'
    )


def test_what_was_written_is_read_again() -> None:
    assert read(written(DOCUMENT)) == DOCUMENT
    assert DOCUMENT.events == 2
    assert [each.events for each in DOCUMENT.histories] == [2, 0]


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", written(DOCUMENT)[:-1], b'{"case":"x","run":1}'])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="ArchiveDocument"):
        read(content)


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_a_seal_holds_the_hash_of_the_written_bytes(algorithm: str) -> None:
    content = written(DOCUMENT)
    assert history_hash(content, algorithm) == hashlib.new(algorithm, content).digest()
    assert history_hash(content, algorithm) != history_hash(content + b" ", algorithm)


def test_a_hash_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="unsupported"):
        history_hash(b"", "crc")
