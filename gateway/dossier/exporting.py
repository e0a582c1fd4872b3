"""Making a dossier: first the journal says that it is made, by whom and why; then it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from activities.personal import open_
from activities.record.queries import case_unknown
from gateway.doors import Door
from gateway.dossier.evidence import Evidence, evidence_of
from gateway.dossier.gathering import timeline_of
from gateway.dossier.packing import evidence_files, packed, proof_pages, readme
from gateway.dossier.pages import Edition, Names, pages
from gateway.dossier.printing import printed
from schemas.access.revealing import given, needs_of
from schemas.evidence.chain import Recorded
from schemas.evidence.journal import EntryKind
from schemas.evidence.timeline import Timeline, petitioners_of
from schemas.kernel.actor import Actor
from schemas.sealing.personal import PersonalData


@dataclass(frozen=True)
class Dossier:
    """A dossier as it is handed over. ``entry``: the number under which the journal has it."""

    number: str
    content: bytes
    entry: int
    evidence: Evidence
    told: Timeline


async def export(door: Door, number: str, maker: Actor, *, full: bool, reason: str, file: str) -> Dossier:
    """The dossier of a case that ``maker`` may see; ``file``: what it will be called.

    ``UserError`` of :func:`given` for a full one, whose reason is one that is listed or words; ``reveal_before_decision``,
    ``reveal_ceiling_reached``, ``key_missing``, and those of :func:`evidence_of`.
    """
    system = door.system
    if full:
        state = await system.record.state(number)
        if state is None:
            raise case_unknown(number)
        why = given(reason, "", needs_of(state, maker))
        book = await door.reading_book()
        entry = await book.enter(EntryKind.EXPORTED, state, maker, why, {"full": True})
    else:
        entry = await system.journal.append(
            EntryKind.EXPORTED, maker, case_number=number, reason=reason.strip(), body={"full": False}
        )
    because = entry.reason
    moment = max(datetime.now(UTC), entry.at)
    events = await system.record.history(number)
    told = await timeline_of(door, number, moment)
    clear = _opened(door, events) if full else None
    evidence = await evidence_of(system, number)
    redactor = await door.redacting.of_case(number, maker)
    redactor = redactor.only_numbers() if full else redactor
    told, events, evidence = redactor.model(told), redactor.model(events), evidence.masked(redactor)
    edition = Edition(made_at=entry.at, maker=maker, reason=because, clear=clear)
    content = await asyncio.to_thread(_made, told, events, edition, await _names(door), evidence, file)
    return Dossier(number=number, content=content, entry=entry.number, evidence=evidence, told=told)


def _made(
    told: Timeline, events: list[Recorded], edition: Edition, names: Names, evidence: Evidence, file: str
) -> bytes:
    contents = evidence_files(evidence, edition, told.matter)
    said = pages(told, events, edition, names, proof_pages(told, evidence, contents))
    contents["dossier.pdf"] = printed(said)
    contents["README.md"] = readme(told, edition, evidence, file)
    return packed(contents)


def _opened(door: Door, events: list[Recorded]) -> tuple[PersonalData | None, ...]:
    keyring = door.system.keyring
    return tuple(
        open_(keyring, each.sealed) if each.sealed is not None else None
        for each in petitioners_of(recorded.event for recorded in events)
    )


async def _names(door: Door) -> Names:
    organisation = await door.organisation()
    return Names(
        units={unit.path: unit.name for unit in organisation.units},
        people={person.id: person.name for person in organisation.people},
    )
