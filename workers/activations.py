"""Carries out the tasks of workflows in the thread of the worker's own loop.

The SDK hands each to a thread of a pool and is handed the result back, so that it can see one that does not end. That changes thread four times at
each step of a case, for tasks that take less than a millisecond. Here a task is carried out where it arrives, and a thread that otherwise sleeps
sees and ends the one that does not end by itself. Until then, a second or so, the worker does nothing else: that is the price.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

LIMIT: Final = 1.0
"""Seconds a task may take. Well below the two after which the SDK itself no longer waits: what it waits for besides must still be in time."""


class TaskOverdueError(RuntimeError):
    """A workflow's code ran on and on without waiting for anything. Its task has failed; the engine hands it out again."""


class _EndedError(BaseException):
    """What is raised in the midst of such code. No ``Exception``, so that the code does not take it for one of its own."""


class InlineExecutor(ThreadPoolExecutor):
    """The executor of a worker's workflow tasks, for ``workflow_task_executor``. Begins no thread of a pool; it is one by its type only.

    Code that waits outside Python (which the sandbox of the tests refuses) is not ended before it comes back; the SDK's own watch does not end
    it either.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        super().__init__(max_workers=1)
        self._watch = _Watch(limit)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Carries ``fn`` out in the next turn of the running loop: no task of the loop is in the midst of a step then, and in a context of its own."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        loop.call_soon(self._carry_out, done, partial(fn, *args, **kwargs), context=Context())
        # Whoever waits for an executor in a loop takes a future of that loop as it is, and anything else by way of the loop's pipe to threads.
        return cast("Future[T]", done)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the watch too."""
        self._watch.end()
        super().shutdown(wait, cancel_futures=cancel_futures)

    def _carry_out(self, done: asyncio.Future[Any], work: Callable[[], Any]) -> None:
        if done.cancelled():
            return
        # A workflow has a loop of its own, and leaves none running behind it.
        loop = asyncio.get_running_loop()
        try:
            result = self._watch.watched(work)
        except BaseException as error:
            _run_again(loop)
            done.set_exception(error)
        else:
            _run_again(loop)
            done.set_result(result)


def _run_again(loop: asyncio.AbstractEventLoop) -> None:
    asyncio._set_running_loop(loop)  # pyright: ignore[reportPrivateUsage] - meant for whoever runs one loop in another


class _Watch:
    """Ends work that takes too long, in the thread that does it.

    No lock is held while the end may strike: it would stay held. Instead each says what it is about to do before it looks at the other: the watch
    that it is striking, the work that it is over.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._thread = 0
        self._overdue_at: float | None = None
        self._striking = False
        self._stood_at = ""
        self._over = threading.Event()
        threading.Thread(target=self._look, name="workflow-watch", daemon=True).start()

    def end(self) -> None:
        self._over.set()

    def watched(self, work: Callable[[], T]) -> T:
        """The result of the work. ``TaskOverdueError`` where it had to be ended, whatever came of it then."""
        try:
            self._stood_at, self._thread = "", threading.get_ident()
            self._overdue_at = time.monotonic() + self._limit
            try:
                result = work()
            finally:
                self._over_with()
        except BaseException:
            # It may also strike when the work is over and that is not known yet.
            self._over_with()
            self._check()
            raise
        self._check()
        return result

    def _over_with(self) -> None:
        self._overdue_at = None
        while self._striking:
            time.sleep(0)
        # Put off meanwhile, it may stand there again.
        self._overdue_at = None
        if self._stood_at:
            # What has not struck yet must not strike whoever comes next.
            _raise_in(self._thread, None)

    def _check(self) -> None:
        if self._stood_at:
            raise TaskOverdueError(
                f"a workflow did not wait for anything for {self._limit} s, last seen in {self._stood_at}"
            )

    def _look(self) -> None:
        while not self._over.wait(self._limit / 4):
            self._striking = True
            overdue_at, now = self._overdue_at, time.monotonic()
            if overdue_at is not None and now > overdue_at:
                # Once more after as long again: code can also catch what is no Exception.
                self._overdue_at = now + self._limit
                # The frames are not kept: what hangs on them must end in its own thread.
                self._stood_at = _place(sys._current_frames().get(self._thread))  # pyright: ignore[reportPrivateUsage] - documented, if for debuggers
                _raise_in(self._thread, _EndedError)
            self._striking = False


def _place(frame: FrameType | None) -> str:
    if frame is None:
        return "a thread that is gone"
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} ({frame.f_code.co_qualname})"


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Raises it in that thread when it comes to its next instruction; None takes back what has not been raised yet (PyThreadState_SetAsyncExc)."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error) if error else None)
