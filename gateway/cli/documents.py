"""``sanzhang policy`` and ``sanzhang org``: the rules and the people, as versions in the database."""

from __future__ import annotations

import sys
from typing import Annotated, Any, cast

import typer
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from activities.documents import read_organisation, read_policy
from activities.record.reference import ORGANISATION, POLICY
from gateway.cli.files import read_text
from gateway.cli.output import AsJson, DataDir, command, door_for, print_json
from gateway.documents import Imported, take_organisation, take_policy
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.organisation import KINDS_ZH, Organisation
from schemas.petition.wording.figures import FIGURES
from schemas.petition.wording.terms import chinese
from schemas.policy import Policy

File = Annotated[str, typer.Argument(metavar="FILE", help="YAML 文件，- 为标准输入 / a YAML file.", show_default=False)]
Version = Annotated[int | None, typer.Option("--version", help="版本；不填为现行 / a version.", min=1)]
AsYaml = Annotated[bool, typer.Option("--yaml", help="输出可修改后再导入的 YAML / print YAML to edit and import.")]


@command
async def show_policy(
    *, version: Version = None, as_yaml: AsYaml = False, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """现行政策 / the policy in force."""
    async with door_for(data_dir) as door:
        reference = door.system.reference
        policy = await retry_transient(lambda: reference.policy(version), READ_RETRY_SECONDS)
        versions = await retry_transient(lambda: reference.versions(POLICY), READ_RETRY_SECONDS)
    if as_yaml:
        _print_yaml(policy)
    elif as_json:
        print_json(policy.model_dump(mode="json") | {"versions": list(versions)})
    else:
        _print_policy(policy, versions[-1])


@command
async def check_policy(file: File, *, as_json: AsJson = False) -> None:
    """检查政策文件，不导入 / judge a policy file without importing it."""
    policy = read_policy(read_text(file))
    _say(
        as_json,
        {"ok": True, "ledgers": sorted(policy.ledgers), "channels": sorted(policy.channels)},
        f"政策文件无误：{len(policy.channels)} 个渠道 / the policy file is sound",
    )


@command
async def import_policy(file: File, *, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """导入政策，成为新版本；已有案件仍按登记时的版本 / import it as the next version; cases filed before keep theirs."""
    given = read_policy(read_text(file))
    async with door_for(data_dir) as door:
        done = await take_policy(door, given, preview=False)
    _say(
        as_json,
        done.model_dump(include=_SAID),
        _unchanged(done)
        if done.already_known
        else f"政策第 {done.version} 版已生效，适用于此后登记的案件；此前登记的案件仍按原版本办理 / "
        f"policy version {done.version} is in force for cases filed from now on; cases filed before keep their version",
    )


@command
async def show_organisation(
    *, version: Version = None, as_yaml: AsYaml = False, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """单位和人员 / units and people."""
    async with door_for(data_dir) as door:
        reference = door.system.reference
        organisation = await retry_transient(lambda: reference.organisation(version), READ_RETRY_SECONDS)
        versions = await retry_transient(lambda: reference.versions(ORGANISATION), READ_RETRY_SECONDS)
    if as_yaml:
        _print_yaml(organisation)
    elif as_json:
        print_json(organisation.model_dump(mode="json") | {"versions": list(versions)})
    else:
        _print_organisation(organisation)


@command
async def check_organisation(file: File, *, as_json: AsJson = False) -> None:
    """检查组织机构文件，不导入 / judge an organisation file without importing it."""
    organisation = read_organisation(read_text(file))
    _say(
        as_json,
        {"ok": True, "units": len(organisation.units), "people": len(organisation.people)},
        f"组织机构文件无误：{len(organisation.units)} 个单位，{len(organisation.people)} 人 / the organisation file is sound",
    )


@command
async def import_organisation(file: File, *, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """导入组织机构，成为新版本 / import it as the next version."""
    given = read_organisation(read_text(file))
    async with door_for(data_dir) as door:
        done = await take_organisation(door, given, preview=False)
    _say(
        as_json,
        done.model_dump(include=_SAID | {"units_missing"}) | {"units": len(given.units), "people": len(given.people)},
        _unchanged(done)
        if done.already_known
        else f"组织机构第 {done.version} 版已生效 / organisation version {done.version} is in force",
    )
    if done.units_missing and not as_json:
        listed = "、".join(f"{unit}（{count} 件）" for unit, count in list(done.units_missing.items())[:10])
        Console(stderr=True, highlight=False).print(
            Text(
                f"! 未结案件涉及的单位已不在其中：{listed}；请保留这些单位直至案件办结\n"
                "  Open cases name units that are not listed any more; keep them until those cases are closed",
                style="yellow",
            )
        )


_SAID = {"version", "old_version", "already_known"}


def _unchanged(done: Imported) -> str:
    return f"与现行第 {done.version} 版相同，未作改动 / the same as version {done.version}: nothing to do"


def _without_version(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    return {name: _without_version(each) for name, each in fields.items() if name != "version"}


def _print_yaml(document: Policy | Organisation) -> None:
    body = document.model_dump(mode="json")
    if isinstance(document, Policy):
        body = {"version": document.version, **_without_version(body)}
    yaml.safe_dump(body, sys.stdout, allow_unicode=True, sort_keys=False, width=150)


def _print_policy(policy: Policy, newest: int) -> None:
    out = Console(highlight=False)
    out.print(f"政策第 {policy.version} 版{'（现行）' if policy.version == newest else ''}")
    columns = [(ledger, complexity) for ledger in policy.ledgers for complexity in policy.ledgers[ledger]]
    table = Table("", *(f"{chinese(ledger)}\n{chinese(complexity)}" for ledger, complexity in columns))
    for figure in FIGURES:
        table.add_row(figure.zh, *(figure.said(policy.figures(*column))[0] for column in columns))
    out.print(table)
    ladder = next(iter(next(iter(policy.ledgers.values())).values())).ladder
    out.print(
        f"静默时段 {ladder.quiet_from}:00–{ladder.quiet_until}:00；黄牌末日 {ladder.yellow_hour}:00；"
        "全部数字见 --yaml / all figures: --yaml"
    )
    reveal = policy.reveal
    out.print(
        f"查看个人信息：每人每日至多 {reveal.daily_ceiling} 次；一小时内达 {reveal.unusual_in_an_hour} 次，"
        f"或在 {reveal.working_from}–{reveal.working_until} 时之外查看的，告知审计员"
    )
    out.print(Text("渠道：" + "、".join(f"{code} {channel.name}" for code, channel in policy.channels.items())))


def _print_organisation(organisation: Organisation) -> None:
    branches: dict[str, Tree] = {}
    root: Tree | None = None
    for unit in sorted(organisation.units, key=lambda unit: (unit.path.count("/"), unit.path)):
        label = Text(f"{unit.path}  {unit.name}（{KINDS_ZH[unit.kind]}）")
        above = branches.get(unit.path.rpartition("/")[0])
        branches[unit.path] = node = Tree(label) if above is None else above.add(label)
        root = root or node
        for person in organisation.people_of(unit.path):
            node.add(Text(f"{person.id}  {person.name} · {chinese(person.role)}", style="dim"))
    out = Console(highlight=False)
    out.print(f"组织机构第 {organisation.version} 版：{len(organisation.units)} 个单位，{len(organisation.people)} 人")
    if root is not None:
        out.print(root)


def _say(as_json: bool, facts: dict[str, Any], sentence: str) -> None:
    if as_json:
        print_json(facts)
    else:
        Console(highlight=False, soft_wrap=True).print(Text.assemble(("✓ ", "green"), sentence))
