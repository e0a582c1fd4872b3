"""A small record in which everything is as it must be: cases of every age, sealed and open, a journal, three checkpoints in a folder.

Made by the parts that make a real one: the lifecycle decides, the record commits, archive and log do their own work. Only the engine is
missing; the histories it would have kept are invented. Times are fixed, so that a test can name them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.evidence.archive import Archives, SealedRun
from activities.evidence.journal import Journal
from activities.evidence.log import MerkleLog
from activities.evidence.signing import Signer
from activities.evidence.store import CheckpointStore
from activities.personal import seal
from activities.record.case_record import CaseRecord
from activities.record.intake import CaseNumberAllocator
from schemas.evidence.archive import ArchiveDocument, EngineHistory
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM, Actor
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.commit import CommitOrder
from schemas.petition.events import Event, FiledContent, Petitioner
from schemas.petition.rules import decide, fold
from schemas.petition.state import Complexity, Ledger, Outcome, Petition
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData
from tests import strategies as s

RING = KeyRing([("k1", bytes(range(32)))])
ORIGIN = "sanzhang.example/record"
SIGNER = Signer(bytes(range(32)), ORIGIN)
HAPPY = c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True)
PUBLISH = c.Disclose(published=True, summary="路灯已修复", countersigned_by=s.AUDITOR.id)


@dataclass
class Book:
    """A record being written. ``now`` moves on with everything that happens."""

    engine: AsyncEngine
    folder: Path
    now: datetime = s.MONDAY
    states: dict[str, Petition] = field(default_factory=dict[str, Petition])
    decided: dict[str, list[Event]] = field(default_factory=dict[str, list[Event]])

    def __post_init__(self) -> None:
        self.record = CaseRecord(self.engine, clock=self._clock)
        self.numbers = CaseNumberAllocator(self.engine, RING, clock=self._clock)
        self.journal = Journal(self.engine, clock=self._clock)
        self.archives = Archives(self.engine, RING)
        self.log = MerkleLog(
            self.engine, CheckpointStore.at(str(self.folder)), SIGNER, origin=ORIGIN, clock=self._clock
        )

    def _clock(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        """Time goes on."""
        self.now += timedelta(**time)

    async def file(self, name: str, *, complexity: Complexity = Complexity.COMPLEX) -> str:
        """A case of one petitioner; its number."""
        personal = seal(
            RING, PersonalData(name="张三丰", phone=f"1381234{len(self.states):04d}", address="长沙市岳麓区")
        )
        content = FiledContent(
            source="12345",
            source_event_id=name,
            channel="12345",
            title=f"{name}路灯不亮",
            text=f"{name}路口的路灯坏了一个月，晚上行人很不安全。",
            submitted_at=self.now - timedelta(hours=3),
            ledger=Ledger.CLAIM,
            complexity=complexity,
            category="城乡建设/市政/路灯",
            unit=s.STATION,
            petitioners=(Petitioner(alias=f"A{len(self.states):04d}", sealed=personal),),
        )
        number = (await self.numbers.reserve(content, "XA", self.now)).number
        policy = s.FAST if complexity is Complexity.SIMPLE else s.REPORTED
        command = c.File(number=number, content=content, policy=policy, calendar=s.calendar())
        await self._commit(number, c.Order(actor=s.OPERATOR, command=command))
        return number

    async def act(self, number: str, actor: Actor, *commands: c.Command) -> None:
        """Commands of one person, a few minutes apart."""
        for command in commands:
            self.pass_(minutes=7)
            await self._commit(number, c.Order(actor=actor, command=command))

    async def _commit(self, number: str, order: c.Order) -> None:
        before = self.states.get(number)
        events = decide(before, order, self.now)
        if isinstance(events, Refusal):
            raise AssertionError(f"{order.command.kind}: {events.en}")
        seq = before.seq if before is not None else 0
        # The record is written a moment after the decision.
        self.now += timedelta(milliseconds=40)
        await self.record.commit(
            CommitOrder(
                number=number,
                command_id=f"{order.command.kind}-{seq}",
                expected_seq=seq,
                actor=order.actor,
                events=tuple(events),
            )
        )
        after = fold(events, before)
        assert after is not None
        self.states[number] = after
        self.decided.setdefault(number, []).extend(events)

    async def answered(self, name: str) -> str:
        """A complex case that waits for its revisit."""
        number = await self.file(name)
        await self.act(number, s.BRANCH_CHIEF, c.Approve())
        await self.act(number, s.SUPERVISOR, c.Assign(lead=s.NEXT_STATION, note="请尽快办理"))
        await self.act(number, s.NEXT_HANDLER, c.Accept(), c.ReportProgress(text="已派员到现场查看"))
        await self.act(number, s.NEXT_HANDLER, c.Reply(outcome=Outcome.SUPPORTED, text="已更换灯头，当晚恢复照明。"))
        return number

    async def sealed(self, name: str) -> str:
        """A closed case with its archive and its seal."""
        number = await self.answered(name)
        await self.act(number, s.VISITOR, HAPPY)
        await self.act(number, s.BRANCH_CHIEF, c.SignOff())
        await self.act(number, s.SUPERVISOR, PUBLISH)
        self.pass_(minutes=1)
        await self._archive(number)
        return number

    async def _archive(self, number: str) -> None:
        row = (await self.record.history(number))[-1]
        async with self.engine.connect() as connection:
            link = (
                await connection.exec_driver_sql(
                    "SELECT link FROM events WHERE case_number = $1 AND seq = $2", (number, row.seq)
                )
            ).scalar_one()
        run = self.states[number].run
        history = {"events": [{"eventId": str(at), "eventType": "EVENT"} for at in range(1, 30)]}
        document = ArchiveDocument(
            case=number,
            run=run,
            histories=(EngineHistory(workflow_id=f"petition-{number}", run_id=f"run-{run}", history=history),),
        )
        await self.archives.put(SealedRun(number, run, row.seq, link), document, self.now)


@dataclass(frozen=True)
class Cast:
    """The cases of the record, by what became of them."""

    sealed: str
    sealed_later: str
    reopened: str
    answered: str
    answered_too: str
    open: str
    young: str
    decided: dict[str, list[Event]]
    now: datetime


async def write(engine: AsyncEngine, folder: Path, before_last: Callable[[], Awaitable[None]]) -> Cast:
    """The whole record; ``before_last`` is called when two of its three checkpoints are made."""
    book = Book(engine, folder)
    sealed = await book.sealed("解放路")
    reopened = await book.sealed("五一路")
    open_ = await book.file("芙蓉路")
    await book.act(open_, s.BRANCH_CHIEF, c.Approve())
    await book.journal.append(
        EntryKind.REVEALED, s.AUDITOR, case_number=sealed, reason="核对", body={"fields": ["name"]}
    )
    await book.log.checkpoint()

    book.pass_(days=1)
    answered, answered_too = await book.answered("韶山路"), await book.answered("人民路")
    for lead in (open_,):
        await book.act(lead, s.SUPERVISOR, c.Assign(lead=s.NEXT_STATION), c.Urge(text="请抓紧", card="yellow"))
    await book.journal.append(EntryKind.RECONCILED, SYSTEM, body={"cases": 5})
    await book.journal.append(EntryKind.EXPORTED, s.AUDITOR, case_number=sealed, reason="复核", body={"full": False})
    await book.log.checkpoint()
    await before_last()

    book.pass_(days=1)
    sealed_later = await book.sealed("蔡锷路")
    reopen = c.Reopen(facts="路灯又坏了", policy=s.REPORTED, calendar=s.calendar())
    await book.act(reopened, s.OPERATOR, reopen)
    await book.act(reopened, s.BRANCH_CHIEF, c.Approve())
    await book.act(open_, s.NEXT_HANDLER, c.Accept())
    await book.journal.append(EntryKind.VERIFIED, SYSTEM, body={"findings": 0})
    await book.log.checkpoint()

    book.pass_(hours=2)
    young = await book.file("湘江路", complexity=Complexity.SIMPLE)
    await book.act(open_, s.NEXT_HANDLER, c.ReportProgress(text="配件已到"), c.Pause(reason="petitioner_material"))
    await book.journal.append(
        EntryKind.REVEALED, s.AUDITOR, case_number=open_, reason="回访", body={"fields": ["phone"]}
    )
    return Cast(
        sealed=sealed,
        sealed_later=sealed_later,
        reopened=reopened,
        answered=answered,
        answered_too=answered_too,
        open=open_,
        young=young,
        decided=book.decided,
        now=book.now + timedelta(hours=3),
    )
