"""What was done to a chain that does not hold: each explanation is tried, and one under which the chain holds again is taken.

What is explained is put right in memory, so that the next thing wrong is found behind it; what nothing explains is named and passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from activities.evidence.verify.chain.links import Chain, Link, numbering
from activities.evidence.verify.chain.repair import Search
from schemas.evidence.finding import Finding, finding

MOST_SHIFTED = 5
"""Events inserted or deleted in one place that are still recognised by the renumbering of the rest."""
MOST_GIVEN_UP = 20
"""Events of one case that nothing explains, after which no more explanations are looked for."""
MOST_SWAPPED = 12
"""Broken places among which two exchanged events are looked for."""


def diagnose(chain: Chain, witnesses: Mapping[int, bytes], search: Search) -> None:
    """Explains every broken place of the chain into ``chain.findings``. ``witnesses``: links others have kept, by event."""
    numbering(chain)
    given_up = 0
    while broken := chain.broken():
        place = broken[0]
        if given_up == MOST_GIVEN_UP:
            chain.opaque.update(chain.links[each].row.seq for each in broken)
            return
        explained = (
            _algorithm_altered(chain, place)
            or _link_altered(chain, place, witnesses)
            or _swapped(chain, broken[:MOST_SWAPPED])
            or _renumbered(chain, place)
            or _field_altered(chain, place, search)
        )
        if not explained:
            given_up += 1
            chain.opaque.add(chain.links[place].row.seq)


def moved_from(chain: Chain) -> str | None:
    """The case whose chain this is, under another case's number; None where it is none of whole cloth."""
    number = chain.links[0].stored.get("number") if chain.links else None
    if not isinstance(number, str) or number == chain.number:
        return None
    trial = Chain(number, [each.as_at(each.row.seq, number) for each in chain.links])
    return None if trial.broken() else number


def _algorithm_altered(chain: Chain, place: int) -> bool:
    """The column that names the algorithm is outside the hash; under the right one the link follows."""
    row = chain.links[place].row
    for algorithm in ("sha256", "sm3"):
        if algorithm == row.algorithm:
            continue
        trial = Chain(chain.number, list(chain.links))
        trial.links[place] = Link(row._replace(algorithm=algorithm), chain.links[place].stored)
        if trial.holds(place):
            chain.links[place] = trial.links[place]
            chain.findings.append(
                finding(
                    "column_disagrees",
                    chain.number,
                    row.seq,
                    field="algorithm",
                    found=row.algorithm,
                    expected=algorithm,
                )
            )
            return True
    return False


def _link_altered(chain: Chain, place: int, witnesses: Mapping[int, bytes]) -> bool:
    each = chain.links[place]
    previous = chain.previous(place)
    computed = None if previous is None else each.after(previous)
    if computed is None:
        return False
    following = _next(chain, place)
    confirmed = (
        witnesses.get(each.row.seq) == computed
        if following is None
        else following.after(computed) == following.row.link
    )
    if not confirmed:
        return False
    chain.findings.append(
        finding(
            "event_altered",
            chain.number,
            each.row.seq,
            field="link",
            found=each.row.link.hex(),
            expected=computed.hex(),
        )
    )
    chain.links[place] = Link(each.row._replace(link=computed), each.stored)
    return True


def _next(chain: Chain, place: int) -> Link | None:
    if place + 1 >= len(chain.links):
        return None
    following = chain.links[place + 1]
    return following if following.row.seq == chain.links[place].row.seq + 1 else None


def _swapped(chain: Chain, broken: list[int]) -> bool:
    for first, place in enumerate(broken):
        for other in broken[first + 1 :]:
            for one, two in _exchanges(chain.links[place], chain.links[other]):
                trial = Chain(chain.number, list(chain.links))
                trial.links[place], trial.links[other] = one, two
                if trial.holds(place) and trial.holds(other):
                    chain.links[:] = trial.links
                    chain.findings.append(finding("events_swapped", chain.number, one.row.seq, other=two.row.seq))
                    return True
    return False


def _exchanges(one: Link, two: Link) -> Iterator[tuple[Link, Link]]:
    """What may have been exchanged: whole rows with their links, rows without them, or contents alone."""
    first = two.as_at(one.row.seq, one.row.case_number)
    second = one.as_at(two.row.seq, two.row.case_number)
    yield first, second
    yield (
        Link(first.row._replace(link=one.row.link), first.stored),
        Link(second.row._replace(link=two.row.link), second.stored),
    )
    yield (
        Link(one.row._replace(kind=two.row.kind, at=two.row.at, payload=two.row.payload), two.stored),
        Link(two.row._replace(kind=one.row.kind, at=one.row.at, payload=one.row.payload), one.stored),
    )


def exchanged(one: Chain, other: Chain) -> list[Finding]:
    """Events that were exchanged between two cases, each of which nothing else explains; both chains are put right."""
    found: list[Finding] = []
    for here in sorted(one.opaque):
        for there in sorted(other.opaque):
            place, place_there = one.place(here), other.place(there)
            if place is None or place_there is None:
                continue
            for first, second in _exchanges(one.links[place], other.links[place_there]):
                mine, theirs = Chain(one.number, list(one.links)), Chain(other.number, list(other.links))
                mine.links[place], theirs.links[place_there] = first, second
                if mine.holds(place) and theirs.holds(place_there):
                    one.links[:], other.links[:] = mine.links, theirs.links
                    found.append(_exchanged(one, here, other, there))
                    found.append(_exchanged(other, there, one, here))
                    break
    for chain in (one, other) if found else ():
        for seq in list(chain.opaque):
            place = chain.place(seq)
            if place is not None and chain.holds(place):
                chain.opaque.discard(seq)
    return found


def _exchanged(chain: Chain, seq: int, other: Chain, other_seq: int) -> Finding:
    return finding("event_exchanged", chain.number, seq, found=other.number, other=other.number, other_seq=other_seq)


def unexplained(chain: Chain, vouched: Mapping[int, bytes]) -> Iterator[Finding]:
    """Events that were altered, nothing more being known. Of several in a row only the first is sure: what follows hangs on its link."""
    begun: int | None = None
    for seq in sorted(chain.opaque - chain.unreadable):
        if begun is not None and seq - 1 in chain.opaque:
            continue
        begun = seq
        until = seq
        while until + 1 in chain.opaque:
            until += 1
        or_zh = or_en = ""
        if until > seq:
            or_zh, or_en = f"（至第 {until} 条均接不上）", f" (up to event {until} none follows)"
        elif seq > 1 and seq - 1 not in chain.missing and vouched.get(seq - 1) is None:
            or_zh = f"（或第 {seq - 1} 条被改动并重算了它自己的链值）"
            or_en = f" (or event {seq - 1} was, and its own link recomputed)"
        yield finding("event_altered", chain.number, seq, or_zh=or_zh, or_en=or_en)


def _renumbered(chain: Chain, place: int) -> bool:
    return any(
        _deleted(chain, place, count) or _inserted(chain, place, count) or _inserted(chain, place - 1, count)
        for count in range(1, MOST_SHIFTED + 1)
    )


def _deleted(chain: Chain, place: int, count: int) -> bool:
    """From here on every event was ``count`` places further."""
    shifted = [each.as_at(each.row.seq + count) for each in chain.links[place:]]
    trial = Chain(chain.number, [*chain.links[:place], *shifted])
    # The first follows what is gone; it takes another one to tell.
    if len(shifted) < 2 or not all(trial.holds(at) for at in range(place + 1, len(trial.links))):
        return False
    seq = chain.links[place].row.seq
    chain.links[:] = trial.links
    chain.missing.update(range(seq, seq + count))
    chain.findings.append(
        finding(
            "event_missing",
            chain.number,
            seq,
            count=count,
            renumbered_zh="，其后的事件重新编号",
            renumbered_en=", and the rest renumbered",
        )
    )
    return True


def _inserted(chain: Chain, place: int, count: int) -> bool:
    """Without ``count`` events from here the rest holds, numbered as it was."""
    if place < 0 or place + count >= len(chain.links):
        return False
    rest = [each.as_at(each.row.seq - count) for each in chain.links[place + count :]]
    trial = Chain(chain.number, [*chain.links[:place], *rest])
    if not all(trial.holds(at) for at in range(place, len(trial.links))):
        return False
    for each in chain.links[place : place + count]:
        chain.findings.append(finding("event_inserted", chain.number, each.row.seq))
    chain.links[:] = trial.links
    return True


def _field_altered(chain: Chain, place: int, search: Search) -> bool:
    """One field, put back, makes the chain hold: of this event, or of the one before, whose own link was then recomputed."""
    each = chain.links[place]
    previous = chain.previous(place)
    if previous is None:
        return False
    found = search.altered(chain, place, lambda trial: trial.after(previous) == each.row.link)
    if found is not None:
        chain.links[place] = found.link
        chain.findings.append(found.finding)
        return True
    earlier = chain.previous(place - 1) if place else None
    if earlier is None or chain.links[place - 1].row.seq in chain.opaque:
        return False

    def carried(trial: Link) -> bool:
        made = trial.after(earlier)
        return made is not None and each.after(made) == each.row.link

    found = search.altered(chain, place - 1, carried)
    if found is None:
        return False
    row = found.link.row._replace(link=found.link.after(earlier) or b"")
    chain.links[place - 1] = Link(row, found.link.stored)
    chain.findings.append(found.finding)
    return True
