"""What today's code decided, held against the record: pure, event by event, up to the first difference."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.evidence.chain import Recorded
from schemas.petition.events import Event
from schemas.petition.rules import evolve
from schemas.petition.state import Petition
from workers.replay.engine_said import Said, said
from workers.replay.offers import Offer
from workers.replay.replaying import Replayed, taken_over
from workers.replay.verdict import Difference, Outcome, Verdict, field_differences, not_followed, side


class _Record:
    """The record of a case from some state on (None: from its filing), folded as far as it is asked for."""

    def __init__(self, rows: Sequence[Recorded], began: Petition | None) -> None:
        self.rows = rows
        self.before = began.seq if began is not None else 0
        self._began = began
        self._seq, self._state = self.before, began

    @property
    def last(self) -> int:
        return self.before + len(self.rows)

    def event(self, seq: int) -> Event | None:
        return self.rows[seq - self.before - 1].event if self.before < seq <= self.last else None

    def state(self, seq: int) -> Petition | None:
        """The state after event ``seq``; runs come in order, so it is hardly ever folded twice."""
        if seq < self._seq:
            self._seq, self._state = self.before, self._began
        for row in self.rows[self._seq - self.before : max(0, seq - self.before)]:
            self._state = evolve(self._state, row.event)
        self._seq = seq
        return self._state


def compared(
    case: str, runs: Sequence[Replayed], recorded: Sequence[Recorded], *, began: Petition | None = None
) -> Verdict:
    """The verdict on a case: ``runs`` oldest first, ``recorded`` all of its rows in order, read after the histories were.

    A history that is still growing may be one command behind the record: what it does not hold yet is neither right nor wrong.
    ``began``: the state from which on ``runs`` and ``recorded`` tell the case, where they do not from its filing.
    """
    record = _Record(recorded, began)
    reached, told = record.before, 0
    growing = False
    for run in runs:
        begun = said(run.history)
        growing = not begun.closed
        difference = _beginning(begun, record, reached)
        if difference is None:
            difference, reached, more = _run(run, begun, record, reached)
            told += more
        if difference is not None:
            return _verdict(case, runs, reached, told, difference)
    ahead = record.last - reached
    difference = None
    if ahead and not runs:
        difference = _no_history(reached + 1, record.last)
    elif ahead and not (growing and len({row.command_id for row in recorded[reached - record.before :]}) == 1):
        difference = _long(record, reached)
    return _verdict(case, runs, reached, told, difference, ahead)


def _verdict(
    case: str, runs: Sequence[Replayed], reached: int, told: int, difference: Difference | None, ahead: int = 0
) -> Verdict:
    outcome = Outcome.SAME
    if difference is not None:
        outcome = Outcome.MISSING if difference.code == "missing" else Outcome.DIFFERS
    return Verdict(
        case=case,
        outcome=outcome,
        runs=len(runs),
        events=reached,
        told=told,
        ahead=ahead if difference is None else 0,
        difference=difference,
    )


def _beginning(begun: Said, record: _Record, reached: int) -> Difference | None:
    """What a run began from must be the fold of the record at that place."""
    state = begun.state
    if state is None:
        return None
    if state.seq > reached:
        return _no_history(reached + 1, state.seq)
    if record.state(state.seq) == state:
        return None
    return Difference(
        code="state",
        zh=f"这次运行开始时的状态，与记录到第 {state.seq} 条为止的状态不同。",
        en=f"The state this run began from is not the state of the record after event {state.seq}.",
        seq=state.seq,
        run_id=begun.run_id,
        history_event=1,
    )


def _run(run: Replayed, begun: Said, record: _Record, reached: int) -> tuple[Difference | None, int, int]:
    """The first difference of a run, how far the record is decided alike after it, and how much of that the record told by itself."""
    told = 0
    for offer in run.offers:
        after = offer.order.expected_seq
        if after > reached:
            return _no_history(reached + 1, after), reached, told
        if offer.answer is None and run.failure is None:
            # The history ends before the answer; what the record holds there was read later.
            break
        taken = taken_over(offer)
        difference = _differing(taken, after, record, begun.run_id)
        if difference is not None:
            same = difference.seq - 1 if difference.seq else after
            return _with(difference, run.failure), max(reached, same), told
        if offer.answer is not None:
            if not _own(offer, taken):
                told += max(0, after + len(taken) - reached)
            reached = max(reached, after + len(taken))
    if run.failure is not None:
        return not_followed(run.failure, begun.run_id, reached + 1, record.event(reached + 1)), reached, told
    return _conversation(run, begun, reached), reached, told


def _own(offer: Offer, taken: tuple[Event, ...]) -> bool:
    """Whether these events were decided here: an answer that repeats the offer came from a second attempt at the same commit."""
    own = offer.order.events
    return bool(own) and taken[-len(own) :] == own if taken else True


def _differing(decided: Sequence[Event], after: int, record: _Record, run_id: str) -> Difference | None:
    for seq, event in enumerate(decided, start=after + 1):
        held = record.event(seq)
        if held == event:
            continue
        if held is None:
            return Difference(
                code="record_short",
                zh=f"第 {seq} 条曾被决定并写入，记录里却没有。",
                en=f"Event {seq} was decided and written, and the record has it no more.",
                seq=seq,
                decided=side(seq, event),
                run_id=run_id,
            )
        return Difference(
            code="decision",
            zh=f"第 {seq} 条不同：记录为“{side(seq, held).zh}”，今天的程序决定“{side(seq, event).zh}”。",
            en=f"Event {seq} differs: recorded “{side(seq, held).en}”, today's code decides “{side(seq, event).en}”.",
            seq=seq,
            recorded=side(seq, held),
            decided=side(seq, event),
            fields=field_differences(held, event) if held.kind == event.kind else (),
            run_id=run_id,
        )
    return None


def _with(difference: Difference, failure: Exception | None) -> Difference:
    return difference if failure is None else difference.model_copy(update={"sdk": str(failure)})


def _conversation(run: Replayed, begun: Said, reached: int) -> Difference | None:
    """What other cases and the people at the desk were told: the SDK compares neither."""
    for at, (sent, message) in enumerate(zip(begun.relays, run.relays, strict=False)):
        if sent.message != message:
            return Difference(
                code="told",
                zh=f"发给另一件的第 {at + 1} 条消息不同：历史中为 {sent.message.workflow_id}，今天的程序发给 {message.workflow_id}。",
                en=f"Message {at + 1} to another case differs: sent to {sent.message.workflow_id}, today's code tells {message.workflow_id}"
                " or says something else.",
                seq=reached,
                run_id=begun.run_id,
                history_event=sent.number,
            )
    for update_id, (number, code) in begun.refused.items():
        today = run.refused.get(update_id, "")
        if today != code:
            return Difference(
                code="answer",
                zh=f"一条被受理后又拒绝的指令，当时的理由是 {code or '无'}，今天是 {today or '无'}。",
                en=f"An order let in and then refused was answered {code or 'nothing'}; today's code answers {today or 'nothing'}.",
                seq=reached,
                run_id=begun.run_id,
                history_event=number,
            )
    return None


def _no_history(first: int, last: int) -> Difference:
    return Difference(
        code="missing",
        zh=f"第 {first} 至 {last} 条没有流程历史：所查的来源里都没有。",
        en=f"Events {first} to {last} have no history in any source that was asked.",
        seq=first,
    )


def _long(record: _Record, reached: int) -> Difference:
    seq = reached + 1
    held = record.event(seq)
    more = record.last - reached
    return Difference(
        code="record_long",
        zh=f"记录自第 {seq} 条起多出 {more} 条，流程历史中没有人作过这些决定。",
        en=f"From event {seq} on the record has {more} more that nobody decided in any history.",
        seq=seq,
        recorded=side(seq, held) if held is not None else None,
    )
