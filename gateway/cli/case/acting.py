"""``sanzhang case act`` and ``sanzhang case file``: what people do to cases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, cast
from uuid import uuid4

import typer
from rich.text import Text

from gateway.case_service import Filing
from gateway.cli.case import tables
from gateway.cli.case.options import read_options
from gateway.cli.case.reading import Case
from gateway.cli.files import read_text
from gateway.cli.output import AsJson, DataDir, actor_of, command, door_for, due_by, moment, print_json
from gateway.doors import Door
from gateway.orders.carrying import actions_of, execute_command
from gateway.orders.codes import REISSUE, Issued, reissue
from gateway.orders.drafting import Draft, content_of, title_of
from gateway.orders.reading import PERSONAL_FIELDS
from schemas.kernel.errors import UserError
from schemas.petition.state import Complexity, Ledger, RatingDoor
from schemas.petition.wording.factors import ASKED
from schemas.petition.wording.terms import chinese
from schemas.proposals.proposal import Proposal
from workflows.contract import Answer

As = Annotated[str, typer.Option("--as", help="以谁的身份办理（人员编号） / the person who acts.", show_default=False)]
Name = Annotated[str, typer.Option("--name", help="信访人姓名，加密保存 / petitioner's name, sealed.")]
Phone = Annotated[str, typer.Option("--phone", help="电话，加密保存 / telephone, sealed.")]
IdNumber = Annotated[str, typer.Option("--id-number", help="证件号码，加密保存 / identity number, sealed.")]
Address = Annotated[str, typer.Option("--address", help="住址，加密保存 / address, sealed.")]


@command
async def act(
    case: Case,
    action: Annotated[
        str | None,
        typer.Argument(
            metavar="[COMMAND]", help="操作；不填则列出此人现在能做什么 / what to do; none: what may be done."
        ),
    ] = None,
    *,
    ctx: typer.Context,
    as_person: As,
    body: Annotated[
        str | None, typer.Option("--body", help="JSON 字段，或 @文件，或 @- / fields as JSON, @file or @-.")
    ] = None,
    command_id: Annotated[
        str | None, typer.Option("--command-id", help="同号重发只办一次 / the same id takes effect once.")
    ] = None,
    name: Name = "",
    phone: Phone = "",
    id_number: IdNumber = "",
    address: Address = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """办理案件 / act on a case: --字段 值 for each field of the command, e.g. assign --lead XA/A3/01 --co-office XA/A3/02.

    不写 COMMAND 即列出此人现在可以做什么、为何不能做其余的。任何字段也可写成 --set 字段=值。
    """
    given = _body(body)
    if action is not None:
        given |= read_options(action, ctx.args)
    if person := _person(name, phone, id_number, address):
        given["petitioners"] = [*given.get("petitioners", []), person]
    async with door_for(data_dir) as door:
        if action is None:
            await _show_actions(door, case, as_person, as_json=as_json)
            return
        actor = await actor_of(door, as_person)
        if action == REISSUE:
            answer: Answer = await reissue(door, case, actor, given, command_id=command_id)
        else:
            answer = await execute_command(
                door, case, actor, action, given, command_id=command_id, came_by=RatingDoor.COMMAND_LINE
            )
    if as_json:
        print_json(answer.model_dump(mode="json") | {"command": action})
    else:
        tables.console().print(
            f"[green]✓[/green] {answer.number} {action} 已办理，现为“{chinese(answer.stage)}”"
            f"（第 {answer.seq} 条记录） / done; now {answer.stage}"
        )
        if isinstance(answer, Issued):
            _print_code(answer)


async def _show_actions(door: Door, case: str, person: str, *, as_json: bool) -> None:
    actor = await actor_of(door, person)
    view = await door.case(case, actor)
    redactor = await door.redacting.of_case(view.state.number, actor)
    actions = redactor.only_numbers().model(actions_of(view.state, actor))
    if as_json:
        print_json({"number": view.state.number, "stage": view.state.stage.value, "actions": actions})
        return
    tables.console().print(Text(f"{view.state.number}  {chinese(view.state.stage)}  {person}（{chinese(actor.role)}）"))
    tables.print_actions(view.state, actions)


@command
async def file(
    *,
    as_person: As,
    text: Annotated[
        str, typer.Option("--text", help="正文，或 @文件，或 @- / the text, @file or @-.", show_default=False)
    ],
    title: Annotated[str, typer.Option("--title", help="标题；不填取正文首行 / title.")] = "",
    ledger: Annotated[Ledger | None, typer.Option("--ledger", help="账别；不填由系统建议 / ledger.")] = None,
    complexity: Annotated[Complexity | None, typer.Option("--complexity", help="难易；不填由系统建议.")] = None,
    unit: Annotated[str, typer.Option("--unit", help="归属单位；不填由系统建议 / unit.")] = "",
    category: Annotated[str, typer.Option("--category", help="分类；不填由系统建议 / category.")] = "",
    channel: Annotated[str, typer.Option("--channel", help="渠道 / channel.")] = "walk_in",
    source: Annotated[str, typer.Option("--source", help="来源 / whose id the message bears.")] = "desk",
    message: Annotated[
        str | None, typer.Option("--message", help="来源编号，同号只建一件 / the source's own id: filed once.")
    ] = None,
    submitted_at: Annotated[str | None, typer.Option("--submitted-at", help="来件自带时间 / its own time.")] = None,
    received_at: Annotated[
        str | None, typer.Option("--received-at", help="收到时间，仅限可信渠道 / trusted channels only.")
    ] = None,
    confidential: Annotated[
        bool | None, typer.Option("--confidential/--not-confidential", help="保密；不填按政策 / confidential.")
    ] = None,
    accused_unit: Annotated[list[str] | None, typer.Option("--accused-unit", help="被反映单位，可重复.")] = None,
    accused_person: Annotated[list[str] | None, typer.Option("--accused-person", help="被反映人，可重复.")] = None,
    name: Name = "",
    phone: Phone = "",
    id_number: IdNumber = "",
    address: Address = "",
    body: Annotated[
        str | None, typer.Option("--body", help='多人联名：{"petitioners": […]} 的 JSON、@文件或 @-.')
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """登记一件诉求，给出编号和查询码 / file one petition; what is left out is proposed, with the reason."""
    people: list[Mapping[str, Any]] = _people(_body(body))
    if person := _person(name, phone, id_number, address):
        people = [person, *people]
    draft = Draft(
        title=title,
        text=_text(text),
        source=source,
        source_event_id=message or uuid4().hex,
        channel=channel,
        ledger=ledger,
        complexity=complexity,
        category=category,
        unit=unit,
        confidential=confidential,
        submitted_at=moment(submitted_at, "--submitted-at"),
        accused_units=tuple(accused_unit or ()),
        accused_persons=tuple(accused_person or ()),
        petitioners=tuple(people),
    )
    async with door_for(data_dir) as door:
        actor = await actor_of(door, as_person)
        organisation = await door.organisation()
        proposals = await door.reading.proposals(title_of(draft), draft.text)
        content, proposed = content_of(
            draft, actor, organisation=organisation, proposals=proposals, keyring=door.system.keyring
        )
        filing = await door.desk.file(actor, content, received_at=moment(received_at, "--received-at"))
        view = await door.case(filing.number)
    finish = next((clock for clock in view.state.clocks if clock.name == "finish"), None)
    if as_json:
        print_json(
            filing.model_dump(mode="json")
            | {
                "unit": view.state.unit,
                "ledger": view.state.ledger.value,
                "complexity": view.state.complexity.value,
                "category": view.state.category,
                "finish_due": finish.due.isoformat() if finish else None,
                "proposed": {field: proposal.model_dump(mode="json") for field, proposal in proposed.items()},
            }
        )
    else:
        _print_filing(filing, proposed, due_by(finish.due) if finish else "")


def _print_filing(filing: Filing, proposed: Mapping[str, Proposal], due: str) -> None:
    out = tables.console()
    known = "此前已登记 / filed before" if filing.known else "已登记 / filed"
    out.print(f"[green]✓[/green] {known}：[bold]{filing.number}[/bold]")
    if filing.tracking_code:
        _print_code(filing)
    out.print(f"  环节：{chinese(filing.stage)}   答复期限：{due}")
    for field, proposal in proposed.items():
        out.print(
            Text(f"  建议 {field} = {proposal.value}（{proposal.confidence:.2f}）{proposal.why} / {proposal.why_en}")
        )


def _print_code(given: Filing | Issued) -> None:
    out = tables.console()
    zh, en = ASKED[given.factor]
    out.print(f"  查询码 / tracking code：{given.tracking_code}{f'   校验码 / PIN：{given.pin}' if given.pin else ''}")
    out.print(
        f"  只显示这一次，请告知群众；查询时还需 / shown this once, for the petitioner; asked for besides: {zh} / {en}"
    )


def _person(*said: str) -> dict[str, Any]:
    """One petitioner as typed; empty where nothing was."""
    return dict(zip(PERSONAL_FIELDS, said, strict=True)) if any(said) else {}


def _people(given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    unknown = set(given) - {"petitioners"}
    people = given.get("petitioners", [])
    if unknown or not isinstance(people, list):
        raise _body_invalid('应为 {"petitioners": […]}', 'write {"petitioners": […]}')
    return cast("list[Mapping[str, Any]]", people)


def _text(said: str) -> str:
    return read_text(said[1:]) if said.startswith("@") else said


def _body(said: str | None) -> dict[str, Any]:
    """The fields in a JSON object: given, in a file, or on standard input. ``UserError`` ``body_invalid``."""
    if said is None:
        return {}
    try:
        found: object = json.loads(_text(said))
    except (ValueError, RecursionError):
        raise _body_invalid("不是正确的 JSON", "it is not JSON") from None
    if not isinstance(found, dict):
        raise _body_invalid("应为 {字段: 值}", "it must be an object of fields and values")
    return cast("dict[str, Any]", found)


def _body_invalid(zh: str, en: str) -> UserError:
    return UserError("body_invalid", zh=f"内容无效：{zh}。", en=f"The given content is not valid: {en}.")
