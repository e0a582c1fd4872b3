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
from schemas.kernel.errors import UserError
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


def test_what_is_given_and_taken_here_stands_in_the_security_trail(dsn: str) -> None:
    assert run(dsn, "account", "set", PERSON, "--password-stdin", stdin=PASSWORD + "\n")[0] == 0
    made = run(dsn, "token", "create", PERSON, "--scope", "petitions:read")[1]
    run(dsn, "token", "revoke", made["id"])
    kept = run(dsn, "token", "create", PERSON, "--scope", "petitions:read")[1]
    run(dsn, "account", "disable", PERSON)
    with pytest.raises(UserError, match="token_invalid"):
        asyncio.run(shown(dsn, kept["token"]))
    run(dsn, "account", "enable", PERSON)
    status, told = run(dsn, "audit", "security", "--person", PERSON)
    assert status == 0
    assert [each["kind"] for each in told][-6:] == [
        "account_set",
        "token_created",
        "token_revoked",
        "token_created",
        "account_disabled",
        "account_enabled",
    ]
    assert {each["person"] for each in told} == {"administrator"}
    assert {each["credential"] for each in told} == {"cli"}
    assert told[-2]["facts"] == {"account": PERSON, "sessions": 0, "tokens": 1}
    for secret in (PASSWORD, made["token"], kept["token"].rpartition("_")[2]):
        assert secret not in json.dumps(told, ensure_ascii=False)
    only = run(dsn, "audit", "security", "--kind", "token_revoked", "--since", "2026-01-01")[1]
    assert {each["kind"] for each in only} == {"token_revoked"}
    assert code(run(dsn, "audit", "security", "--kind", "all")) == (2, "kind_unknown")
    assert code(run(dsn, "audit", "security", "--as", "he-xiaoyun")) == (2, "auditors_only")


def test_a_token_ends_and_no_later_than_policy_allows(dsn: str) -> None:
    made = run(dsn, "token", "create", "hotline-12345", "--scope", "events:write")[1]
    assert made["expires_at"]
    assert code(run(dsn, "token", "create", "hotline-12345", "--scope", "events:write", "--days", "366")) == (
        2,
        "token_too_long",
    )
    assert all(each["expires_at"] for each in run(dsn, "token", "list")[1])


def test_sessions_are_listed_and_ended(dsn: str) -> None:
    from activities.access.sessions import Sessions

    async def begun() -> list[str]:
        engine = new_engine(dsn, pool_size=1)
        try:
            sessions = Sessions(engine)
            return [(await sessions.begin(PERSON, "zh", place="192.0.2.1")).session.name for _ in range(3)]
        finally:
            await engine.dispose()

    names = asyncio.run(begun())
    listed = run(dsn, "account", "sessions", PERSON)[1]
    assert {each["name"] for each in listed} == set(names)
    assert run(dsn, "account", "end", PERSON, names[0])[1]["ended"] == [names[0]]
    assert set(run(dsn, "account", "end", PERSON)[1]["ended"]) == set(names[1:])
    assert code(run(dsn, "account", "end", PERSON, names[0])) == (2, "session_unknown")
