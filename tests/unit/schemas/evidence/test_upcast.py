"""Events of every release read, and fold, as they did when they were written."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from schemas.evidence.chain import Recorded, canonical, payload
from schemas.evidence.upcast import UPCASTERS, UpcasterMissingError, event_of, unchanged, upcast
from schemas.kernel.errors import UserError
from schemas.petition.events import EVENT_VERSION, Event
from schemas.petition.rules import fold
from schemas.petition.state import Petition
from tests.golden.record_events import EVENTS, LIVES, written
from tests.strategies import MONDAY, OPERATOR

RELEASES = sorted(EVENTS.glob("*.jsonl"))
KINDS = {member.model_fields["kind"].default for member in get_args(get_args(Event)[0])}


def lives(release: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in release.read_text("utf-8").splitlines()]


def kinds(release: Path) -> set[tuple[str, int]]:
    return {(each["payload"]["kind"], each["version"]) for life in lives(release) for each in life["events"]}


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.stem)
def test_the_events_of_every_release_fold_to_the_state_they_folded_to(release: Path) -> None:
    for life in lives(release):
        events = [event_of(each["payload"], each["version"]) for each in life["events"]]
        assert fold(events) == Petition.model_validate(life["state"]), life["life"]


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.stem)
def test_no_kind_of_an_earlier_release_is_left_behind(release: Path) -> None:
    for kind, version in kinds(release):
        named = kind
        for step in range(version, EVENT_VERSION):
            assert (named, step) in UPCASTERS, f"{named} does not go on from version {step}: register it, or unchanged"
            sample = next(
                each["payload"] for life in lives(release) for each in life["events"] if each["payload"]["kind"] == kind
            )
            named = str(upcast(sample, version, newest=step + 1)["kind"])


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.stem)
def test_reading_an_event_leaves_what_is_stored_as_it_is(release: Path) -> None:
    for life in lives(release):
        for each in life["events"]:
            before = copy.deepcopy(each["payload"])
            event_of(each["payload"], each["version"])
            assert each["payload"] == before


def test_the_newest_file_holds_every_kind_there_is_as_it_is_written_now() -> None:
    newest = RELEASES[-1]
    assert {kind for kind, version in kinds(newest) if version == EVENT_VERSION} == KINDS
    now = {name: json.loads(json.dumps(written(name, life()))) for name, life in LIVES.items()}
    assert {life["life"]: life for life in lives(newest)} == now, "make golden keeps what this release writes"


def _second(stored: Any) -> dict[str, Any]:
    return {**stored, "said": stored["text"].strip()} | {"kind": "told"}


def _third(stored: Any) -> dict[str, Any]:
    return {name: value for name, value in stored.items() if name != "text"}


SYNTHETIC = {("spoken", 1): _second, ("told", 2): _third, ("silent", 1): unchanged, ("silent", 2): unchanged}


def test_an_event_is_brought_forward_one_version_at_a_time() -> None:
    first = {"kind": "spoken", "text": " a lamp "}
    assert upcast(first, 1, newest=3, upcasters=SYNTHETIC) == {"kind": "told", "said": "a lamp"}
    assert upcast(first, 1, newest=2, upcasters=SYNTHETIC) == {"kind": "told", "said": "a lamp", "text": " a lamp "}
    assert upcast({"kind": "told", "said": "x", "text": "y"}, 2, newest=3, upcasters=SYNTHETIC) == {
        "kind": "told",
        "said": "x",
    }
    assert upcast({"kind": "silent"}, 1, newest=3, upcasters=SYNTHETIC) == {"kind": "silent"}
    assert first == {"kind": "spoken", "text": " a lamp "}


def test_an_event_of_this_version_is_taken_as_it_is() -> None:
    stored = {"kind": "spoken"}
    assert upcast(stored, 3, newest=3, upcasters={}) is stored


def test_a_gap_in_the_way_forward_is_no_silent_guess() -> None:
    with pytest.raises(UpcasterMissingError, match="“told” from version 2 to 3"):
        upcast({"kind": "spoken", "text": ""}, 1, newest=3, upcasters={("spoken", 1): _second})


def test_a_record_of_the_future_is_refused_with_what_to_do() -> None:
    with pytest.raises(UserError) as refused:
        event_of({"kind": "filed"}, EVENT_VERSION + 1)
    assert refused.value.code == "record_newer"
    assert refused.value.facts == {"version": EVENT_VERSION + 1, "newest": EVENT_VERSION}


def test_an_event_of_another_version_is_hashed_only_as_it_was_stored() -> None:
    event = event_of(lives(RELEASES[0])[0]["events"][0]["payload"], 1)
    older = Recorded(case_number="X", seq=1, version=0, recorded_at=MONDAY, actor=OPERATOR, command_id="c", event=event)
    with pytest.raises(ValueError, match="hash it as stored"):
        canonical(older)
    assert b'"version":0' in canonical(older, payload(event))
