"""``sanzhang account`` and ``sanzhang token``: what the administrator gives lets somebody in, and what is taken back does not."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from activities.access.accounts import Accounts
from activities.access.tokens import Tokens
from activities.record.migrate import migrate, new_engine
from activities.record.seed import seed
from gateway.cli.main import application
from schemas.errors import UserError
from tests.databases import own_database

PERSON = "he-xiaoyun"
PASSWORD = "一句好记的话，至少十二个字符"


@pytest.fixture(scope="module")
def dsn(database_dsn: str) -> Iterator[str]:
    with asyncio.Runner() as runner:
        database = own_database(database_dsn, "cli_accounts")
        own = runner.run(database.__aenter__())
        runner.run(migrate(own))
        runner.run(seed(own, demo=True))
        yield own
        runner.run(database.__aexit__(None, None, None))


def run(dsn: str, *arguments: str, stdin: str = "") -> tuple[int, Any]:
    environment = {
        "SANZHANG_DATABASE_DSN": dsn,
        "SANZHANG_TEMPORAL": "127.0.0.1:1",
        "SANZHANG_KEYS": f"k1:{base64.b64encode(b'k' * 32).decode()}",
    }
    result = CliRunner(env=environment).invoke(application([arguments[0]]), [*arguments, "--json"], input=stdin)
    return result.exit_code, json.loads(result.stdout)


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


async def admitted(dsn: str) -> bool:
    engine = new_engine(dsn, pool_size=1)
    try:
        return await Accounts(engine).admits(PERSON, SecretStr(PASSWORD))
    finally:
        await engine.dispose()


async def shown(dsn: str, text: str) -> tuple[str, ...]:
    engine = new_engine(dsn, pool_size=1)
    try:
        return (await Tokens(engine).shown(text)).scopes
    finally:
        await engine.dispose()


def test_an_account_is_given_listed_and_closed(dsn: str) -> None:
    assert run(dsn, "account", "set", PERSON, "--password-stdin", stdin=PASSWORD + "\n") == (0, {"person": PERSON})
    assert asyncio.run(admitted(dsn))
    listed = run(dsn, "account", "list")[1]
    assert [(each["person"], each["disabled_at"]) for each in listed] == [(PERSON, None)]
    assert "secret" not in listed[0]
    assert run(dsn, "account", "disable", PERSON)[0] == 0
    assert not asyncio.run(admitted(dsn))
    assert run(dsn, "account", "list")[1][0]["disabled_at"]


def test_accounts_are_for_people_there_are_with_a_password_that_will_do(dsn: str) -> None:
    assert code(run(dsn, "account", "set", "nobody", "--password-stdin", stdin=PASSWORD)) == (2, "person_unknown")
    assert code(run(dsn, "account", "set", PERSON, "--password-stdin", stdin="short")) == (2, "password_unfit")
    assert code(run(dsn, "account", "set", PERSON)) == (2, "password_missing")
    assert code(run(dsn, "account", "disable", "tan-wei")) == (2, "account_unknown")


def test_a_token_is_shown_once_and_revoked_for_good(dsn: str) -> None:
    made = run(dsn, "token", "create", "hotline-12345", "--scope", "events:write", "--label", "热线", "--days", "1")[1]
    assert asyncio.run(shown(dsn, made["token"])) == ("events:write",)
    assert made["token"] not in json.dumps(run(dsn, "token", "list")[1])
    assert run(dsn, "token", "revoke", made["id"]) == (0, {"id": made["id"]})
    with pytest.raises(UserError, match="token_invalid"):
        asyncio.run(shown(dsn, made["token"]))
    assert code(run(dsn, "token", "revoke", "0000")) == (2, "token_unknown")
    assert code(run(dsn, "token", "create", "hotline-12345", "--scope", "everything")) == (2, "scope_unknown")
    assert code(run(dsn, "token", "create", "nobody", "--scope", "events:write")) == (2, "person_unknown")
