"""The events of a dossier: whether each follows from the one before, and what they were sealed as."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from gateway.offline.given import EVENTS, HISTORY, SEALS, Given, objects, strict_json
from gateway.offline.report import Report
from schemas.evidence.links import encoded, genesis, history_hash, link
from schemas.evidence.merkle import hashing


@dataclass
class Chain:
    """A chain as recomputed from its events: the case, and the link after each event (``links[0]``: after event 1) with its algorithm.

    ``withheld``: the events of which only the link is there.
    """

    case: str = ""
    links: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    withheld: tuple[int, ...] = ()

    def at(self, seq: int) -> tuple[str, str] | None:
        """The link after that event (hex) and its algorithm; None where there is no such event."""
        return self.links[seq - 1] if 1 <= seq <= len(self.links) else None


def check_events(given: Given, report: Report) -> Chain:
    """Recomputes the chain from the events alone; stops at the first event that does not follow."""
    chain = Chain()
    previous = b""
    withheld: list[int] = []
    lines = (given.read(EVENTS) or b"").split(b"\n")
    for seq, line in enumerate(lines if lines[-1] else lines[:-1], start=1):
        try:
            row = cast("dict[str, Any]", strict_json(line))
            algorithm, said = row["algorithm"], row["link"]
            hashing(algorithm)
            body = row["withheld"] if "body" not in row else row["body"]
            content = encoded(body) if "body" in row else None
            case, numbered = str(body["case"]), body["seq"]
        except (KeyError, TypeError, ValueError) as error:
            report.bad(
                "event_unreadable", f"第 {seq} 条事件无法读取：{error}", f"Event {seq} cannot be read: {error}", seq=seq
            )
            return chain
        if seq == 1:
            chain.case = case
            previous = genesis(case, algorithm)
        if (case, numbered) != (chain.case, seq):
            report.bad(
                "event_out_of_place",
                f"第 {seq} 行写的是 {case} 的第 {numbered} 条事件：有事件被删除、插入、调换或混入",
                f"Line {seq} says event {numbered} of {case}: events were removed, inserted, swapped or mixed in",
                seq=seq,
            )
            return chain
        if content is None:
            # What it said is not for everybody; the next event, or the leaf of the log, builds on the link that stands for it.
            withheld.append(seq)
            previous = bytes.fromhex(said)
            chain.links.append((said, algorithm))
            continue
        previous = link(previous, content, algorithm)
        if previous.hex() != said:
            report.bad(
                "event_altered",
                f"第 {seq} 条事件与其链值不符：该事件或其之前的内容被改动",
                f"Event {seq} does not give its link: it, or what is before it, was altered",
                seq=seq,
                said=said,
                computed=previous.hex(),
            )
            return chain
        chain.links.append((said, algorithm))
    if not chain.links:
        report.bad("no_events", "卷宗中没有事件", "The dossier has no events")
        return chain
    chain.withheld = tuple(withheld)
    if withheld:
        named = ", ".join(map(str, withheld))
        report.note(
            "event_withheld",
            f"第 {named} 条事件的内容未予提供（withheld），只有链值：其后的事件和检查点建立在该链值之上，内容本身此处无从重算",
            f"Of event {named} the content is withheld and only the link is here: later events and the checkpoint build on it; what it said "
            "can't be recomputed from this dossier",
            seqs=withheld,
        )
    recomputed = len(chain.links) - len(withheld)
    report.good(
        "chain",
        f"{chain.case} 的 {len(chain.links)} 条事件环环相扣，重算 {recomputed} 条无误",
        f"The {len(chain.links)} events of {chain.case} follow from each other, {recomputed} of them recomputed",
        case=chain.case,
        events=len(chain.links),
    )
    return chain


def check_seals(given: Given, chain: Chain, report: Report) -> dict[int, str]:
    """Holds each sealed run against the chain, and the history against its seal; gives the history hash (hex) of each sealed run."""
    content = given.read(SEALS)
    sealed: dict[int, str] = {}
    history = given.read(HISTORY)
    hashed: set[int] = set()
    try:
        for seal in objects(strict_json(content)) if content is not None else []:
            run, seq = int(seal["run"]), int(seal["seq"])
            sealed[run] = str(seal["history"])
            if seal["case"] != chain.case or chain.at(seq) != (seal["link"], seal["algorithm"]):
                report.bad(
                    "seal_and_chain_differ",
                    f"第 {run} 轮的封存与第 {seq} 条事件不符",
                    f"The seal of run {run} does not agree with event {seq}",
                    run=run,
                    seq=seq,
                )
            else:
                report.good(
                    "seal",
                    f"第 {run} 轮的封存与第 {seq} 条事件的链值一致",
                    f"The seal of run {run} is bound to the link of event {seq}",
                    run=run,
                    seq=seq,
                )
            if history is not None and history_hash(history, str(seal["algorithm"])).hex() == seal["history"]:
                hashed.add(run)
    except (KeyError, TypeError, ValueError) as error:
        report.bad("seal_unreadable", f"{SEALS} 无法读取：{error}", f"{SEALS} cannot be read: {error}")
        return sealed
    _history(history, chain, sealed, hashed, report)
    return sealed


def _history(history: bytes | None, chain: Chain, sealed: dict[int, str], hashed: set[int], report: Report) -> None:
    if history is None:
        if sealed and chain.withheld:
            report.note(
                "history_withheld",
                f"流程历史含有未予提供的内容，故不在卷宗中；其哈希见 {SEALS}",
                f"The engine history repeats what is withheld and is not in the dossier; its hash is in {SEALS}",
            )
        elif sealed:
            report.bad(
                "history_missing",
                f"案件已封存，卷宗中却没有 {HISTORY}",
                f"The case is sealed, and the dossier has no {HISTORY}",
            )
        return
    try:
        document = cast("dict[str, Any]", strict_json(history))
        case, run = document["case"], int(document["run"])
    except (KeyError, TypeError, ValueError) as error:
        report.bad("history_unreadable", f"{HISTORY} 无法读取：{error}", f"{HISTORY} cannot be read: {error}")
        return
    if run not in sealed and case == chain.case:
        report.note(
            "history_not_sealed",
            f"第 {run} 轮尚未封存，其流程历史没有可比对的哈希",
            f"Run {run} is not sealed yet: there is no hash to hold its engine history against",
            run=run,
        )
    elif case != chain.case or run not in hashed:
        report.bad(
            "history_altered",
            f"流程历史的哈希与第 {run} 轮的封存不符",
            f"The engine history does not give the hash that run {run} was sealed with",
            run=run,
        )
    else:
        report.good(
            "history",
            f"流程历史的哈希与第 {run} 轮的封存一致",
            f"The engine history gives the hash that run {run} was sealed with",
            run=run,
        )
    for other in sorted(set(sealed) - {run}):
        report.note(
            "history_of_another_run",
            f"卷宗不含第 {other} 轮的流程历史；其哈希见封存记录",
            f"The dossier does not hold the engine history of run {other}; its hash is in the seal",
            run=other,
        )
