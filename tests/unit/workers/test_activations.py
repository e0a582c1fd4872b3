"""Tasks of workflows carried out in the worker's own loop: as by a pool of threads, and one that does not end is ended."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import pytest
import uvloop

from workers.activations import InlineExecutor, TaskOverdueError

LIMIT = 0.05

said: ContextVar[str] = ContextVar("said", default="nothing")


@pytest.fixture
def executor() -> Iterator[InlineExecutor]:
    with InlineExecutor(LIMIT) as executor:
        yield executor


async def carried_out(executor: InlineExecutor, work: Callable[..., object], *given: object) -> object:
    """As the SDK has it done."""
    return await asyncio.get_running_loop().run_in_executor(executor, work, *given)


async def test_it_gives_what_the_work_gives(executor: InlineExecutor) -> None:
    assert await carried_out(executor, sorted, [2, 1]) == [1, 2]


async def test_it_raises_what_the_work_raises(executor: InlineExecutor) -> None:
    with pytest.raises(ZeroDivisionError):
        await carried_out(executor, lambda: 1 / 0)


async def test_the_work_meets_no_task_and_no_context_of_its_caller(executor: InlineExecutor) -> None:
    said.set("something")

    def work() -> tuple[object, str]:
        found = asyncio.current_task(), said.get()
        said.set("something else")
        return found

    assert await carried_out(executor, work) == (None, "nothing")
    assert said.get() == "something"


async def test_a_loop_of_the_work_leaves_the_worker_its_own(executor: InlineExecutor) -> None:
    def work() -> str:
        # As a workflow does: its own loop is the running one while it runs, and none when it has run.
        asyncio._set_running_loop(None)  # pyright: ignore[reportPrivateUsage]
        return "done"

    loop = asyncio.get_running_loop()
    assert await carried_out(executor, work) == "done"
    assert asyncio.get_running_loop() is loop
    await asyncio.sleep(0)


async def test_what_is_no_longer_waited_for_is_not_begun(executor: InlineExecutor) -> None:
    begun: list[bool] = []
    waiting = asyncio.get_running_loop().run_in_executor(executor, begun.append, True)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    assert begun == []


def test_on_the_loop_of_production_too_whoever_waits_hears_why() -> None:
    """As the SDK waits: for two seconds, which must be longer than the work gets."""

    async def waits() -> None:
        with InlineExecutor() as executor:
            loop = asyncio.get_running_loop()
            bad = asyncio.create_task(asyncio.wait_for(loop.run_in_executor(executor, endless), 2))
            good = asyncio.create_task(asyncio.wait_for(loop.run_in_executor(executor, sorted, [2, 1]), 2))
            with pytest.raises(TaskOverdueError):
                await bad
            assert await good == [1, 2]

    uvloop.run(waits())


def endless() -> None:
    while True:
        pass


async def test_work_that_does_not_end_is_ended_and_says_where_it_stood(executor: InlineExecutor) -> None:
    with pytest.raises(TaskOverdueError, match=r"test_activations\.py:\d+ \(endless\)"):
        await carried_out(executor, endless)
    assert await carried_out(executor, sorted, [2, 1]) == [1, 2]


async def test_work_that_catches_its_end_has_failed_all_the_same(executor: InlineExecutor) -> None:
    def stubborn() -> str:
        try:
            endless()
        except BaseException:
            return "well"
        return "never"

    with pytest.raises(TaskOverdueError):
        await carried_out(executor, stubborn)


async def test_work_that_catches_its_end_and_goes_on_is_ended_again(executor: InlineExecutor) -> None:
    def very_stubborn() -> None:
        with contextlib.suppress(BaseException):
            endless()
        endless()

    with pytest.raises(TaskOverdueError):
        await carried_out(executor, very_stubborn)


async def test_an_end_that_comes_too_late_strikes_nobody_else(executor: InlineExecutor) -> None:
    def just_over() -> None:
        # Where the thread does not come to an instruction of Python, the end waits for it, and the work may be over by then.
        time.sleep(LIMIT * 1.5)

    for _ in range(10):
        with contextlib.suppress(TaskOverdueError):
            await carried_out(executor, just_over)
        assert await carried_out(executor, lambda: sum(range(1_000))) == 499_500
        await asyncio.sleep(0)
