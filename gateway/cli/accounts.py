"""``sanzhang account``: who may sign in here with a password. The administrator of this machine gives and takes."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from activities.access.accounts import Accounts, AccountView
from activities.access.ending import holds_something
from activities.access.sessions import Sessions
from gateway.cli.output import AsJson, DataDir, command, door_for, local, print_json
from gateway.doors import ADMINISTRATOR
from schemas.evidence.journal import EntryKind
from schemas.kernel.errors import UserError

Person = Annotated[str, typer.Argument(metavar="PERSON", help="人员编号（sanzhang org show 可查）/ a person's id.")]


@command
async def set_(
    person: Person,
    *,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="从标准输入读取密码（一行）/ read the password from standard input."),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """设置密码；已登录的须重新登录 / give a person a password; whoever is signed in as them is signed out."""
    async with door_for(data_dir) as door:
        name = (await door.organisation()).person(person).name
        password = _password(from_stdin=password_stdin)
        await Accounts(door.system.database).set_password(
            person, password, note=door.trail.noted(EntryKind.ACCOUNT_SET, ADMINISTRATOR)
        )
    _done(person, f"{name}（{person}）现在可以用此密码登录", f"{person} can sign in with this password now", as_json)


@command
async def disable(person: Person, *, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """停用：其登录、令牌与统一身份认证登录立即失效 / shut a person out: sessions, tokens and the provider's sign-in end at once."""
    async with door_for(data_dir) as door:
        database = door.system.database
        accounts = Accounts(database)
        known = person in {each.person for each in await accounts.listed()}
        by_provider = door.system.settings.oidc_issuer is not None and (await door.organisation()).knows(person)
        if not (known or by_provider or await holds_something(database, person)):
            raise UserError(
                "account_unknown",
                zh=f"{person} 没有本地账户，也没有任何登录或令牌；sanzhang account list 可查。",
                en=f"{person} has no local account, no session and no token; see sanzhang account list.",
                person=person,
            )
        await accounts.disable(person, note=door.trail.noted(EntryKind.ACCOUNT_DISABLED, ADMINISTRATOR))
    _done(
        person, f"{person} 已停用，登录与令牌均已失效", f"{person} is shut out; sessions and tokens have ended", as_json
    )


@command
async def enable(person: Person, *, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """恢复停用的账户；令牌须另发 / let a person in again, with the password there was; tokens are made anew."""
    async with door_for(data_dir) as door:
        note = door.trail.noted(EntryKind.ACCOUNT_ENABLED, ADMINISTRATOR)
        await Accounts(door.system.database).enable(person, note=note)
    _done(person, f"{person} 已恢复", f"{person} may come in again", as_json)


@command
async def sessions(person: Person, *, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """此人现有的登录 / where a person is signed in now."""
    async with door_for(data_dir) as door:
        idle = timedelta(minutes=(await door.rules()).policy.doors.session_idle_minutes)
        found = await Sessions(door.system.database).of(person, idle=idle)
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
        return
    table = Table("登录 / session", "登录于 / since", "最近使用 / last used", "来自 / from", "最迟至 / until")
    for each in found:
        table.add_row(each.name, local(each.created_at), local(each.seen_at), each.place, local(each.expires_at))
    Console(highlight=False).print(table)


@command
async def end(
    person: Person,
    session: Annotated[
        str, typer.Argument(metavar="SESSION", help="登录编号；不填即全部 / which session; all of them by default.")
    ] = "",
    *,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """结束此人的登录，立即生效 / end a person's sessions at once."""
    async with door_for(data_dir) as door:
        sessions = Sessions(door.system.database)
        note = door.trail.noted(EntryKind.SESSION_ENDED, ADMINISTRATOR)
        if session:
            await sessions.end_named(person, session, note=note)
            ended = [session]
        else:
            ended = await sessions.end_all(person, note=note)
    if as_json:
        print_json({"person": person, "ended": ended})
    else:
        Console(highlight=False, markup=False).print(f"✓ 已结束 {len(ended)} 个登录 / sessions ended: {len(ended)}")


@command
async def list_accounts(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """有本地账户的人员 / the people with a local account."""
    async with door_for(data_dir) as door:
        accounts = await Accounts(door.system.database).listed()
    if as_json:
        print_json([account.model_dump(mode="json") for account in accounts])
        return
    table = Table("人员 / person", "状态 / state", "密码设置于 / password of")
    for account in accounts:
        table.add_row(account.person, _state(account), local(account.changed_at))
    Console(highlight=False).print(table)


def _state(account: AccountView) -> str:
    if account.disabled_at is not None:
        return f"已停用 {local(account.disabled_at)}"
    return "可登录"


def _password(*, from_stdin: bool) -> SecretStr:
    if from_stdin:
        return SecretStr(sys.stdin.readline().rstrip("\r\n"))
    if not sys.stdin.isatty():
        raise UserError(
            "password_missing",
            zh="没有终端可输入密码；请用 --password-stdin 从标准输入给出。",
            en="There is no terminal to type a password at; give it on standard input with --password-stdin.",
        )
    return SecretStr(
        typer.prompt("密码 / password", hide_input=True, confirmation_prompt="再输一次 / once more", err=True)
    )


def _done(person: str, zh: str, en: str, as_json: bool) -> None:
    if as_json:
        print_json({"person": person})
    else:
        Console(highlight=False, markup=False).print(f"✓ {zh} / {en}", soft_wrap=True)
