"""Entries of the security trail as machines and receivers read them, whatever they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from schemas.evidence.journal import Entry, EntryKind
from schemas.evidence.syslog import LONGEST_FACTS, framed, message
from schemas.evidence.trail import WINDOW, facts, told, window_of
from schemas.kernel.actor import Actor, Role

AT = datetime(2026, 3, 2, 1, 0, 3, tzinfo=UTC)
PERSON = Actor(id="he-xiaoyun", role=Role.OPERATOR, unit="WC", credential="s-1")


def entry(kind: EntryKind = EntryKind.SIGNED_IN, actor: Actor = PERSON, **body: object) -> Entry:
    return Entry(number=7, at=AT, kind=kind, actor=actor, case_number="XA-2026-S-000001", body=body)


def test_windows_are_the_same_for_everybody() -> None:
    assert window_of(AT) == window_of(AT + timedelta(minutes=4)) == AT - timedelta(seconds=3)
    assert window_of(AT + WINDOW) == window_of(AT) + WINDOW


def test_facts_are_told_in_order_and_empty_ones_left_out() -> None:
    said = told(entry(rows=3, by="password", place="", ended=None, of={"a": ["b", "c"]}, units=("XA", "WC")))
    assert said == ("signed_in", "by=password of=a:b,c rows=3 units=XA,WC")


def test_an_entry_as_machines_read_it() -> None:
    assert facts(entry(by="token")) == {
        "entry": 7,
        "at": "2026-03-02T01:00:03+00:00",
        "kind": "signed_in",
        "person": "he-xiaoyun",
        "role": "operator",
        "unit": "WC",
        "case": "XA-2026-S-000001",
        "credential": "s-1",
        "facts": {"by": "token"},
    }


def test_an_entry_as_a_message_of_rfc_5424() -> None:
    head = (
        '<109>1 2026-03-02T01:00:03.000000Z desk.example sanzhang - signed_in [trail@32473 entry="7" '
        'person="he-xiaoyun" role="operator" unit="WC" credential="s-1" case="XA-2026-S-000001" link="ab"] '
    )
    said = message(entry(by="password"), "desk.example", "ab")
    assert said == head.encode() + b"\xef\xbb\xbfby=password"
    assert framed(said) == b"%d " % len(said) + said


def test_a_message_stays_one_line_of_bounded_length_and_nothing_in_it_passes_for_a_part_of_it() -> None:
    hostile = Actor(id='x"] <34>1 \\', role=Role.OPERATOR, unit="a\nb")
    said = message(entry(EntryKind.SIGN_IN_FAILED, hostile, account="灯\n" * 2_000), "灯 ", "ab")
    head, _, text = said.partition(b"\xef\xbb\xbf")
    assert head.startswith(b"<108>1 2026-03-02T01:00:03.000000Z - sanzhang - sign_in_failed ")
    assert rb'person="x\"\] <34>1 \\"' in head
    assert b'unit="a b"' in head
    assert b"\n" not in said
    assert len(text.decode()) == LONGEST_FACTS
