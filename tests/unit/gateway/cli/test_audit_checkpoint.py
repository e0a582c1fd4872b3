"""``sanzhang audit checkpoint`` and ``audit proof`` as they are called, up to the verifier that takes the proof away."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from activities.record.migrate import migrate, new_engine
from activities.record.seed import seed
from gateway.cli.main import application
from gateway.offline import main as verify
from schemas.evidence.checkpoint import checkpoint_path
from tests.databases import by_owner, own_database
from tests.heads import add_heads, number

AUDITOR = "fu-zhiyuan"
Called = Callable[..., Awaitable[tuple[int, Any]]]


@pytest_asyncio.fixture
async def called(database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Called]:
    """Calls a command with ``--json``: its exit code and what it said. The engine is not there, and is not needed."""
    async with own_database(database_dsn, "audit_checkpoint") as dsn:
        await migrate(dsn)
        await seed(dsn, demo=True)
        engine = new_engine(dsn, pool_size=1)
        async with engine.begin() as connection:
            await add_heads(connection, 1, 300)
        await engine.dispose()
        secret = base64.b64encode(bytes(range(32))).decode()
        environment = {"TEMPORAL": "127.0.0.1:9", "DATABASE_DSN": dsn, "KEYS": f"k1:{secret}", "SIGNING_KEY": secret}
        for name, value in environment.items():
            monkeypatch.setenv(f"SANZHANG_{name}", value)
        monkeypatch.setenv("SANZHANG_CHECKPOINT_STORE", str(tmp_path / "store"))

        async def call(*arguments: str) -> tuple[int, Any]:
            result = await asyncio.to_thread(CliRunner().invoke, application(), ["audit", *arguments, "--json"])
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                raise result.exception
            return result.exit_code, json.loads(result.stdout)

        yield call


async def test_from_checkpoint_to_proof(called: Called, tmp_path: Path) -> None:
    assert (await called("checkpoint", "--public-key"))[1]["error"]["code"] == "no_checkpoint_yet"
    assert (await called("checkpoint", "--list")) == (0, [])
    code, made = await called("checkpoint")
    assert (code, made["number"], made["size"]) == (0, 1, 300)
    # That it was made stands in the journal, whose head is in the next one.
    assert (await called("checkpoint"))[1]["size"] == 301

    code, listed = await called("checkpoint", "--list", "--as", AUDITOR)
    assert [each["number"] for each in listed] == [1, 2]
    code, keys = await called("checkpoint", "--public-key", "--as", AUDITOR)
    assert code == 0
    code, refused = await called("checkpoint", "--as", AUDITOR)
    assert (code, refused["error"]["code"]) == (2, "auditors_change_nothing")

    # A case that was removed from the record is proven by the log all the same.
    await by_owner(os.environ["SANZHANG_DATABASE_DSN"], "DELETE FROM cases")
    file = tmp_path / "proof.json"
    code, bundle = await called("proof", number(7), "--since", "1", "--out", str(file))
    assert code == 0
    assert json.loads(file.read_text()) == bundle
    with pytest.raises(SystemExit) as ended:
        verify([str(file), "--key", keys["public_keys"][0], "--checkpoint", kept(tmp_path, listed[0]["note"])])
    assert ended.value.code == 0
    assert (await called("proof", "XA-2026-S-9999999"))[1]["error"]["code"] == "case_not_in_log"
    assert (await called("proof", number(7), "--out", str(tmp_path / "no" / "folder")))[0] == 2


def kept(folder: Path, note: str) -> str:
    (folder / "kept").write_text(note)
    return str(folder / "kept")


async def test_what_is_found_is_said_and_ends_with_one(called: Called, tmp_path: Path) -> None:
    await called("checkpoint")
    (tmp_path / "store" / "tile/0/001.p/44").unlink()
    code, said = await called("checkpoint")
    assert (code, said["error"]["code"]) == (1, "checkpoint_store_altered")
    assert said["error"]["facts"]["path"] == "tile/0/001.p/44"
    (tmp_path / "store" / checkpoint_path(1)).unlink()
    code, said = await called("checkpoint")
    assert said["error"]["facts"]["path"] == checkpoint_path(1)


async def test_a_log_that_was_cut_is_said(called: Called) -> None:
    await called("checkpoint")
    await by_owner(os.environ["SANZHANG_DATABASE_DSN"], "DELETE FROM log_leaves WHERE index > 200")
    code, said = await called("checkpoint")
    assert (code, said["error"]["code"]) == (1, "log_cut")
