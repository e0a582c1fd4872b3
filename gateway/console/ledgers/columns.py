"""The columns of a ledger, each with what it says of a case: one rule for the screen and for the export."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from activities.record.views import CaseLine
from schemas.organisation.names import Names
from schemas.petition.wording.moments import due_by, local

Term = Callable[[str | None], str]


@dataclass(frozen=True)
class Wording:
    """The words a reader gets: terms in their language, names of units and channels."""

    term: Term
    clock: Term
    names: Names
    channels: Mapping[str, str]


@dataclass(frozen=True)
class Column:
    """``said``: what stands in it, as plain text."""

    name: str
    zh: str
    en: str
    said: Callable[[CaseLine, Wording], str]
    usual: bool = True


def due_said(line: CaseLine, words: Wording) -> str:
    """The promise that ends first, and when."""
    if line.due is None or line.sealed_at is not None:
        return ""
    unsure = words.term("provisional") if line.due_provisional else ""
    return " ".join(filter(None, (words.clock(line.due_clock), due_by(line.due), unsure)))


COLUMNS: tuple[Column, ...] = (
    Column("number", "编号", "Number", lambda line, words: line.number),
    Column("title", "标题", "Title", lambda line, words: line.title),
    Column("ledger", "账别", "Ledger", lambda line, words: words.term(line.ledger)),
    Column("stage", "环节", "Stage", lambda line, words: words.term(line.stage.value)),
    Column("due", "期限", "Due", due_said),
    Column("card", "牌", "Card", lambda line, words: words.term(line.card)),
    Column("unit", "归属单位", "Unit", lambda line, words: words.names.unit(line.unit)),
    Column("lead", "主办", "Lead office", lambda line, words: words.names.unit(line.lead), usual=False),
    Column("received", "收到", "Received", lambda line, words: local(line.received_at)),
    Column("owner", "责任在", "With", lambda line, words: words.names.unit(line.owner), usual=False),
    Column(
        "accountable", "责任单位", "Accountable", lambda line, words: words.names.unit(line.accountable), usual=False
    ),
    Column(
        "channel", "渠道", "Channel", lambda line, words: words.channels.get(line.channel, line.channel), usual=False
    ),
    Column("category", "分类", "Category", lambda line, words: line.category, usual=False),
    Column("complexity", "难易", "Complexity", lambda line, words: words.term(line.complexity), usual=False),
    Column("round", "轮次", "Round", lambda line, words: str(line.round), usual=False),
    Column("ground", "结案依据", "Ground", lambda line, words: words.term(line.ground), usual=False),
    Column("sealed", "销号", "Sealed", lambda line, words: local(line.sealed_at), usual=False),
    Column("source_id", "来源编号", "Source id", lambda line, words: line.source_event_id, usual=False),
)


def chosen(names: Sequence[str]) -> tuple[Column, ...]:
    """The columns of these names, in the order of the ledger; the usual ones where none is named. The number always stands first."""
    wanted = set(names) & {column.name for column in COLUMNS}
    return tuple(
        column for column in COLUMNS if column.name == "number" or (column.name in wanted if wanted else column.usual)
    )
