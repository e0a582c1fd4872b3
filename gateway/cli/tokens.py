"""``sanzhang token``: what machines show to the API. The administrator of this machine gives and takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from activities.access.tokens import Tokens, TokenView
from activities.record.case_record import utc_now
from gateway.cli.output import AsJson, DataDir, command, door_for, local, print_json
from gateway.doors import ADMINISTRATOR
from schemas.access import TokenScope
from schemas.evidence.journal import EntryKind
from schemas.kernel.errors import UserError


@command
async def create(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="以谁的身份 / as whom it acts.")],
    *,
    scope: Annotated[
        list[str], typer.Option("--scope", help=f"授权，可多次给出 / one or more of: {', '.join(TokenScope)}.")
    ],
    label: Annotated[str, typer.Option("--label", help="用途 / what it is for.")] = "",
    days: Annotated[
        int | None,
        typer.Option(
            "--days",
            min=1,
            help="有效天数，默认与上限见政策 doors（90、365）/ days until it ends; the default and the most are policy.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """新令牌，只显示这一次 / a new token, shown this once."""
    async with door_for(data_dir) as door:
        await door.actor(person)
        policy = (await door.rules()).policy.doors
        if days is not None and days > policy.token_days_most:
            raise UserError(
                "token_too_long",
                zh=f"令牌最长 {policy.token_days_most} 天（政策 doors.token_days_most）；到期前可另发新的。",
                en=f"A token is good for at most {policy.token_days_most} days (policy doors.token_days_most); make another before it ends.",
                most=policy.token_days_most,
            )
        until = utc_now() + timedelta(days=days or policy.token_days)
        note = door.trail.noted(EntryKind.TOKEN_CREATED, ADMINISTRATOR)
        issued = await Tokens(door.system.database).create(person, scope, label=label, expires_at=until, note=note)
    if as_json:
        print_json(issued.view.model_dump(mode="json") | {"token": issued.text})
        return
    out = Console(highlight=False, markup=False, soft_wrap=True)
    out.print(issued.text)
    out.print(f"  有效至 {local(issued.view.expires_at)} / good until then")
    out.print("  请立即妥善保存，之后无法再显示 / keep it now: it can't be shown again")


@command
async def revoke(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="令牌编号（token list 可查）/ the token's id.")],
    *,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """撤销令牌，立即生效 / end a token at once."""
    async with door_for(data_dir) as door:
        note = door.trail.noted(EntryKind.TOKEN_REVOKED, ADMINISTRATOR)
        await Tokens(door.system.database).revoke(token, note=note)
    if as_json:
        print_json({"id": token})
    else:
        Console(highlight=False, markup=False).print(f"✓ 令牌 {token} 已撤销 / revoked")


@command
async def list_tokens(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """所有令牌 / all tokens, those that are over too."""
    async with door_for(data_dir) as door:
        tokens = await Tokens(door.system.database).listed()
    if as_json:
        print_json([token.model_dump(mode="json") for token in tokens])
        return
    table = Table("编号 / id", "身份 / as", "用途 / for", "授权 / scopes", "状态 / state", "最近使用 / last used")
    for token in tokens:
        table.add_row(token.id, token.person, token.label, "\n".join(token.scopes), _state(token), local(token.used_at))
    Console(highlight=False).print(table)


def _state(token: TokenView) -> str:
    if token.revoked_at is not None:
        return f"已撤销 {local(token.revoked_at)}"
    return f"{'有效至' if token.expires_at > utc_now() else '已过期'} {local(token.expires_at)}"
