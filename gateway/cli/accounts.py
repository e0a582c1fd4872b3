"""``sanzhang account``: who may sign in here with a password. The administrator of this machine gives and takes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from activities.access.accounts import Accounts, AccountView
from activities.record.case_record import utc_now
from gateway.cli.output import AsJson, DataDir, command, door_for, local, print_json
from schemas.errors import UserError

app = typer.Typer(help="本地账户：登录门户用 / local accounts, to sign in with.", no_args_is_help=True)

Person = Annotated[str, typer.Argument(metavar="PERSON", help="人员编号（sanzhang org show 可查）/ a person's id.")]


@app.command("set")
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
        await Accounts(door.system.database).set_password(person, password)
    _done(person, f"{name}（{person}）现在可以用此密码登录", f"{person} can sign in with this password now", as_json)


@app.command("disable")
@command
async def disable(person: Person, *, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """停用账户并退出其所有登录；再次设置密码即恢复 / close an account; a new password opens it again."""
    async with door_for(data_dir) as door:
        await Accounts(door.system.database).disable(person)
    _done(person, f"{person} 的账户已停用", f"the account of {person} is closed", as_json)


@app.command("list")
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
    if account.locked_until is not None and account.locked_until > utc_now():
        return f"锁定至 {local(account.locked_until)}（连续输错 {account.failures} 次）"
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
