"""A city at work, for pages to show: the petitions of the demonstration, each carried to some station and left there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from gateway.demo.city import Registry, receipts, settle, waiting
from gateway.demo.invented import invented
from gateway.demo.offices import words
from gateway.doors import Door
from gateway.importing.proposing import Proposer, load_taxonomy
from gateway.retry import ORDER_RETRY_SECONDS
from schemas.kernel.actor import Actor, Role
from schemas.organisation import Organisation
from schemas.petition import commands as c
from schemas.petition.rules.authority import in_conflict
from schemas.petition.rules.awaited import awaited, waiting_for
from schemas.petition.state import Outcome, Petition, Stage

STEPS = (0, 1, 2, 3, 1, 4, 2, 5, 3, 0, 6, 4, 2, 8, 3, 1, 9, 2, 5, 4)
"""How many awaited steps the n-th petition is carried; the office's progress and a co-office's report come on top."""


async def fill(door: Door, petitions: int = 40, street: int = 12) -> list[str]:
    """Files the first ``petitions`` of the demonstration and ``street`` invented ones; the numbers, in that order."""
    city = await settle(door.system.reference)
    door.organisation = type(door.organisation)(_fixed(city), ORDER_RETRY_SECONDS)
    registry = Registry(door.desk, city, Proposer(city, load_taxonomy(None)), door.system.keyring)
    rules = await door.rules()
    first = waiting(rules.policy)[:petitions]
    moments = receipts(first, rules.policy, rules.calendar, datetime.now(UTC))
    numbers: list[str] = []
    for petition, moment in zip(first, moments, strict=True):
        trusted = rules.policy.channels[petition.channel].trusted_time
        numbers.append((await registry.file(petition, moment if trusted else None)).number)
    numbers += [(await registry.file(invented(each, city), None)).number for each in range(street)]
    gate = asyncio.Semaphore(4)

    async def carried(place: int, number: str) -> None:
        async with gate:
            await _carry(door, city, number, STEPS[place % len(STEPS)])

    await asyncio.gather(*(carried(place, number) for place, number in enumerate(numbers)))
    return numbers


def _fixed(city: Organisation) -> Callable[[], Awaitable[Organisation]]:
    async def organisation() -> Organisation:
        return city

    return organisation


async def _carry(door: Door, city: Organisation, number: str, steps: int) -> None:
    people = [city.actor(person.id) for person in city.people]
    for _ in range(steps):
        state = await door.system.record.state(number)
        assert state is not None
        step = _next(state, city, people)
        if step is None:
            return
        await door.desk.act(number, *step)


async def carry_to(door: Door, number: str, stage: Stage) -> None:
    """Carries a case by its awaited steps until it stands there."""
    city = await door.organisation()
    people = [city.actor(person.id) for person in city.people]
    while (state := await door.system.record.state(number)) is not None and state.stage is not stage:
        step = _next(state, city, people)
        assert step is not None, f"{number} stays in {state.stage}"
        await door.desk.act(number, *step)


def _next(state: Petition, city: Organisation, people: list[Actor]) -> tuple[Actor, c.Command] | None:
    for kind in awaited(state):
        for actor in people:
            if kind not in waiting_for(state, actor):
                continue
            command = _command(kind, state, city, actor)
            if command is not None:
                return actor, command
    return None


def _command(kind: str, state: Petition, city: Organisation, actor: Actor) -> c.Command | None:
    running = int(state.number.rpartition("-")[2])
    match kind:
        case "approve":
            return c.Approve(note="情况属实，请及时办理。")
        case "assign":
            offices = [unit.path for unit in city.units if city.people_of(unit.path, Role.HANDLER)]
            free = [unit for unit in offices if not in_conflict(state, unit)]
            lead = state.unit if state.unit in free else free[running % len(free)]
            helper = next((unit for unit in free if unit not in (lead, state.unit)), "") if running % 4 == 0 else ""
            return c.Assign(
                lead=lead, co_offices=(helper,) if helper else (), note=words.ASSIGNED[running % len(words.ASSIGNED)]
            )
        case "accept":
            return c.Accept()
        case "co_report":
            return c.CoReport(text=words.CO_REPORT[running % len(words.CO_REPORT)])
        case "reply":
            return c.Reply(
                outcome=Outcome.SUPPORTED,
                text=words.REPLIES[running % len(words.REPLIES)],
                measures=words.MEASURES[running % len(words.MEASURES)],
            )
        case "record_revisit":
            glad = running % 5 != 0
            return c.RecordRevisit(
                reached=True, solved=glad, satisfied_with_office=True, satisfied_with_unit=glad, comment="回访已联系。"
            )
        case "rework":
            return c.Rework(reason="群众反映尚未解决，请再查。")
        case "sign_off":
            return c.SignOff(note="同意。")
        case _:
            return None
