"""What one may not see changes nothing of any answer to them: every door is asked in a city without the hidden cases, and in the same with them.

What counts everything, and is left out here, stands in ``docs/threats.md``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert

from activities.record.resemblance import Resemblances
from schemas.access.case_numbers import HIDDEN_NUMBER
from schemas.kernel.actor import SYSTEM, Actor
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.commit import CommitOrder
from schemas.petition.events import Filed
from schemas.petition.rules import decide, may_see
from schemas.petition.rules.authority import party_of
from schemas.proposals.similarity import bands, signature
from schemas.record import tables as t
from tests.access.conftest import City, keep
from tests.access.situations import LATER, PEOPLE, SITUATIONS, WHO, approve_stage, assigned
from tests.access.test_every_route import STREAM, VALUES, routes
from tests.access.test_personal_words import text_of
from tests.databases import by_owner
from tests.strategies import Case

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEAD, TWIN = "WC-2026-C-000801", "WC-2026-C-000802"
HIDDEN = tuple(f"WC-2026-C-{number:06}" for number in range(811, 815))
NOWHERE = "WC-2026-C-777777"
"""A number nobody has."""

ASKING = (
    *(
        "operator",
        "supervisor",
        "chief",
        "city_chief",
        "station_chief",
        "handler",
        "co_handler",
        "visitor",
        "auditor",
        "upstream",
    ),
    "other_handler",
)
"""Everybody who sees one of the two cases, each in a way of their own, and one who sees neither."""

OF_THE_BRANCH = ("operator", "supervisor", "chief", "station_chief", "handler", "co_handler")
"""Who sees the cases of 青禾 and none of 临桥."""

COUNTS_EVERYTHING = re.compile(
    r"/metrics|/readyz|/healthz|/static|/api/v1/openapi\.json|/audit/(log|checkpoints?|security|access)"
)
CHANGES = re.compile(
    r'(?<=name="csrf" value=")[^"]*|(?<=name="once" value=")[^"]*|(?<=name="message" value=")[^"]*|(?<=name="key" value=")[^"]*'
    r"|nonce-[\w+/=-]+|\b[0-9a-f]{32}\b|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+\d\d:\d\d)?|\d\d:\d\d(:\d\d)?"
    r"|\d+\.\d{2,}|\d+(\.\d+)? ?(小时|分钟|分|hours?|minutes?|min|h\b)"
)
"""What differs between any two answers."""


async def filed(city: City, number: str, case: Case, words: str = "") -> None:
    await keep(city.door.system.record, number, case, city.door.system.keyring)
    minima = signature(words, words)
    async with city.database.begin() as connection:
        if bands(minima):
            await connection.execute(insert(t.resemblances), {"case_number": number, "signature": list(minima)})
            rows = [{"band": band, "case_number": number} for band in set(bands(minima))]
            await connection.execute(insert(t.resemblance_bands), rows)


LAMP = "幸福路口的路灯坏了一个月，晚上行人很不安全，请尽快派人来修好。"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visible(city: City) -> AsyncIterator[None]:
    """Two cases of 青禾 that are alike; gone afterwards with all that came."""
    await filed(city, LEAD, assigned(), LAMP)
    await filed(city, TWIN, approve_stage(), LAMP.replace("请尽快", "恳请尽快"))
    yield
    gone = [
        f"DELETE FROM {name} WHERE case_number BETWEEN '{LEAD}' AND '{HIDDEN[-1]}'"
        for name, table in t.METADATA.tables.items()
        if "case_number" in table.c and name != "journal"
    ]
    await by_owner(city.database, *gone)


def filing_of(case: Case) -> Filed:
    first = case.events[0]
    assert isinstance(first, Filed)
    return first


async def asked(
    city: City, positions: Iterable[str], numbers: Iterable[str], *, only_of_cases: bool = False
) -> dict[tuple[str, ...], str]:
    """What every address that can be read answers to everybody, by browser and by token."""
    answers: dict[tuple[str, ...], str] = {}
    for position in positions:
        async with city.machine(position) as machine, city.browser(position) as (web, _):
            for method, path in routes(city.app):
                if method != "GET" or path.startswith(STREAM) or COUNTS_EVERYTHING.search(path):
                    continue
                if only_of_cases and VALUES["number"] not in path:
                    continue
                for number in numbers if VALUES["number"] in path else ("",):
                    address = path.replace(VALUES["number"], number) if number else path
                    for client in (machine,) if address.startswith("/api/") else (machine, web):
                        answer = await client.get(address)
                        told = f"{answer.status_code} {text_of(answer)}"
                        answers[position, address, str(client is web)] = CHANGES.sub("", told)
    return answers


def differing(one: dict[tuple[str, ...], str], other: dict[tuple[str, ...], str]) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for key, said in one.items():
        if said != other[key]:
            at = next((i for i, (a, b) in enumerate(zip(said, other[key], strict=False)) if a != b), 0)
            found[key] = f"{said[max(0, at - 60) : at + 60]!r} … {other[key][max(0, at - 60) : at + 60]!r}"
    return found


async def test_hidden_cases_like_those_one_sees_change_no_answer(city: City, visible: None) -> None:
    before = await asked(city, ASKING, (LEAD, TWIN))
    everybody = tuple(PEOPLE.values())
    for number, make in zip(HIDDEN[:3], ("approve_stage", "assigned", "sign_off_stage"), strict=True):
        case = SITUATIONS[make]()
        content = filing_of(case).content.model_copy(update={"accused_persons": everybody, "text": LAMP})
        case.events[0] = filing_of(case).model_copy(update={"content": content})
        await filed(city, number, case, LAMP)
        state = await city.door.system.record.state(number)
        assert state is not None
        assert not any(may_see(state, who) for who in WHO.values())
    found = await Resemblances(city.database).of(LEAD, SYSTEM)
    assert {one.number for one in found} >= set(HIDDEN[:3]), "who sees all finds them"
    assert differing(before, await asked(city, ASKING, (LEAD, TWIN))) == {}


async def test_a_hidden_number_is_answered_as_one_nobody_has(city: City, visible: None) -> None:
    hidden = await asked(city, ASKING, (HIDDEN[0],), only_of_cases=True)
    nobody = await asked(city, ASKING, (NOWHERE,), only_of_cases=True)
    same = {tuple(part.replace(NOWHERE, HIDDEN[0]) for part in key): said for key, said in nobody.items()}
    assert differing(hidden, {key: said.replace(NOWHERE, HIDDEN[0]) for key, said in same.items()}) == {}


async def appended(city: City, number: str, actor: Actor, command: c.Command) -> None:
    """Commits what that command decides, as the workflow does."""
    record = city.door.system.record
    state = await record.state(number)
    decided = decide(state, c.Order(actor=actor, command=command), LATER)
    assert state is not None and not isinstance(decided, Refusal), decided
    order = CommitOrder(
        number=number,
        command_id=f"{command.kind}-{state.seq}",
        actor=actor,
        events=tuple(decided),
        expected_seq=state.seq,
    )
    await record.commit(order)


async def test_a_case_that_joined_and_is_not_seen_is_named_at_no_door(city: City, visible: None) -> None:
    far, later = HIDDEN[3], NOWHERE
    case = approve_stage()
    first = filing_of(case)
    moved = {"content": first.content.model_copy(update={"unit": "WC/LQ/01"}), "accountable": "WC/LQ"}
    case.events[0] = first.model_copy(update=moved | {"registrar": "WC/LQ"})
    await filed(city, far, case, LAMP)
    member = await city.door.system.record.state(far)
    assert member is not None
    assert not any(may_see(member, WHO[position]) for position in OF_THE_BRANCH)
    await appended(city, LEAD, SYSTEM, c.AdmitMember(number=far, party=party_of(member)))
    await appended(city, LEAD, WHO["operator"], c.Remark(text=f"与 {far} 及 {later} 同一事"))
    lead = await city.door.system.record.state(LEAD)
    assert lead is not None and lead.members == (far,)
    told = await asked(city, OF_THE_BRANCH, (LEAD, TWIN))
    assert {key for key, said in told.items() if far in said or "member_admitted" in said or later in said} == set()
    assert sum(HIDDEN_NUMBER in said for said in told.values()) > len(OF_THE_BRANCH)
    everything = await asked(city, ("auditor",), (LEAD,))
    assert any(far in said for said in everything.values()), "who sees both is told of both"
    async with city.machine("operator") as machine:
        refused: Any = await machine.post(
            f"/api/v1/petitions/{LEAD}/actions/merge", json={"into": TWIN, "basis": "same_matter"}
        )
    assert refused.json()["code"] == "merge_has_members"
    assert far not in refused.text and HIDDEN_NUMBER in refused.text
