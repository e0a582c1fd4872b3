"""Whoever fills in, reads or audits personal data meets one name for each field."""

from __future__ import annotations

from gateway.console.case.inputs import inputs_of
from schemas.kernel.actor import Actor, Role
from schemas.petition.refusals import Refusal
from schemas.petition.rules import decide, fold
from schemas.petition.wording.personal_fields import PERSONAL_FIELDS, personal_label
from schemas.sealing.personal import PersonalData
from tests.unit.schemas.petition.rules.given import FILING, RECEIVED


def test_personal_fields_are_called_the_same_on_every_form() -> None:
    """The form of an amendment had names of its own, which were the program's (“id number”)."""
    case = decide(None, FILING, RECEIVED)
    assert not isinstance(case, Refusal)
    state = fold(case)
    assert state is not None
    (people,) = [each for each in inputs_of("amend", state, Actor(id="a", role=Role.OPERATOR, unit="XA")) if each.parts]
    assert people.parts == tuple((name, *personal_label(name)) for name in PERSONAL_FIELDS)
    assert {part for part, _, _ in people.parts} == set(PersonalData.model_fields)
    assert {part: en for part, _, en in people.parts}["id_number"] == "Identity number"
