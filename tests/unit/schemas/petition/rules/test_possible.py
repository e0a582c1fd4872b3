"""Of every command a case in which it can be given: what `possible` fills in must stand in nobody's way."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.kernel.actor import Actor
from schemas.petition import commands as c
from schemas.petition.rules import RULES
from schemas.petition.rules.awaited import possible
from tests.strategies import (
    BRANCH_CHIEF,
    CITY_CHIEF,
    COMPLAINTS_OFFICER,
    HANDLER,
    NEXT_HANDLER,
    OPERATOR,
    PETITIONER,
    REPORTED,
    SUPERVISOR,
    UPSTREAM,
    VISITOR,
    filing,
)
from tests.unit.schemas.petition.rules.test_refusals import (
    ACCEPTED,
    ANGRY,
    ANSWERED,
    APPROVED,
    ARCHIVED,
    ASKED,
    ASSIGNED,
    HAPPY,
    HELD,
    MERGED,
    NEVER_BLAMELESS,
    OFFERED,
    OURS,
    PAUSED,
    RETURNED,
    SATISFIED,
    SEALED,
    UNHAPPY,
    Walk,
    after,
)

CONTRADICTED_ONCE = (
    *ANSWERED,
    (VISITOR, UNHAPPY),
    (VISITOR, HAPPY),
    (PETITIONER, c.ContradictRevisit(revisit=2)),
)
ONE_DAY = REPORTED.model_copy(update={"extension_days": 1})
PROPOSED = (*ARCHIVED, (SUPERVISOR, c.Disclose(published=False, exemption="privacy")))

# Of every command of people: a case in which it can be given (its filing, its walk), and by whom.
POSSIBLE: dict[str, tuple[dict[str, Any], Walk, Actor]] = {
    "amend": ({}, (), OPERATOR),
    "name_accused": ({}, APPROVED, OPERATOR),
    "decide_accused": (HELD, (), COMPLAINTS_OFFICER),
    "countersign": (OURS, PROPOSED, COMPLAINTS_OFFICER),
    "remark": ({}, (), OPERATOR),
    "approve": ({}, (), BRANCH_CHIEF),
    "decline": ({}, (), BRANCH_CHIEF),
    "transfer": ({}, (), BRANCH_CHIEF),
    "answer_transfer": ({}, OFFERED, UPSTREAM),
    "assign": ({}, APPROVED, SUPERVISOR),
    "accept": ({}, ASSIGNED, HANDLER),
    "return": ({}, ACCEPTED, HANDLER),
    "uphold_return": ({}, RETURNED, SUPERVISOR),
    "refuse_return": ({}, RETURNED, SUPERVISOR),
    "report_progress": ({}, ACCEPTED, HANDLER),
    "co_report": ({}, ASSIGNED, NEXT_HANDLER),
    "waive_co_report": ({}, ASSIGNED, SUPERVISOR),
    # The shortest there is, where policy gives no more.
    "request_extension": ({"policy": ONE_DAY}, ACCEPTED, HANDLER),
    "grant_extension": ({}, ASKED, BRANCH_CHIEF),
    "refuse_extension": ({}, ASKED, BRANCH_CHIEF),
    "pause": ({}, ACCEPTED, HANDLER),
    "resume": ({}, PAUSED, HANDLER),
    "urge": ({}, ASSIGNED, SUPERVISOR),
    "reply": ({}, ACCEPTED, HANDLER),
    # A petitioner's own "no" stands against a satisfied visit only.
    "record_revisit": ({}, (*ANSWERED, (PETITIONER, ANGRY)), VISITOR),
    "rate": ({}, ANSWERED, PETITIONER),
    # The second revisit is contradicted already, the first is not.
    "contradict_revisit": ({}, CONTRADICTED_ONCE, PETITIONER),
    "reissue_code": ({}, (), OPERATOR),
    "rework": ({}, (*ANSWERED, (VISITOR, UNHAPPY)), VISITOR),
    "sign_off": ({}, SATISFIED, BRANCH_CHIEF),
    "terminate": ({}, (*ANSWERED, (VISITOR, UNHAPPY)), CITY_CHIEF),
    "disclose": ({}, ARCHIVED, SUPERVISOR),
    "retract_disclosure": ({}, SEALED, SUPERVISOR),
    "account": ({"policy": NEVER_BLAMELESS}, ARCHIVED, SUPERVISOR),
    "withdraw": ({}, (), OPERATOR),
    "merge": ({}, (), OPERATOR),
    "unmerge": ({}, MERGED, OPERATOR),
    "reopen": ({}, SEALED, OPERATOR),
}


def test_there_is_a_sample_of_every_command_of_people() -> None:
    assert set(POSSIBLE) == {kind for kind, rule in RULES.items() if rule.people}


@pytest.mark.parametrize("kind", POSSIBLE)
def test_what_can_be_given_is_possible(kind: str) -> None:
    facts, walk, actor = POSSIBLE[kind]
    state = after(walk, filing(**facts)).state
    assert possible(state, kind, actor, state.touched_at) is None


@pytest.mark.parametrize(
    ("kind", "policy", "walk", "actor", "refused"),
    [
        ("decline", {"decline_grounds": ()}, (), BRANCH_CHIEF, "decline_ground_unknown"),
        ("pause", {"pause_reasons": ()}, ACCEPTED, HANDLER, "pause_reason_unknown"),
        ("disclose", {"disclosure_exemptions": ()}, ARCHIVED, SUPERVISOR, "exemption_unknown"),
        ("waive_co_report", {}, ACCEPTED, SUPERVISOR, "not_co_office"),
        ("request_extension", {"extension_days": 0}, ACCEPTED, HANDLER, "extension_too_long"),
        (
            "contradict_revisit",
            {},
            (*CONTRADICTED_ONCE, (PETITIONER, c.ContradictRevisit(revisit=1))),
            PETITIONER,
            "revisit_unknown",
        ),
    ],
)
def test_what_nobody_could_fill_in_is_not_possible(
    kind: str, policy: dict[str, Any], walk: Walk, actor: Actor, refused: str
) -> None:
    state = after(walk, filing(policy=REPORTED.model_copy(update=policy))).state
    refusal = possible(state, kind, actor, state.touched_at)
    assert refusal is not None
    assert refusal.code == refused
