"""From what a person filled in to a command the lifecycle can judge: names become paths, rules are put in, personal data is sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import ValidationError

from activities.personal import seal
from gateway.case_service import Rules, refusal_error
from gateway.orders.fields import field_error, field_invalid, field_unknown, read_command
from schemas.kernel.errors import UserError
from schemas.kernel.units import parent, within
from schemas.kernel.worktime import local_day
from schemas.organisation import Organisation
from schemas.petition import commands as c
from schemas.petition.events import Petitioner
from schemas.petition.health_tags import check_tag
from schemas.petition.refusals import refuse
from schemas.petition.rules_version import ACCUSER_SAFE, CURRENT_RULES, in_force
from schemas.petition.state import Complexity, Ledger, Petition
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData, under_age

PERSONAL_FIELDS = ("name", "phone", "id_number", "address")

GUARDIAN_FIELDS = ("guardian", "guardian_phone")
"""Of a minor, and of nobody else."""

_UNITS = ("unit", "lead")
_MANY_UNITS = ("co_offices", "accused_units", "mentioned_units", "conflicted_units")


def read_order(
    kind: str,
    given: Mapping[str, Any],
    state: Petition,
    *,
    rules: Rules,
    organisation: Organisation,
    keyring: KeyRing,
    now: datetime,
) -> c.Command:
    """The command a person means for this case at ``now`` (aware). ``UserError`` for fields, units and people that are not there.

    Petitioners come in clear (``name``, ``phone``, ``id_number``, ``address``, ``guardian``, ``guardian_phone``, ``alias``, ``representative``,
    ``minor``) and leave sealed.
    """
    fields = dict(given)
    if "petitioners" in fields:
        fields["petitioners"] = sealed_petitioners(fields["petitioners"], keyring)
    for name in _UNITS:
        if isinstance(fields.get(name), str) and fields[name].strip():
            fields[name] = resolved_unit(organisation, fields[name])
    for name in _MANY_UNITS:
        if isinstance(fields.get(name), list | tuple):
            fields[name] = [resolved_unit(organisation, str(each)) for each in fields[name]]
    _check_people(fields, organisation)
    if kind == "amend" and isinstance(fields.get("category"), str):
        check_tag("category", fields["category"])
    accuses = kind in ("amend", "name_accused", "decide_accused") and fields.get("accused_persons") is not None
    if accuses and (fields.get("conflicted_units") is None or isinstance(fields["conflicted_units"], list | tuple)):
        # Whose chief is accused stands back with them, whatever else was filled in.
        chiefs = organisation.conflicted_units(_texts(fields, "accused_persons"))
        fields["conflicted_units"] = tuple(dict.fromkeys((*_texts(fields, "conflicted_units"), *chiefs)))
    filled: dict[str, Any] = {}
    if kind == "amend":
        filled = _refigured(fields, state, rules)
    if kind == "reopen" or (kind == "contradict_revisit" and not state.open):
        filled = {
            "policy": rules.policy.figures(state.ledger, state.complexity),
            "calendar": rules.window(now),
            "rules": CURRENT_RULES,
        }
    _check_office(kind, fields, state, organisation)
    return read_command(kind, fields, filled)


def _check_office(kind: str, fields: Mapping[str, Any], state: Petition, organisation: Organisation) -> None:
    """No case is brought to the office where somebody serves whom it complains of. ``UserError`` ``accused_office``."""
    if not in_force(state.rules, ACCUSER_SAFE) or kind not in ("amend", "assign"):
        return
    accused = (organisation.person(person) for person in state.accused_persons if organisation.knows(person))
    served = [unit for unit in (organisation.answerable(each.unit) for each in accused) if parent(unit)]
    for office in (*_texts(fields, "unit"), *_texts(fields, "lead"), *_texts(fields, "co_offices")):
        if any(within(office, unit) for unit in served):
            raise refusal_error(refuse("accused_office", unit=office))


def resolved_unit(organisation: Organisation, named: str) -> str:
    """The path of a unit named by its path, its name or an alias. ``UserError`` ``unit_unknown``."""
    said = named.strip()
    return organisation.unit(organisation.aliases().get(said, said)).path


def sealed_petitioners(given: object, keyring: KeyRing) -> tuple[Petitioner, ...]:
    """People as typed, sealed. ``UserError``: ``field_unknown``, ``field_invalid``; no value is ever quoted."""
    if not isinstance(given, list | tuple):
        raise field_invalid("petitioners", "应为列表", "it must be a list")
    return tuple(_sealed(each, keyring) for each in cast("Sequence[object]", given))


def _sealed(given: object, keyring: KeyRing) -> Petitioner:
    if not isinstance(given, Mapping):
        raise field_invalid("petitioners", "应为若干“名称: 值”", "each must be names with values")
    person = dict(cast("Mapping[str, Any]", given))
    known = (*PERSONAL_FIELDS, *GUARDIAN_FIELDS, "alias", "representative", "minor")
    for name in person:
        if name not in known:
            raise field_unknown(f"petitioners.{name}", known)
    try:
        data = PersonalData.model_validate({name: person.get(name) for name in (*PERSONAL_FIELDS, *GUARDIAN_FIELDS)})
        petitioner = Petitioner.model_validate(
            {name: person[name] for name in ("alias", "representative", "minor") if name in person}
        )
    except ValidationError as wrong:
        raise field_error(wrong) from None
    check_tag("petitioners.alias", petitioner.alias)
    petitioner = _of_age_or_guarded(petitioner, data)
    if data == PersonalData():
        return petitioner
    return petitioner.model_copy(update={"sealed": seal(keyring, data, account=petitioner.alias)})


def _of_age_or_guarded(petitioner: Petitioner, data: PersonalData) -> Petitioner:
    """Marks a minor, known by the mark, the guardian or the identity number. ``UserError`` ``guardian_missing`` where the mark comes without one.

    A child whom only the number tells is heard without a guardian too.
    """
    guarded = bool(data.guardian or data.guardian_phone)
    if (petitioner.minor or guarded) and not (data.guardian and data.guardian_phone):
        raise UserError(
            "guardian_missing",
            zh="信访人是未成年人的，须填写监护人的姓名和电话：今后只与监护人联系。",
            en="For a minor the guardian's name and telephone are needed: only the guardian is called.",
            field="guardian",
        )
    young = under_age(data.id_number or "", local_day(datetime.now(UTC)))
    return petitioner.model_copy(update={"minor": True}) if guarded or young else petitioner


def _check_people(fields: Mapping[str, Any], organisation: Organisation) -> None:
    for name in ("accused_persons", "mentioned_persons", "countersigned_by"):
        for person in _texts(fields, name):
            organisation.person(person)


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The texts in a field, one or a list of them; what is neither is left to validation, which says what is wrong with it."""
    given = fields.get(name)
    listed = cast("Sequence[object]", given) if isinstance(given, list | tuple) else (given,)
    return tuple(each for each in listed if isinstance(each, str) and each.strip())


def _refigured(fields: Mapping[str, Any], state: Petition, rules: Rules) -> dict[str, Any]:
    """A corrected ledger or complexity brings the figures that go with it; a misspelt one is left to validation."""
    ledger, complexity = fields.get("ledger") or state.ledger, fields.get("complexity") or state.complexity
    known = ledger in tuple(Ledger) and complexity in tuple(Complexity)
    if not known or (ledger, complexity) == (state.ledger, state.complexity):
        return {}
    return {"policy": rules.policy.figures(str(ledger), str(complexity))}
