"""The accounts of the demonstration: one per role, with a password everybody may read. There are none without ``--demo``."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from activities.access.accounts import Accounts
from activities.defaults import demo_organisation
from activities.record.migrate import new_engine
from activities.record.reference import ReferenceStore
from schemas.kernel.actor import Role
from schemas.organisation import Person
from schemas.petition.wording.terms import chinese

PASSWORD: Final = "three ledgers one promise"  # noqa: S105 - printed on the screen

CAST: Final = ("he-xiaoyun", "fang-zhen", "cao-jianhua", "jiang-chao", "sun-lihua", "fu-zhiyuan")
"""An operator, a chief, a supervisor, a handler, a visitor and an auditor of the invented city; much of the forty is theirs."""

SHORT: Final = {
    Role.OPERATOR: "受理",
    Role.CHIEF: "三长",
    Role.SUPERVISOR: "督办",
    Role.HANDLER: "承办",
    Role.VISITOR: "回访",
    Role.AUDITOR: "审计",
}


def people() -> tuple[Person, ...]:
    """Who they are."""
    city = demo_organisation()
    return tuple(city.person(person) for person in CAST)


async def provide_accounts(dsn: str, *, demo: bool, hasher: PasswordHasher | None = None) -> None:
    """Opens them for a demonstration, and closes them again where the same data is used without one: their password is no secret.

    An account with a password of its own is left as it is.
    """
    engine = new_engine(dsn, pool_size=1)
    try:
        accounts = Accounts(engine, hasher=hasher)
        secret = SecretStr(PASSWORD)
        known = {each.person: each for each in await accounts.listed()}
        city = {each.id: each for each in (await ReferenceStore(engine).organisation()).people}
        for person in people():
            account = known.get(person.id)
            is_open = account is not None and account.disabled_at is None
            if is_open == demo or (account is not None and not await accounts.holds(person.id, secret)):
                continue
            # Only the invented people themselves: a real organisation may have somebody of that id.
            if demo and city.get(person.id) == person:
                await accounts.set_password(person.id, secret)
            elif is_open:
                await accounts.disable(person.id)
    finally:
        await engine.dispose()


def doorway(gateway: str | None) -> Text | None:
    """Where to go with a browser and as whom, in two lines; None without a gateway."""
    if gateway is None:
        return None
    said = Text(" ", no_wrap=True, overflow="ellipsis")
    said.append("门户 ", style="dim").append(gateway, style="bold cyan").append("  密码 ", style="dim").append(PASSWORD)
    said.append("\n ")
    for person in people():
        said.append(f"{SHORT[person.role]} ", style="dim").append(f"{person.id}  ")
    return said


def print_accounts(console: Console, gateway: str | None) -> None:
    """The same as a table, for a screen that is read from top to bottom."""
    if gateway is None:
        return
    console.print(f"门户 / console  [bold cyan]{gateway}[/]", highlight=False, soft_wrap=True)
    table = Table("人员 / person", "", "角色 / role", "单位 / unit", title_justify="left")
    for person in people():
        table.add_row(person.id, person.name, chinese(person.role), person.unit)
    console.print(table)
    console.print(f"演示账户的密码都是 / the password of each: [bold]{PASSWORD}[/]", highlight=False, soft_wrap=True)
