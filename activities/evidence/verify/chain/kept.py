"""Links of a case that were kept elsewhere: in the log of checkpoints, in its seals, in the head of the case. A chain recomputed from a
forged event on holds in itself; it is these that contradict it, and between the last that agrees and the first that doesn't lies the forgery.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from activities.evidence.verify.chain.links import Chain, Link
from activities.evidence.verify.chain.repair import Search
from activities.evidence.verify.rows import CaseRows
from schemas.evidence.finding import Finding, finding
from schemas.petition.wording.witnesses import WITNESSES

MOST_SEARCHED = 30
"""Events of a bracket in which the altered field is looked for."""


class Kept(NamedTuple):
    """What a witness says the link of an event is."""

    seq: int
    link: bytes
    witness: str


def kept(case: CaseRows) -> list[Kept]:
    """The links kept of a case by others, in the order of its events; the log first where several speak of one."""
    found = [Kept(leaf.seq, bytes.fromhex(leaf.link), "log") for leaf in case.heads_logged]
    found += [Kept(seal.seq, seal.link, "seals") for seal in case.seals]
    found += [Kept(head.seq, head.link, "cases") for head in case.heads]
    return sorted(found, key=lambda each: (each.seq, each.witness != "log", each.witness != "seals"))


def contradictions(case: CaseRows, chain: Chain, search: Search) -> Iterator[Finding]:
    """What the links kept elsewhere say against the chain."""
    told = kept(case)
    while (first := _first(chain, told)) is not None:
        agreed, against = first
        repaired = _repaired(chain, agreed, against, search)
        if repaired is not None:
            yield repaired
            continue
        yield finding(
            "chain_rewritten",
            chain.number,
            agreed + 1,
            until=against.seq,
            witness_zh=WITNESSES[against.witness][0],
            witness=WITNESSES[against.witness][1],
        )
        chain.rewritten.update(range(agreed + 1, chain.last + 1))
        return
    yield from _own(case, chain, told)


def _first(chain: Chain, told: list[Kept]) -> tuple[int, Kept] | None:
    """The first witness against the chain, and the last event before it that is vouched for."""
    agreed = 0
    sure = _sure(chain, told)
    for each in told:
        link = chain.link_at(each.seq)
        if link is None or each.seq in chain.doubtful:
            continue
        if link == each.link:
            agreed = each.seq
        elif each.witness == "log" or (each.seq > sure and not _elsewhere(chain, each)):
            return agreed, each
    return None


def _sure(chain: Chain, told: list[Kept]) -> int:
    """The last event the log vouches for, until it first contradicts the chain."""
    sure = 0
    for each in told:
        if each.witness == "log" and (link := chain.link_at(each.seq)) is not None:
            if link != each.link:
                break
            sure = each.seq
    return sure


def _elsewhere(chain: Chain, each: Kept) -> bool:
    # The link is of the chain, but of another event: then it is the number beside it that was altered.
    return any(one.row.link == each.link for one in chain.links)


def _own(case: CaseRows, chain: Chain, told: list[Kept]) -> Iterator[Finding]:
    """Witnesses the log itself refutes: it is their own row that was altered."""
    runs = {(seal.seq, seal.link): seal.run for seal in case.seals}
    for each in told:
        link = chain.link_at(each.seq)
        if each.witness == "log" or link is None or link == each.link or each.seq in chain.doubtful:
            continue
        if each.link in chain.forged:
            continue
        if each.witness == "cases":
            if each.seq == chain.last:
                yield finding("head_disagrees", chain.number, field="link", found=each.link.hex(), expected=link.hex())
            continue
        true_seq = next((one.row.seq for one in chain.links if one.row.link == each.link), None)
        field, found, expected = (
            ("seq", str(each.seq), str(true_seq)) if true_seq is not None else ("link", each.link.hex(), link.hex())
        )
        yield finding(
            "seal_altered",
            chain.number,
            runs[each.seq, each.link],
            field=field,
            found=found,
            expected=expected,
            witness_zh=WITNESSES["chain"][0],
            witness=WITNESSES["chain"][1],
        )


def _repaired(chain: Chain, agreed: int, against: Kept, search: Search) -> Finding | None:
    """The field that, put back, makes the chain end in the link that was kept; the chain is put right with it."""
    last = chain.place(against.seq)
    if last is None:
        return None
    for seq in range(agreed + 1, min(against.seq, agreed + MOST_SEARCHED) + 1):
        place = chain.place(seq)
        previous = None if place is None else chain.previous(place)
        if place is None or previous is None:
            continue

        def ends(trial: Link, place: int = place, previous: bytes = previous) -> bool:
            made = trial.after(previous)
            for at in range(place + 1, last + 1):
                made = None if made is None else chain.links[at].after(made)
            return made == against.link

        found = search.altered(chain, place, ends)
        if found is not None:
            _relink(chain, place, found.link, previous)
            return found.finding
    return None


def _relink(chain: Chain, place: int, right: Link, previous: bytes) -> None:
    chain.links[place] = right
    for at in range(place, len(chain.links)):
        each = chain.links[at]
        made = each.after(previous)
        if made is None:
            return
        chain.forged.add(each.row.link)
        chain.links[at] = Link(each.row._replace(link=made), each.stored)
        previous = made
