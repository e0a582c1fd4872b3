"""The robots: at every moment one of them does the next thing that its case's plan asks for, through the desk, like everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random

from temporalio.exceptions import TemporalError

from activities.record.case_record import Clock, utc_now
from gateway.demo.offices.fates import pick
from gateway.demo.offices.plan import Case, Plan, Step
from gateway.demo.screen.book import Book, Seen
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition.commands import Command
from schemas.petition.refusals import SENTENCES
from schemas.petition.state import Stage
from workflows.contract import Answer

HANDLED = (Stage.APPROVE, Stage.ASSIGN, Stage.SUPERVISE)

BREATH = 0.3
"""Seconds between two steps of all robots together: what happens should be seen to happen."""

OPENING = 150.0
"""Seconds from the start in which the offices are quick, so that everything can be seen soon."""

PACES: tuple[tuple[float, float], ...] = ((1.2, 2.2), (1.5, 3.0), (4.0, 8.0), (8.0, 14.0))
"""From and to how many seconds a case rests between two steps, in the opening."""

STEADY = (8.0, 25.0)
"""The same afterwards."""

RESTING = 5.0
"""Seconds until a case that has nothing to do is asked again."""


Act = Callable[[str, Actor, Command, str], Awaitable[Answer]]
"""Carries an order to a case: number, who, what, and an id by which the same step repeated is one step."""


@dataclass(frozen=True)
class Refused:
    """A robot was refused, or the system was away."""

    number: str
    actor: str
    kind: str
    error: UserError


class Robots:
    """Plays the cases of one source. ``twins``: key of a message → key of the earlier one of the same matter."""

    def __init__(
        self,
        plan: Plan,
        book: Book,
        act: Act,
        source: str,
        twins: Mapping[str, str],
        heard: Callable[[Refused], None],
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._plan = plan
        self._book = book
        self._act = act
        self._source = source
        self._twins = twins
        self._heard = heard
        self._clock = clock
        self._turn: dict[str, float] = {}
        self._answered: dict[str, int] = {}
        self._refused: dict[str, tuple[int, frozenset[str]]] = {}
        self._began = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        while True:
            found = self.choose(loop.time())
            if found is not None:
                await self.carry_out(*found)
            await asyncio.sleep(BREATH)

    def choose(self, now: float) -> tuple[Seen, Step] | None:
        """The case whose turn it is at ``now`` (seconds of the loop's clock), and its step."""
        waiting: list[tuple[float, str, Seen]] = []
        for number, seen in self._book.cases.items():
            fresh = seen.state.seq >= self._answered.get(number, 0)
            if seen.source == self._source and seen.state.open and fresh:
                waiting.append((self._turn.setdefault(number, now + self._pause(seen, now)), number, seen))
        for turn, number, seen in sorted(waiting, key=lambda each: each[:2]):
            if turn > now:
                return None
            step = self._plan.next(self._case(seen), self._clock())
            if step is not None:
                return seen, step
            self._turn[number] = now + RESTING
        return None

    def _case(self, seen: Seen) -> Case:
        state = seen.state
        seq, refused = self._refused.get(state.number, (0, frozenset[str]()))
        twin = self._book.cases.get(self._book.number(self._source, self._twins.get(seen.key, "")))
        merging = twin is not None and state.stage in HANDLED and not seen.kinds["merged"] and _takes(twin)
        into = twin.state.number if merging and twin is not None else ""
        same_person = bool(into and twin and set(state.persons) & set(twin.state.persons))
        return Case(
            state=state,
            title=seen.title,
            done=seen.kinds,
            into=into,
            same_person=same_person,
            awaits=state.stage in HANDLED and self._awaits(seen),
            refused=refused if seq == state.seq else frozenset(),
        )

    def _awaits(self, seen: Seen) -> bool:
        for key, matter in self._twins.items():
            if matter != seen.key:
                continue
            twin = self._book.cases.get(self._book.number(self._source, key))
            if twin is None or (twin.state.stage in HANDLED and not twin.kinds["merged"]):
                return True
            # It has said that it follows; whether this case has taken note is another message under way.
            if twin.state.merged_into == seen.state.number and twin.state.number not in seen.state.members:
                return True
        return False

    async def carry_out(self, seen: Seen, step: Step) -> None:
        """Gives the order. Whatever is answered instead of yes is told, and the case gets its next turn."""
        loop = asyncio.get_running_loop()
        state, kind = seen.state, step.command.kind
        try:
            answer = await self._act(state.number, step.actor, step.command, f"demo-{state.run}-{state.seq}-{kind}")
        except UserError as error:
            if error.code in SENTENCES:
                seq, kinds = self._refused.get(state.number, (0, frozenset[str]()))
                self._refused[state.number] = state.seq, (kinds if seq == state.seq else frozenset()) | {kind}
            self._heard(Refused(number=state.number, actor=step.actor.id, kind=kind, error=error))
        except TemporalError as error:
            # Whatever else the engine says, the city goes on with its other cases.
            self._heard(Refused(number=state.number, actor=step.actor.id, kind=kind, error=_trouble(error)))
        else:
            self._answered[state.number] = answer.seq
        self._turn[state.number] = loop.time() + self._pause(seen, loop.time()) * (3 if kind == "pause" else 1)

    def _pause(self, seen: Seen, now: float) -> float:
        number = seen.state.number
        pace = pick(PACES, number, "pace") if now - self._began < OPENING else STEADY
        return Random(f"{number}/{seen.state.seq}").uniform(*pace)  # noqa: S311 - a rhythm, not a secret


def _takes(twin: Seen) -> bool:
    """Whether another case can still be merged into this one."""
    state = twin.state
    return state.stage in HANDLED and not state.merged_into and state.offer is None


def _trouble(error: TemporalError) -> UserError:
    return UserError(
        "engine_trouble",
        zh=f"流程引擎返回意外错误（{type(error).__name__}），稍后重试。",
        en=f"The engine answered with an unexpected error ({type(error).__name__}); it is tried again.",
    )
