"""An auditor whom a case accuses is told at no door that it exists: by number or code, on a page or at the command line."""

from __future__ import annotations

from functools import partial

import pytest

from gateway.cli.audit.auditor import AuditDoor, case_meant, in_events
from gateway.doors import ADMINISTRATOR
from gateway.visible import visible_case, visible_case_if_any
from schemas.kernel.errors import UserError
from tests.access.conftest import City
from tests.access.situations import WHO

pytestmark = pytest.mark.asyncio(loop_scope="session")

AUDITOR = WHO["auditor"]


async def test_what_the_command_line_verifies_and_replays_is_only_what_its_auditor_may_see(city: City) -> None:
    """`audit verify` and `audit replay` found a case by a rule of their own, which asked nobody whether they may."""
    accusing, other = city.accusing["assign_stage"], city.numbers["assign_stage"]
    by_auditor, by_administrator = AuditDoor(city.door, AUDITOR, AUDITOR), AuditDoor(city.door, ADMINISTRATOR, None)
    for named in (accusing, f" {accusing.lower()} ", "WC-2026-C-777777"):
        with pytest.raises(UserError) as refused:
            await case_meant(by_auditor, named, partial(in_events, by_auditor))
        assert (refused.value.code, refused.value.facts["number"]) == ("case_unknown", named)
    assert await case_meant(by_auditor, other.lower(), partial(in_events, by_auditor)) == other
    assert await case_meant(by_administrator, accusing, partial(in_events, by_administrator)) == accusing


async def test_what_is_hidden_is_told_in_the_words_that_were_typed(city: City) -> None:
    """Named by a tracking code, it must not be answered by its number: that there is one would be told."""
    accusing = city.accusing["assign_stage"]

    async def by_code(named: str) -> str:
        return accusing

    with pytest.raises(UserError) as hidden:
        await visible_case(city.door.queries, "7K2MPQ9XW4HT", AUDITOR, by_code)
    assert accusing not in f"{hidden.value.zh}{hidden.value.en}{hidden.value.facts}"
    assert (await visible_case(city.door.queries, accusing, None)).state.number == accusing
    assert await visible_case_if_any(city.door.queries, accusing, AUDITOR) is None
