"""What other tables say of a case's events: the commands that wrote them, the head of the case, its number, its petitioners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from activities.evidence.verify.chain.links import Chain
from activities.evidence.verify.rows import CaseRows, CommandRow
from activities.record.intake import content_hash
from activities.record.rows import petitioner_row
from schemas.evidence.finding import Finding, finding
from schemas.petition.events import FiledContent, Petitioner
from schemas.petition.wording.witnesses import WITNESSES


@dataclass(frozen=True)
class Reach:
    """How far each witness says a case went: the last event it knows of."""

    by: Mapping[str, int]

    @classmethod
    def of(cls, case: CaseRows) -> Reach:
        """From every table that names events by their number."""
        told = {
            "commands": [command.last_seq for command in case.commands],
            "cases": [head.seq for head in case.heads],
            "log": [leaf.seq for leaf in case.heads_logged],
            "seals": [seal.seq for seal in case.seals],
        }
        return cls({witness: max(seqs) for witness, seqs in told.items() if seqs})

    def beyond(self, last: int) -> dict[str, int]:
        """The witnesses of events after ``last``."""
        return {witness: seq for witness, seq in self.by.items() if seq > last}


def witnesses(names: Mapping[str, int]) -> dict[str, Any]:
    """The witnesses as both sentences name them."""
    return {
        "witnesses_zh": "、".join(WITNESSES[name][0] for name in names),
        "witnesses": ", ".join(WITNESSES[name][1] for name in names),
    }


def deleted(case: CaseRows) -> Iterator[Finding]:
    """A case that has no events any more."""
    told = Reach.of(case).beyond(0)
    if any(row.filed_at is not None for row in case.intake):
        told["intake"] = 1
    if case.petitioners:
        told["petitioners"] = 1
    if case.archives:
        told["archives"] = 1
    if told:
        yield finding("case_deleted", case.number, **witnesses(told))


def ends(case: CaseRows, chain: Chain) -> Iterator[Finding]:
    """Whether the record ends where others saw it end."""
    last, reach = chain.last, Reach.of(case)
    ahead = reach.beyond(last)
    head = case.heads[0] if case.heads else None
    if set(ahead) - {"cases"}:
        yield finding(
            "events_truncated",
            chain.number,
            last + 1,
            expected=str(max(ahead.values())),
            last=last,
            **witnesses(ahead),
        )
        return
    if head is None:
        yield finding("head_missing", chain.number)
    elif head.seq != last:
        if reach.by.get("commands", 0) >= last:
            yield finding("head_disagrees", chain.number, field="seq", found=str(head.seq), expected=str(last))
        else:
            for seq in range(reach.by.get("commands", 0) + 1, last + 1):
                chain.rewritten.add(seq)
                yield finding("event_appended", chain.number, seq)


def commands(case: CaseRows, chain: Chain) -> Iterator[Finding]:
    """Whether the commands are those that wrote the events, each exactly its own."""
    wrote: dict[str, set[int]] = {}
    for each in chain.links:
        wrote.setdefault(each.row.command_id, set()).add(each.row.seq)
    last = chain.last
    rows = {command.command_id: command for command in case.commands}
    strangers = {name: command for name, command in rows.items() if name not in wrote and _range(command, chain, last)}
    for name, seqs in wrote.items():
        row = rows.get(name)
        if row is None:
            yield from _unclaimed(chain, name, seqs, strangers, last)
        elif (claimed := _range(row, chain, last)) != seqs and not seqs & chain.doubtful:
            yield from _altered(chain, row, seqs, claimed)
    for name, command in strangers.items():
        # Those of events nobody can read any more are theirs.
        if not _range(command, chain, last) & chain.doubtful:
            yield finding("command_inserted", chain.number, command.first_seq, command=name)


def _range(command: CommandRow, chain: Chain, last: int) -> set[int]:
    claimed = range(command.first_seq, min(command.last_seq, last) + 1)
    return set(claimed) - chain.missing


def _unclaimed(
    chain: Chain, name: str, seqs: set[int], strangers: dict[str, CommandRow], last: int
) -> Iterator[Finding]:
    other = next((row for row in strangers.values() if _range(row, chain, last) == seqs), None)
    if other is not None:
        del strangers[other.command_id]
        if not seqs & chain.doubtful:
            yield finding(
                "command_altered",
                chain.number,
                min(seqs),
                field="command_id",
                found=other.command_id,
                expected=name,
                command=name,
            )
    elif not seqs & chain.doubtful:
        yield finding("command_missing", chain.number, min(seqs))


def _altered(chain: Chain, row: CommandRow, seqs: set[int], claimed: set[int]) -> Iterator[Finding]:
    first = not claimed or min(claimed) != min(seqs)
    field, found, expected = ("first_seq", row.first_seq, min(seqs)) if first else ("last_seq", row.last_seq, max(seqs))
    yield finding(
        "command_altered",
        chain.number,
        min(seqs),
        field=field,
        found=str(found),
        expected=str(expected),
        command=row.command_id,
    )


def filing(case: CaseRows, chain: Chain) -> Iterator[Finding]:
    """The number, given for exactly this content, and the petitioners, each as the events have them."""
    content = _filed(chain)
    if not case.intake:
        yield finding("intake_missing", case.number)
    for row in case.intake:
        if row.filed_at is None:
            yield finding("intake_altered", case.number, field="filed_at")
        if content is None:
            continue
        if row.content_hash != content_hash(content):
            yield finding("intake_altered", case.number, field="content_hash", found=row.content_hash.hex())
        for name in ("source", "source_event_id"):
            if getattr(row, name) != getattr(content, name):
                yield finding(
                    "intake_altered",
                    case.number,
                    field=name,
                    found=getattr(row, name),
                    expected=getattr(content, name),
                )
    yield from _petitioners(case, chain)


def _filed(chain: Chain) -> FiledContent | None:
    first = chain.links[0] if chain.links else None
    if first is None or first.row.seq != 1 or 1 in chain.doubtful:
        return None
    try:
        return FiledContent.model_validate(first.stored.get("content"))
    except ValidationError:
        return None


def _petitioners(case: CaseRows, chain: Chain) -> Iterator[Finding]:
    brought = _brought(chain)
    if brought is None:
        return
    expected = [petitioner_row(case.number, position, each) for position, each in enumerate(brought)]
    rows = {row.position: row for row in case.petitioners}
    for position, wanted in enumerate(expected):
        row = rows.pop(position, None)
        if row is None:
            yield finding("petitioner_altered", case.number, position, field="position", expected=str(position))
            continue
        for name in ("alias", "representative"):
            if getattr(row, name) != wanted[name]:
                yield finding(
                    "petitioner_altered",
                    case.number,
                    position,
                    field=name,
                    found=str(getattr(row, name)),
                    expected=str(wanted[name]),
                )
        yield from _sealed(case.number, position, row.sealed, wanted["sealed"])
    for position in rows:
        yield finding("petitioner_altered", case.number, position, field="position", found=str(position))


def _sealed(number: str, position: int, found: Any, expected: Any) -> Iterator[Finding]:
    if found == expected:
        return
    if not (isinstance(found, dict) and isinstance(expected, dict)):
        yield finding("petitioner_altered", number, position, field="sealed")
        return
    here, there = cast("dict[str, Any]", found), cast("dict[str, Any]", expected)
    for name in sorted(here.keys() | there.keys()):
        if here.get(name) != there.get(name):
            # Masked or sealed, it is still about a person: the finding names the field and quotes nothing.
            yield finding("petitioner_altered", number, position, field=f"sealed.{name}")


def _brought(chain: Chain) -> list[Petitioner] | None:
    """The petitioners as the last event left them that brought any; None where the events can't tell."""
    if chain.doubtful or chain.missing:
        return None
    brought: Any = ()
    for each in chain.links:
        kind = each.stored.get("kind")
        if kind == "filed":
            brought = cast("Mapping[str, Any]", each.stored.get("content") or {}).get("petitioners") or ()
        elif kind == "amended":
            brought = each.stored.get("petitioners") or brought
    try:
        return [Petitioner.model_validate(each) for each in brought]
    except (ValidationError, TypeError):
        return None
