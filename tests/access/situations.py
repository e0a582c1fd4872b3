"""A case in every situation in which somebody may do something, and the people who stand around it; each carried once, by the lifecycle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from activities.defaults import demo_organisation
from schemas.kernel.actor import Role
from schemas.organisation import Organisation, Person
from schemas.petition import commands as c
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Accusation, Outcome, Petition
from schemas.policy import CasePolicy
from tests.strategies import MONDAY, Case, filing

LEAD, CO_OFFICE = "WC/QH/02", "WC/QH/03"

PEOPLE = {
    "operator": "ou-lin",
    "supervisor": "kang-yi",
    "chief": "fang-zhen",
    "city_chief": "lu-zhengping",
    "station_chief": "wei-guodong",
    "handler": "gu-feng",
    "co_handler": "qin-shuo",
    "visitor": "sun-lihua",
    "office_visitor": "of-the-office",
    "auditor": "fu-zhiyuan",
    "upstream": "hotline-12345",
    "other_operator": "ling-xi",
    "other_supervisor": "tu-qiang",
    "other_chief": "cui-mingyuan",
    "other_handler": "meng-hao",
    "other_visitor": "geng-hua",
    "other_upstream": "command-110",
}
"""Who stands where. The case concerns a station of 青禾; the others serve in 临桥, two levels away by way of the city."""

CITY = demo_organisation()
ORGANISATION = Organisation.model_validate(
    CITY.model_dump()
    | {"people": (*CITY.people, Person(id="of-the-office", name="站内回访", role=Role.VISITOR, unit=LEAD))}
)
WHO = {position: ORGANISATION.actor(person) for position, person in PEOPLE.items()}

SATISFIED = c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True)
NOT_SATISFIED = c.RecordRevisit(reached=True, satisfied_with_office=True)
LATER = MONDAY + timedelta(hours=3)
"""When everybody tries; no term has ended."""


COMPLAINTS_OFFICER = ORGANISATION.actor("cao-jianhua")
"""Of the city bureau; decides whom a petition complains of."""

READ = Accusation(unit="WC/QH", units=("WC/QH/01",), words=("派出所", "推诿"))
"""What was read in the words of a petition that was sent to the very station it may mean."""


def approve_stage(**content: Any) -> Case:
    policy = CasePolicy(version=1, no_fault_by_policy=False)
    return Case(filing(by=WHO["operator"], unit="WC/QH/01", policy=policy, rules=CURRENT_RULES, **content))


def held() -> Case:
    return approve_stage(accusation=READ)


def let_off() -> Case:
    case = held()
    case.do(COMPLAINTS_OFFICER, c.DecideAccused(nobody=True, reason="另指他人"))
    return case


def offered() -> Case:
    case = approve_stage()
    case.do(WHO["chief"], c.Transfer(to=PEOPLE["upstream"], reason="归热线平台"))
    return case


def assign_stage() -> Case:
    case = approve_stage()
    case.do(WHO["chief"], c.Approve())
    return case


def assigned() -> Case:
    case = assign_stage()
    case.do(WHO["supervisor"], c.Assign(lead=LEAD, co_offices=(CO_OFFICE,)))
    return case


def returned() -> Case:
    case = assigned()
    case.do(WHO["handler"], c.Return(reason="不属本所"))
    return case


def accepted() -> Case:
    case = assigned()
    case.do(WHO["handler"], c.Accept())
    return case


def reported() -> Case:
    case = accepted()
    case.do(WHO["co_handler"], c.CoReport(text="已查"))
    return case


def asked_for_time() -> Case:
    case = accepted()
    case.do(WHO["handler"], c.RequestExtension(days=2, reason="需鉴定"))
    return case


def paused() -> Case:
    case = accepted()
    case.do(WHO["handler"], c.Pause(reason="hearing"))
    return case


def revisit_stage() -> Case:
    case = reported()
    case.do(WHO["handler"], c.Reply(outcome=Outcome.SUPPORTED, text="已修复"))
    return case


def not_satisfied() -> Case:
    case = revisit_stage()
    case.do(WHO["visitor"], NOT_SATISFIED)
    return case


def sign_off_stage() -> Case:
    case = revisit_stage()
    case.do(WHO["visitor"], SATISFIED)
    return case


def archive_stage() -> Case:
    case = sign_off_stage()
    case.do(WHO["chief"], c.SignOff())
    return case


def published() -> Case:
    case = archive_stage()
    case.do(WHO["supervisor"], c.Disclose(published=True, summary="路灯已修复"))
    case.do(COMPLAINTS_OFFICER, c.Countersign(agreed=True))
    return case


def sealed() -> Case:
    case = published()
    case.do(WHO["supervisor"], c.Account(no_fault=True))
    return case


def merged() -> Case:
    case = approve_stage()
    case.do(WHO["operator"], c.Merge(into=INTO, basis="same_matter"))
    return case


INTO = "WC-2026-C-009999"

SITUATIONS: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        *(
            approve_stage,
            held,
            let_off,
            offered,
            assign_stage,
            assigned,
            returned,
            accepted,
            reported,
            asked_for_time,
            paused,
        ),
        *(revisit_stage, not_satisfied, sign_off_stage, archive_stage, published, sealed, merged),
    )
}


def accusing_all(state: Petition) -> Petition:
    """The same case, complaining of everybody there is."""
    return state.model_copy(update={"accused_persons": tuple(PEOPLE.values())})
