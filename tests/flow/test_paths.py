"""Each path of the lifecycle through the real engine, and once more with no case kept in a worker's memory."""

from __future__ import annotations

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.flow.house import House, opened
from tests.flow.paths import PATHS

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

HANDLED = "filed approved assigned accepted"
CLOSED = "revisit_recorded signed_off accounted disclosure_proposed disclosed sealed"
RECORDS: dict[str, list[str]] = {
    "straight_complex": [f"{HANDLED} replied {CLOSED}"],
    "straight_simple": [f"{HANDLED} replied {CLOSED}"],
    "returned": [
        "filed approved assigned return_requested return_refused accepted",
        "filed approved assigned return_requested return_upheld clock_set assigned accepted",
    ],
    "stretched": [
        f"{HANDLED} extension_requested extension_granted clock_set paused resumed clock_set escalated urged",
    ],
    "together": [
        f"{HANDLED} co_reported co_report_waived replied revisit_recorded sign_off_key_turned signed_off accounted"
        " disclosure_proposed disclosed sealed"
    ],
    "reworked": [
        f"{HANDLED} replied revisit_recorded reworked clock_set replied revisit_recorded terminated accounted"
        " disclosure_proposed disclosed sealed"
    ],
    "merged": [
        f"{HANDLED} member_admitted member_admitted member_released replied",
        "filed approved merged assigned replied",
        "filed approved merged unmerged",
    ],
    "overdue": [f"{HANDLED} escalated escalated escalated escalated escalated"],
    "handed_on": [
        "filed approved transfer_offered escalated escalated escalated transfer_timed_out escalated transfer_offered"
        " transfer_answered"
    ],
    "reopened": [
        f"{HANDLED} replied {CLOSED} retraction_proposed disclosure_retracted reopened clock_set clock_set clock_set"
        " clock_set approved"
    ],
}


async def walk(house: House, path: str) -> None:
    numbers = await PATHS[path](house)
    assert [" ".join(await house.kinds(number)) for number in numbers] == RECORDS[path]
    for number in numbers:
        await house.agreed(number)


@pytest.mark.parametrize("path", PATHS)
async def test_a_path_leaves_this_record(house: House, path: str) -> None:
    await walk(house, path)


@pytest.mark.parametrize("path", PATHS)
async def test_a_worker_that_remembers_nothing_comes_to_the_same(
    engine: WorkflowEnvironment, database_dsn: str, path: str
) -> None:
    async with opened(engine, database_dsn, cached_workflows=0) as house:
        await walk(house, path)
