"""Parts that others run: waited for, then refused by name; passwords are never shown."""

from __future__ import annotations

import pytest
from temporalio.testing import WorkflowEnvironment

from schemas.kernel.errors import UserError
from workers.machine.external import await_database, await_engine

SOON = 0.2


async def test_a_database_that_answers_is_taken(database_dsn: str) -> None:
    await await_database(database_dsn)


@pytest.mark.flow
async def test_an_engine_that_answers_is_taken_for_a_namespace_it_knows(engine: WorkflowEnvironment) -> None:
    target = engine.client.service_client.config.target_host
    await await_engine(target, "sanzhang")
    with pytest.raises(UserError, match="engine_unreachable"):
        await await_engine(target, "nowhere", SOON)


async def test_an_engine_that_is_down_is_named() -> None:
    with pytest.raises(UserError) as caught:
        await await_engine("127.0.0.1:1", "sanzhang", SOON)
    assert caught.value.code == "engine_unreachable"
    assert "127.0.0.1:1" in caught.value.zh


async def test_a_database_that_is_down_is_named_without_its_password() -> None:
    with pytest.raises(UserError) as caught:
        await await_database("postgresql://chief:secret@127.0.0.1:1/sanzhang", SOON)
    assert caught.value.code == "database_unreachable"
    assert "127.0.0.1:1" in caught.value.en
    assert "secret" not in repr(caught.value.as_dict())


async def test_a_dsn_that_is_none_is_refused_unseen() -> None:
    with pytest.raises(UserError) as caught:
        await await_database("secret words", SOON)
    assert caught.value.code == "dsn_malformed"
    assert "secret" not in repr(caught.value.as_dict())
