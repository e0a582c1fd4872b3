"""Client, worker and replayer are configured alike."""

from __future__ import annotations

import importlib

from temporalio import workflow
from temporalio.converter import DefaultFailureConverterWithEncodedAttributes
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.codec import SealingCodec
from activities.converter import CompactPayloadConverter
from activities.plugin import PASSED_THROUGH, SanzhangPlugin, workflow_runner
from schemas.sealing.keys import KeyRing

RING = KeyRing([("k1", bytes(32))])


@workflow.defn
class Nothing:
    @workflow.run
    async def run(self) -> None:
        return None


def test_the_replayer_gets_converter_codec_and_sandbox() -> None:
    config = Replayer(workflows=[Nothing], plugins=[SanzhangPlugin(RING)]).config(active_config=True)
    converter = config.get("data_converter")
    assert converter is not None
    assert converter.payload_converter_class is CompactPayloadConverter
    assert converter.failure_converter_class is DefaultFailureConverterWithEncodedAttributes
    assert isinstance(converter.payload_codec, SealingCodec)
    runner = config.get("workflow_runner")
    assert isinstance(runner, SandboxedWorkflowRunner)
    assert runner.restrictions.passthrough_modules >= {"schemas", "activities"}


def test_only_the_setting_takes_the_sandbox_away() -> None:
    assert isinstance(workflow_runner(), SandboxedWorkflowRunner)
    assert isinstance(workflow_runner(unsandboxed=True), UnsandboxedWorkflowRunner)


def test_everything_passed_through_exists() -> None:
    for name in PASSED_THROUGH:
        importlib.import_module(name)
