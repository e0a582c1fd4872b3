"""The replay gate: what every release wrote into the engine, this code must be able to take up again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

with workflow.unsafe.imports_passed_through():
    from activities.plugin import SanzhangPlugin
    from schemas.kernel.refusal import Refusal
    from schemas.petition.case_type import PETITION
    from schemas.petition.state import Outcome
    from tests.golden.gate import golden_verdicts
    from workflows.contract import PetitionStart
    from workflows.petition import PetitionWorkflow

pytestmark = pytest.mark.flow

GOLDEN = Path(__file__).parent.parent / "golden" / "histories"
RECORDED = sorted(GOLDEN.glob("*/*.json"))


def history(file: Path) -> WorkflowHistory:
    kept = json.loads(file.read_text("utf-8"))
    return WorkflowHistory.from_json(kept["workflow_id"], kept["history"])


async def failure(workflow_class: type, file: Path) -> Exception | None:
    replayer = Replayer(workflows=[workflow_class], plugins=[SanzhangPlugin(None)])
    result = await replayer.replay_workflow(history(file), raise_on_replay_failure=False)
    return result.replay_failure


def test_every_release_left_its_histories() -> None:
    releases = {file.parent.name for file in RECORDED}
    assert "0.1.0" in releases
    assert len({file.stem.rpartition("-")[0] for file in RECORDED if file.parent.name == "0.1.0"}) >= 8


async def test_what_any_release_wrote_replays() -> None:
    kept = {history(file).run_id: file for file in RECORDED}
    replayer = Replayer(workflows=[PetitionWorkflow], plugins=[SanzhangPlugin(None)])

    async def histories() -> AsyncIterator[WorkflowHistory]:
        for file in RECORDED:
            yield history(file)

    results = await replayer.replay_workflows(histories(), raise_on_replay_failure=False)
    assert {kept[run].name: failed for run, failed in results.replay_failures.items()} == {}


async def test_what_any_release_decided_is_decided_again() -> None:
    found = [(one.name, verdict.difference) async for one, verdict in golden_verdicts()]
    assert found == [(file.stem, None) for file in RECORDED]


async def test_another_decision_by_the_same_commands_is_caught_though_it_replays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decide = PETITION.decide

    def kinder(*given: Any) -> Any:
        events = decide(*given)
        assert not isinstance(events, Refusal)
        return [
            event.model_copy(update={"outcome": Outcome.EXPLAINED}) if event.kind == "replied" else event
            for event in events
        ]

    monkeypatch.setattr(PetitionWorkflow, "case_type", replace(PETITION, decide=kinder))
    replayer = Replayer(workflows=[PetitionWorkflow], plugins=[SanzhangPlugin(None, unsandboxed=True)])
    file = GOLDEN / "0.1.0" / "straight_complex-1.json"
    assert (await replayer.replay_workflow(history(file), raise_on_replay_failure=False)).replay_failure is None
    caught = {one.name: verdict.difference async for one, verdict in golden_verdicts()}["straight_complex-1"]
    assert caught is not None
    assert caught.recorded is not None
    assert (caught.code, caught.recorded.kind) == ("decision", "replied")
    assert [each.path for each in caught.fields] == ["outcome"]


@workflow.defn(name="petition")
class WithOneTimerMore(PetitionWorkflow):
    """What a careless change would look like to an open case."""

    @workflow.init
    def __init__(self, start: PetitionStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: PetitionStart) -> None:
        await workflow.sleep(timedelta(seconds=1))
        await super().run(start)


@pytest.mark.parametrize("path", ["straight_complex", "reopened", "overdue"])
async def test_a_careless_change_is_caught(path: str) -> None:
    caught = await failure(WithOneTimerMore, GOLDEN / "0.1.0" / f"{path}-1.json")
    assert isinstance(caught, workflow.NondeterminismError)
