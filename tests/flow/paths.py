"""The paths a petition may take, each carried through a house from its filing; what must come of them is said by the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from schemas.petition import commands as c
from schemas.petition.state import Complexity, Outcome
from tests.flow.house import (
    CHIEF,
    CITY_CHIEF,
    CO_HANDLER,
    HANDLER,
    LEAD_CHIEF,
    OPERATOR,
    STATION_CHIEF,
    SUPERVISOR,
    VISITOR,
    WEEKDAYS,
    House,
    policy,
)

LEAD, CO_OFFICE = "XA/A3/02", "XA/A3/03"
SATISFIED = c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True)
DISSATISFIED = c.RecordRevisit(reached=True, solved=False, satisfied_with_office=True)
ANSWER = c.Reply(outcome=Outcome.SUPPORTED, text="已修复。")
PUBLISH = c.Disclose(published=True, summary="路灯已修复")
CONSENT = c.Countersign(agreed=True)
REOPEN = c.Reopen(facts="路灯又坏了", policy=policy().figures("claim", "complex"), calendar=WEEKDAYS)


async def approved(house: House) -> str:
    """A complex claim, approved."""
    filing = await house.file()
    await house.act(filing.number, CHIEF, c.Approve())
    return filing.number


async def supervised(house: House, *, co_offices: tuple[str, ...] = (), joint: bool = False) -> str:
    """A complex claim its lead office has accepted."""
    number = await approved(house)
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD, co_offices=co_offices, joint=joint))
    await house.act(number, HANDLER, c.Accept())
    return number


async def answered(house: House) -> str:
    """A complex claim waiting for its revisit."""
    number = await supervised(house)
    await house.act(number, HANDLER, ANSWER)
    return number


async def closed(house: House, number: str) -> None:
    """From the revisit stage to the seal."""
    await house.act(number, VISITOR, SATISFIED)
    await house.act(number, CHIEF, c.SignOff())
    state = await house.engine_state(number)
    if not state.accounted:
        await house.act(number, SUPERVISOR, c.Account(no_fault=True))
    await disclosed(house, number, PUBLISH)
    await house.handle(number).result()


async def disclosed(house: House, number: str, command: c.Disclose | c.RetractDisclosure) -> None:
    """Two people decide."""
    await house.act(number, SUPERVISOR, command)
    await house.act(number, OPERATOR, CONSENT)


async def straight_complex(house: House) -> list[str]:
    """快报告."""
    number = await answered(house)
    await closed(house, number)
    return [number]


async def straight_simple(house: House) -> list[str]:
    """快处理, withheld in the end."""
    number = (await house.file(complexity=Complexity.SIMPLE)).number
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD))
    await house.act(number, HANDLER, c.Accept())
    await house.act(number, HANDLER, ANSWER)
    await house.act(number, VISITOR, SATISFIED)
    await house.act(number, STATION_CHIEF, c.SignOff())
    await disclosed(house, number, c.Disclose(published=False, exemption="privacy"))
    await house.handle(number).result()
    return [number]


async def returned(house: House) -> list[str]:
    """One objection refused and one, of the next office, upheld."""
    number = await approved(house)
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD))
    await house.act(number, HANDLER, c.Return(reason="不归我们管"))
    await house.act(number, SUPERVISOR, c.RefuseReturn(reason="就归你们"))
    await house.act(number, HANDLER, c.Accept())
    other = await approved(house)
    await house.act(other, SUPERVISOR, c.Assign(lead=LEAD))
    await house.act(other, HANDLER, c.Return(reason="不归我们管"))
    await house.act(other, SUPERVISOR, c.UpholdReturn(reason="有理"))
    await house.act(other, SUPERVISOR, c.Assign(lead=CO_OFFICE))
    await house.act(other, CO_HANDLER, c.Accept())
    return [number, other]


async def stretched(house: House) -> list[str]:
    """An extension granted, a standstill ended by its cap, an urge with a card."""
    number = await supervised(house)
    await house.act(number, HANDLER, c.RequestExtension(days=3, reason="等待配件"))
    await house.act(number, CHIEF, c.GrantExtension(told="配件三天后到"))
    await house.act(number, HANDLER, c.Pause(reason="petitioner_material"))
    standstill = (await house.engine_state(number)).standstill
    assert standstill is not None
    await house.skip_to(number, standstill.until)
    await house.act(number, SUPERVISOR, c.Urge(text="请抓紧", card="yellow"))
    return [number]


async def together(house: House) -> list[str]:
    """Two co-offices, one reporting and one waived, a joint team and its two keys."""
    number = await supervised(house, co_offices=(CO_OFFICE, "XA/A3/04"), joint=True)
    await house.act(number, CO_HANDLER, c.CoReport(text="电缆完好"))
    await house.act(number, SUPERVISOR, c.WaiveCoReport(unit="XA/A3/04", reason="无关"))
    await house.act(number, HANDLER, ANSWER)
    await house.act(number, VISITOR, SATISFIED)
    await house.act(number, CHIEF, c.SignOff())
    await house.act(number, LEAD_CHIEF, c.SignOff())
    await disclosed(house, number, PUBLISH)
    await house.handle(number).result()
    return [number]


async def reworked(house: House) -> list[str]:
    """Two rounds, then ended by the next-higher chief."""
    number = await answered(house)
    await house.act(number, VISITOR, DISSATISFIED)
    await house.act(number, VISITOR, c.Rework(reason="晚上还是不亮"))
    await house.act(number, HANDLER, ANSWER)
    await house.act(number, VISITOR, DISSATISFIED)
    await house.act(number, CITY_CHIEF, c.Terminate(basis="unreasonable", reason="要求超出规定"))
    await house.act(number, SUPERVISOR, c.Account(no_fault=True))
    await disclosed(house, number, PUBLISH)
    await house.handle(number).result()
    return [number]


async def merged(house: House) -> list[str]:
    """Two followers: one leaves, one is answered with its lead."""
    lead, member, leaver = await supervised(house), await approved(house), await approved(house)
    for number in (member, leaver):
        await house.act(number, OPERATOR, c.Merge(into=lead, basis="same_matter"))
    await until(house, lead, lambda kinds: kinds.count("member_admitted") == 2)
    await house.act(leaver, OPERATOR, c.Unmerge(reason="另一盏灯"))
    await until(house, lead, lambda kinds: "member_released" in kinds)
    await house.act(lead, HANDLER, ANSWER)
    await until(house, member, lambda kinds: "replied" in kinds)
    return [lead, member, leaver]


async def overdue(house: House) -> list[str]:
    """Nobody answers: every rung of the promise, in skipped time."""
    number = await supervised(house)
    await house.skip(number, timedelta(days=16))
    return [number]


async def handed_on(house: House) -> list[str]:
    """A transfer nobody acknowledges, then one that is."""
    number = await approved(house)
    await house.act(number, CHIEF, c.Transfer(to="110", reason="治安案件"))
    offer = (await house.engine_state(number)).offer
    assert offer is not None
    await house.skip_to(number, offer.until)
    await house.act(number, CHIEF, c.Transfer(to="12345", reason="市政事项"))
    await house.act(number, OPERATOR, c.AnswerTransfer(accepted=True, reference="12345-88"))
    return [number]


async def reopened(house: House) -> list[str]:
    """New facts after the seal, and a published summary taken back."""
    number = await answered(house)
    await closed(house, number)
    await disclosed(house, number, c.RetractDisclosure(reason="写错地名"))
    await house.handle(number).result()
    await house.act(number, OPERATOR, REOPEN)
    await house.act(number, CHIEF, c.Approve())
    return [number]


async def until(house: House, number: str, arrived: Callable[[list[str]], bool]) -> None:
    """Waits for what another case's message does to this one."""
    async with asyncio.timeout(30):
        while True:
            if arrived(await house.kinds(number)):
                return await house.settled(number)
            await asyncio.sleep(0.005)


PATHS: dict[str, Callable[[House], Awaitable[list[str]]]] = {
    path.__name__: path
    for path in (
        straight_complex,
        straight_simple,
        returned,
        stretched,
        together,
        reworked,
        merged,
        overdue,
        handed_on,
        reopened,
    )
}
