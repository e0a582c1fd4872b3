"""``sanzhang case list|show|history|why``: reading cases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, cast

import typer
from pydantic import ValidationError

from activities.record.views import CaseFilter, Order
from gateway.cli.case import tables
from gateway.cli.output import AsJson, AsPerson, DataDir, command, door_for, moment, print_json, viewer_of
from gateway.doors import Door
from gateway.listing import page_of
from gateway.orders.carrying import actions_of, history_line, without_ciphertext
from gateway.orders.fields import field_error
from gateway.orders.reading import resolved_unit
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.evidence.chain import Recorded, payload
from schemas.petition.state import Card, Ledger, Stage
from schemas.petition.wording.due_reasons import due_reasons

Case = Annotated[str, typer.Argument(metavar="CASE", help="案件编号或查询码 / case number or tracking code.")]


@command
async def list_cases(
    *,
    stage: Annotated[list[Stage] | None, typer.Option("--stage", help="环节，可重复 / stage, repeatable.")] = None,
    ledger: Annotated[Ledger | None, typer.Option("--ledger", help="账别 / ledger.")] = None,
    unit: Annotated[str, typer.Option("--unit", help="单位（含下级） / filed on this unit or below it.")] = "",
    lead: Annotated[str, typer.Option("--lead", help="主办单位（含下级） / lead office or below it.")] = "",
    owner: Annotated[str, typer.Option("--owner", help="现由谁负责（含下级） / whose time runs now.")] = "",
    channel: Annotated[str, typer.Option("--channel", help="渠道 / channel.")] = "",
    card: Annotated[Card | None, typer.Option("--card", help="黄牌或红牌 / card.")] = None,
    is_open: Annotated[
        bool | None, typer.Option("--open/--closed", help="未销号或已销号 / not yet sealed, or sealed.")
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="已逾期 / a promise is overdue.")] = False,
    due_before: Annotated[str | None, typer.Option("--due-before", help="期限早于 / due before.")] = None,
    since: Annotated[str | None, typer.Option("--received-from", help="收到不早于 / received from.")] = None,
    until: Annotated[str | None, typer.Option("--received-before", help="收到早于 / received before.")] = None,
    text: Annotated[str, typer.Option("--text", help="标题或正文包含 / words in title or text.")] = "",
    message: Annotated[str, typer.Option("--message", help="来源编号 / the source's own id.")] = "",
    order: Annotated[str, typer.Option("--order", help="received（最新在前）或 due（最急在前）.")] = "received",
    limit: Annotated[int, typer.Option("--limit", help="每页件数 / cases a page.", min=1, max=500)] = 50,
    cursor: Annotated[str, typer.Option("--cursor", help="上一页给出的翻页标记 / where the page before ended.")] = "",
    as_person: AsPerson = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """案件列表 / list cases."""
    async with door_for(data_dir) as door:
        organisation = await door.organisation()
        try:
            wanted = CaseFilter(
                stages=tuple(stage or ()),
                ledger=ledger,
                unit=resolved_unit(organisation, unit) if unit else "",
                lead=resolved_unit(organisation, lead) if lead else "",
                owner=resolved_unit(organisation, owner) if owner else "",
                channel=channel,
                card=card,
                open=is_open,
                overdue=overdue,
                due_before=moment(due_before, "--due-before"),
                received_from=moment(since, "--received-from"),
                received_before=moment(until, "--received-before"),
                text=text,
                message=message,
                order=cast("Order", order),
                limit=limit,
                cursor=cursor,
            )
        except ValidationError as wrong:
            raise field_error(wrong) from None
        viewer = await viewer_of(door, as_person)
        page = await page_of(door, door.queries, wanted, viewer)
    if as_json:
        print_json(page.model_dump(mode="json"))
    else:
        tables.print_page(page, datetime.now(UTC))


@command
async def show(case: Case, *, as_person: AsPerson = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """案件详情，个人信息脱敏 / one case, personal data masked; what the viewer may do now and why not the rest."""
    async with door_for(data_dir) as door:
        viewer = await viewer_of(door, as_person)
        view = await door.case(case, viewer)
        redactor = await door.redacting.of_case(view.state.number, viewer)
    actions = redactor.model(actions_of(view.state, viewer))
    view = redactor.model(view)
    if not as_json:
        tables.print_case(view, actions, datetime.now(UTC))
        return
    state = view.state.model_dump(mode="json", exclude={"policy", "calendar"})
    print_json(
        {
            **state,
            "open": view.state.open,
            "policy_version": view.state.policy.version,
            "calendar_version": view.state.calendar.version,
            "title": view.title,
            "text": view.text,
            "submitted_at": view.submitted_at.isoformat() if view.submitted_at else None,
            "source": view.source,
            "source_event_id": view.source_event_id,
            "tracking_code": None,
            "petitioners": [petitioner.model_dump(mode="json") for petitioner in view.petitioners],
            "actions": actions,
        }
    )


@command
async def history(case: Case, *, as_person: AsPerson = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """案件经过：谁在何时做了什么 / everything that happened, by whom, when."""
    async with door_for(data_dir) as door:
        number, events = await history_of(door, case, as_person)
        redactor = await door.redacting.of_case(number, await viewer_of(door, as_person))
    lines = [history_line(recorded) for recorded in events]
    if not as_json:
        tables.print_history(number, redactor.model(lines))
        return
    told = [
        line.model_dump(mode="json") | {"event": without_ciphertext(payload(recorded.event))}
        for line, recorded in zip(lines, events, strict=True)
    ]
    print_json({"number": number, "events": redactor.model(told)})


@command
async def why(case: Case, *, as_person: AsPerson = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """期限从何而来：依据、起算日、逐日说明 / why each term ends when it does, day by day."""
    async with door_for(data_dir) as door:
        number, events = await history_of(door, case, as_person)
        redactor = await door.redacting.of_case(number, await viewer_of(door, as_person))
    reasons = redactor.model(due_reasons([recorded.event for recorded in events], datetime.now(UTC)))
    if reasons is None:
        return
    if as_json:
        print_json(reasons.model_dump(mode="json"))
    else:
        tables.print_reasons(reasons)


async def history_of(door: Door, case: str, person: str | None) -> tuple[str, list[Recorded]]:
    """The number and the events of a case the person may see."""
    view = await door.case(case, await viewer_of(door, person))
    number = view.state.number
    return number, await retry_transient(lambda: door.system.record.history(number), READ_RETRY_SECONDS)
