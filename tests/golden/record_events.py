"""Lives that hold an event of every kind, as this release writes them, with the state they fold to; kept for ever.

``make golden`` runs it when a release is made. The record of a city outlives any release: what stands in these files must read, and fold to
the same state, in every later one. Nothing is invented here that the rules would not decide: each life is lived through the decider.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from schemas.evidence.chain import payload
from schemas.kernel.actor import SYSTEM
from schemas.petition import commands as c
from schemas.petition.events import EVENT_VERSION, Finding, Petitioner
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Accusation, Complexity, Outcome, Party, RatingDoor
from schemas.sealing.factors import Factor
from schemas.sealing.personal import SealedPersonal
from tests.strategies import (
    AUDITOR,
    BRANCH,
    BRANCH_CHIEF,
    CITY,
    CITY_CHIEF,
    COMPLAINTS_OFFICER,
    FAR_HANDLER,
    FAR_STATION,
    HANDLER,
    NEXT_HANDLER,
    NEXT_STATION,
    OPERATOR,
    PETITIONER,
    REPORTED,
    SECOND_OFFICER,
    STATION,
    STATION_CHIEF,
    SUPERVISOR,
    VISITOR,
    Case,
    calendar,
    filing,
)

EVENTS = Path(__file__).with_name("events")

OTHER, THIRD = "XA-2026-S-000002", "XA-2026-S-000003"
SEALED = SealedPersonal(key_id="k1", sealed="AAAA", person="a" * 16, masked_name="张*", masked_phone="138********")
SATISFIED = c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True)
ANSWER = c.Reply(outcome=Outcome.SUPPORTED, text="已修复。", measures="建立巡查机制")
PUBLISHED = c.Disclose(published=True, summary="路灯已修复", countersigned_by=AUDITOR.id)


def _accepted(*, co_offices: tuple[str, ...] = (), joint: bool = False) -> Case:
    case = Case(filing(title="路灯不亮", petitioners=(Petitioner(alias="A0048", sealed=SEALED), Petitioner())))
    case.do(BRANCH_CHIEF, c.Approve(note="同意"))
    case.do(SUPERVISOR, c.Assign(lead=STATION, co_offices=co_offices, joint=joint, note="请尽快"))
    case.do(HANDLER, c.Accept())
    return case


def joint() -> Case:
    """Two offices, two keys, published, taken back, reopened with new facts."""
    case = _accepted(co_offices=(NEXT_STATION, FAR_STATION), joint=True)
    case.do(SUPERVISOR, c.Urge(text="请尽快答复"))
    case.do(HANDLER, c.ReportProgress(text="已派员"))
    case.do(NEXT_HANDLER, c.CoReport(text="电缆完好"))
    case.do(SUPERVISOR, c.WaiveCoReport(unit=FAR_STATION, reason="无关"))
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, SATISFIED)
    case.do(BRANCH_CHIEF, c.SignOff(note="同意销号"))
    case.do(STATION_CHIEF, c.SignOff())
    case.do(SUPERVISOR, c.Account(findings=(Finding(unit=STATION, person="han", fault="迟延", measure="谈话"),)))
    case.do(SUPERVISOR, PUBLISHED)
    case.do(SUPERVISOR, c.RetractDisclosure(reason="写错地名", countersigned_by=AUDITOR.id))
    case.do(OPERATOR, c.Reopen(facts="路灯又坏了", policy=REPORTED, calendar=calendar()))
    return case


def stretched() -> Case:
    """Corrected, objected to, extended, paused to the cap, urged, overdue, counted anew by a later calendar."""
    case = Case(filing())
    case.do(OPERATOR, c.Amend(reason="听错", title="两盏路灯不亮", petitioners=(Petitioner(sealed=SEALED),)))
    case.do(BRANCH_CHIEF, c.Approve())
    case.do(SUPERVISOR, c.Assign(lead=NEXT_STATION))
    case.do(NEXT_HANDLER, c.Return(reason="不归我们管"))
    case.do(SUPERVISOR, c.UpholdReturn(reason="有理"))
    case.do(SUPERVISOR, c.Assign(lead=STATION))
    case.do(HANDLER, c.Return(reason="也不归我们管"))
    case.do(SUPERVISOR, c.RefuseReturn(reason="就归你们"))
    case.do(HANDLER, c.Accept())
    case.do(HANDLER, c.RequestExtension(days=3, reason="等待配件"))
    case.do(BRANCH_CHIEF, c.RefuseExtension(reason="配件有库存"))
    case.do(HANDLER, c.RequestExtension(days=2, reason="库存不符"))
    case.do(BRANCH_CHIEF, c.GrantExtension(told="已告知", statute=True))
    case.do(HANDLER, c.Pause(reason="petitioner_material", note="待补材料"))
    paused = case.state.standstill
    case.ring_until(paused.until if paused is not None else case.now)
    case.do(SUPERVISOR, c.Urge(text="请抓紧", card="yellow"))
    case.do(SYSTEM, c.RecomputeDue(calendar=calendar(version=2, years=(2026, 2027))))
    case.ring_until(case.now + timedelta(days=30))
    return case


def reworked() -> Case:
    """Not satisfied twice, and ended by the next-higher chief."""
    case = _accepted()
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, c.RecordRevisit(reached=False, comment="无人接听"))
    case.do(VISITOR, c.RecordRevisit(reached=True, solved=False, satisfied_with_office=True, comment="晚上还是不亮"))
    case.do(VISITOR, c.Rework(reason="晚上还是不亮"))
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, c.RecordRevisit(reached=True))
    case.do(CITY_CHIEF, c.Terminate(basis="reviewed", review="复查1号", re_review="复核1号", reason="已复核"))
    case.do(SUPERVISOR, c.Account(no_fault=True))
    case.do(SUPERVISOR, c.Disclose(published=False, exemption="privacy", countersigned_by=AUDITOR.id))
    return case


def led() -> Case:
    """Another case joins it, and leaves it."""
    case = _accepted()
    case.do(SYSTEM, c.AdmitMember(number=OTHER))
    case.do(SYSTEM, c.AdmitMember(number=THIRD))
    case.do(SYSTEM, c.ReleaseMember(number=OTHER))
    return case


def following() -> Case:
    """Merged, apart again, merged once more and answered with its lead case; withdrawn in the end."""
    case = Case(filing(number=OTHER, title="路灯坏了"))
    case.do(BRANCH_CHIEF, c.Approve())
    case.do(OPERATOR, c.Merge(into=THIRD, basis="same_person", reason="同一人"))
    case.do(OPERATOR, c.Unmerge(reason="另一盏灯"))
    case.do(OPERATOR, c.Merge(into=THIRD, basis="same_matter"))
    case.do(SYSTEM, c.FollowReply(outcome=Outcome.EXPLAINED, text="已说明", unit=FAR_STATION))
    case.do(OPERATOR, c.Withdraw(reason="已解决"))
    return case


def handed_on() -> Case:
    """A transfer nobody answers, then one that is taken."""
    case = Case(filing())
    case.do(BRANCH_CHIEF, c.Approve())
    case.do(BRANCH_CHIEF, c.Transfer(to="110", reason="治安案件"))
    offer = case.state.offer
    case.ring_until(offer.until if offer is not None else case.now)
    case.do(BRANCH_CHIEF, c.Transfer(to="12345", reason="市政事项"))
    case.do(OPERATOR, c.AnswerTransfer(accepted=True, reference="12345-88"))
    return case


def declined() -> Case:
    """For the courts."""
    case = Case(filing(complexity=Complexity.COMPLEX))
    case.do(BRANCH_CHIEF, c.Decline(ground="litigation", notice="告知书1号"))
    return case


def rated() -> Case:
    """The petitioner says no where the visit said yes, and its office turns out to be accused."""
    case = _accepted(co_offices=(NEXT_STATION,))
    case.do(NEXT_HANDLER, c.CoReport(text="电缆完好"))
    case.do(HANDLER, ANSWER)
    case.do(OPERATOR, c.Rate(solved=True, satisfied_with_office=True, satisfied_with_unit=True, remark="电话里说好了"))
    case.do(VISITOR, SATISFIED)
    case.do(PETITIONER, c.Rate(solved=False, satisfied_with_office=True, satisfied_with_unit=False, remark="还是不亮"))
    case.do(SUPERVISOR, c.NameAccused(reason="群众来电补充", accused_units=(STATION,), accused_persons=(HANDLER.id,)))
    return case


def contradicted() -> Case:
    """A code issued anew, an answer by it; a revisit that was not as it was recorded, after which the case goes on and is closed; and another."""
    case = _accepted()
    case.do(HANDLER, ANSWER)
    case.do(OPERATOR, c.ReissueCode(reason="来电称查询码遗失"))
    yes = c.Rate(solved=True, satisfied_with_office=True, satisfied_with_unit=True)
    case.do(PETITIONER, yes.model_copy(update={"door": RatingDoor.PUBLIC, "factor": Factor.PHONE}))
    case.do(VISITOR, SATISFIED)
    case.do(PETITIONER, c.ContradictRevisit(revisit=1, words="没有人问过我"))
    case.do(VISITOR, c.RecordRevisit(reached=False))
    case.do(PETITIONER, c.ContradictRevisit(revisit=2))
    case.do(VISITOR, SATISFIED)
    case.do(BRANCH_CHIEF, c.SignOff())
    return case


OFFICER_NAMED = Accusation(unit=BRANCH, units=(STATION,), persons=(HANDLER.id,), words=("派出所", "骂"))


def complained_of() -> Case:
    """Held from the filing: one let off by two people, after a first refusal, one accused; then two people publish and take back."""
    case = Case(filing(accusation=OFFICER_NAMED, rules=CURRENT_RULES))
    decision = c.DecideAccused(accused_units=(STATION,), mentioned_persons=(HANDLER.id,), reason="查实为该所")
    case.do(COMPLAINTS_OFFICER, decision)
    case.do(SECOND_OFFICER, c.Countersign(agreed=False, reason="再核实"))
    case.do(COMPLAINTS_OFFICER, decision)
    case.do(SECOND_OFFICER, c.Countersign(agreed=True))
    case.do(OPERATOR, c.Remark(text="我还有录音"))
    case.do(CITY_CHIEF, c.Approve())
    case.do(SUPERVISOR, c.Assign(lead=FAR_STATION))
    case.do(FAR_HANDLER, c.Accept())
    case.do(OPERATOR, c.Remark(text="苏警官也骂我", accusation=Accusation(unit=CITY, persons=("su",), words=("骂我",))))
    case.do(COMPLAINTS_OFFICER, c.DecideAccused(accused_units=(STATION,), accused_persons=("su",), reason="查实"))
    case.do(FAR_HANDLER, ANSWER)
    case.do(VISITOR, SATISFIED)
    case.do(CITY_CHIEF, c.SignOff())
    case.do(SUPERVISOR, c.Disclose(published=False, exemption="accuser_protection"))
    case.do(OPERATOR, c.Countersign(agreed=True))
    return case


def published_by_two() -> Case:
    """Published and taken back by two people each; something added meanwhile may mean the office, and a follower has to come apart."""
    case = Case(filing(rules=CURRENT_RULES))
    case.do(BRANCH_CHIEF, c.Approve())
    case.do(SYSTEM, c.AdmitMember(number=OTHER, party=Party(number=OTHER, at=(FAR_STATION,))))
    case.do(SUPERVISOR, c.Assign(lead=STATION))
    case.do(SYSTEM, c.ChangeMember(party=Party(number=OTHER, units=(NEXT_STATION,), at=(FAR_STATION,))))
    case.do(SYSTEM, c.ChangeMember(party=Party(number=OTHER, units=(STATION,), at=(FAR_STATION,))))
    case.do(HANDLER, c.Accept())
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, SATISFIED)
    case.do(BRANCH_CHIEF, c.SignOff())
    case.do(SUPERVISOR, c.Disclose(published=True, summary="路灯已修复"))
    case.do(OPERATOR, c.Countersign(agreed=True))
    case.do(SUPERVISOR, c.RetractDisclosure(reason="写错地名"))
    case.do(OPERATOR, c.Countersign(agreed=True))
    return case


LIVES: dict[str, Callable[[], Case]] = {
    life.__name__: life
    for life in (
        joint,
        stretched,
        reworked,
        led,
        following,
        handed_on,
        declined,
        rated,
        contradicted,
        complained_of,
        published_by_two,
    )
}


def written(name: str, case: Case) -> dict[str, Any]:
    """One life as it is kept: the events as stored, and the state they fold to."""
    return {
        "life": name,
        "events": [{"version": EVENT_VERSION, "payload": payload(event)} for event in case.events],
        "state": case.state.model_dump(mode="json", exclude_defaults=True),
    }


def main(target: Path) -> None:
    """Writes one line for each life."""
    target.parent.mkdir(exist_ok=True)
    lines = [json.dumps(written(name, life()), ensure_ascii=False, sort_keys=True) for name, life in LIVES.items()]
    target.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    file = EVENTS / f"{version('sanzhang')}.jsonl"
    if file.exists() and "--again" not in sys.argv:
        sys.exit(f"{file} exists; --again writes it anew, which only an unreleased version may do")
    main(file)
