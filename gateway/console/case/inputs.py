"""A command as a form: its fields as things to fill in, and what was filled in as fields again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from annotated_types import MaxLen
from starlette.datastructures import FormData

from gateway.orders.fields import Field, fields_of, listed_choices
from gateway.orders.reading import GUARDIAN_FIELDS, PERSONAL_FIELDS
from schemas.kernel.actor import Actor
from schemas.petition.commands import COMMAND_MODELS
from schemas.petition.events import Finding
from schemas.petition.rules.authority import in_conflict
from schemas.petition.rules_version import ACCUSER_SAFE, in_force
from schemas.petition.state import Petition
from schemas.petition.wording.personal_fields import PERSONAL_FIELDS as PERSONAL_LABELS
from schemas.petition.wording.personal_fields import personal_label

Kind = Literal[
    "line", "text", "number", "choice", "pick", "yes_no", "tick", "unit", "units", "person", "people", "rows"
]

MANY = 3
"""Boxes offered for a field that takes several."""

FEW = 4
"""So many choices are shown side by side; more go into a list."""

ENGLISH: Mapping[str, str] = {
    "mentioned_units": "Units only mentioned",
    "mentioned_persons": "People only mentioned",
    "nobody": "Nobody of the organisation",
    "agreed": "Consent",
    "into": "Number of the case that leads",
    "told": "What the petitioner is told",
    "to": "To which authority",
    "statute": "Extend the statutory term too",
    "joint": "Joint team of two leaders",
    "days": "Working days",
    "text": "Text",
    "no_fault": "No fault found",
    "countersigned_by": "Countersigned by",
    "co_offices": "Co-offices",
    "lead": "Lead office",
    "acknowledged": "I know that it tells one petitioner apart; send it to all of them (masked for the others)",
    "fault": "Fault",
    "measure": "Measure",
}
PARTS_ZH: Mapping[str, str] = {
    "unit": "单位",
    "fault": "问题",
    "measure": "措施",
    "person": "人员",
}

_LONG = ("text", "reason", "note", "told", "measures", "comment", "remark", "facts", "summary", "notice")
_UNITS = ("unit", "lead", "co_offices", "accused_units", "mentioned_units", "conflicted_units")
_PEOPLE = ("countersigned_by", "accused_persons", "mentioned_persons")


class Input(NamedTuple):
    """One thing to fill in. ``name`` as it is sent; ``choices`` are keys of the field's terms; ``parts``: names of the cells of a row."""

    name: str
    kind: Kind
    zh: str
    en: str
    required: bool
    choices: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    parts: tuple[tuple[str, str, str], ...] = ()
    boxes: int = 1
    length: int | None = None


def inputs_of(kind: str, state: Petition, actor: Actor) -> tuple[Input, ...]:
    """The form of a command for this case, with what is already known put in."""
    left_out = (
        ("conflicted_units", "countersigned_by") if in_force(state.rules, ACCUSER_SAFE) else ("conflicted_units",)
    )
    if not state.members:
        left_out = (*left_out, "acknowledged")
    return tuple(_input(kind, field, state, actor) for field in fields_of(kind) if field.name not in left_out)


def _input(kind: str, field: Field, state: Petition, actor: Actor) -> Input:
    choices = field.choices or listed_choices(kind, field.name, state.policy)
    zh, en = field.zh, ENGLISH.get(field.name, field.name.replace("_", " ").capitalize())
    made = Input(name=field.name, kind="line", zh=zh, en=en, required=field.required, choices=choices)
    if field.structured:
        return made._replace(kind="rows", parts=_parts(field.name), boxes=2)
    if field.flag:
        return made._replace(kind="yes_no" if field.required else "tick")
    if field.name in _UNITS:
        values = _asked_about(kind, field.name, state) or _unit(kind, field.name, state)
        return made._replace(kind="units" if field.many else "unit", boxes=len(values) + MANY, values=values)
    if field.name in _PEOPLE:
        values = _asked_about(kind, field.name, state)
        return made._replace(kind="people" if field.many else "person", boxes=len(values) + MANY, values=values)
    if choices:
        return made._replace(kind="choice" if len(choices) <= FEW and field.required else "pick")
    if field.name == "days":
        return made._replace(kind="number", values=(str(state.policy.extension_days),))
    return made._replace(kind="text" if field.name in _LONG else "line", length=_longest(kind, field.name))


def _longest(kind: str, name: str) -> int | None:
    info = COMMAND_MODELS[kind].model_fields[name]
    return next((each.max_length for each in info.metadata if isinstance(each, MaxLen)), None)


def _unit(kind: str, name: str, state: Petition) -> tuple[str, ...]:
    """Assigned, as a rule, to the unit of the case itself; never to one in conflict with it."""
    if kind == "assign" and name == "lead" and not in_conflict(state, state.unit):
        return (state.unit,)
    if kind == "waive_co_report":
        return tuple(office.unit for office in state.co_offices if not (office.reported or office.waived))[:1]
    return ()


def _asked_about(kind: str, name: str, state: Petition) -> tuple[str, ...]:
    """Whom it is to be decided on: they stand among the accused, and whoever is only mentioned is moved."""
    if kind != "decide_accused" or state.held is None:
        return ()
    asked = {
        "accused_units": (*state.accused_units, *state.held.units),
        "accused_persons": (*state.accused_persons, *state.held.persons),
    }
    return tuple(dict.fromkeys(asked.get(name, ())))


def _parts(name: str) -> tuple[tuple[str, str, str], ...]:
    known = (*PERSONAL_FIELDS, *GUARDIAN_FIELDS) if name == "petitioners" else tuple(Finding.model_fields)
    return tuple((part, *_label(part)) for part in known)


def _label(part: str) -> tuple[str, str]:
    if part in PERSONAL_LABELS:
        return personal_label(part)
    return PARTS_ZH.get(part, part), ENGLISH.get(part, part.replace("_", " "))


def given_by(kind: str, form: FormData) -> dict[str, Any]:
    """The fields that were filled in. What was left empty is left out: whether that is allowed the command itself says."""
    given: dict[str, Any] = {}
    for field in fields_of(kind):
        value = _value(field, form)
        if value not in (None, "", [], ()):
            given[field.name] = value
    return given


def _value(field: Field, form: FormData) -> Any:
    if field.structured:
        return _rows(field.name, form)
    said = [each.strip() for each in _texts(form.getlist(field.name))]
    filled = [each for each in said if each]
    if field.many:
        return filled
    if field.flag:
        return {"true": True, "false": False}.get(filled[0]) if filled else None
    return filled[0] if filled else None


def _rows(name: str, form: FormData) -> list[dict[str, str]]:
    columns = {part: list(_texts(form.getlist(f"{name}.{part}"))) for part, _, _ in _parts(name)}
    rows: list[dict[str, str]] = []
    for place in range(max(map(len, columns.values()), default=0)):
        row = {part: cells[place].strip() for part, cells in columns.items() if place < len(cells)}
        if any(row.values()):
            rows.append({part: cell for part, cell in row.items() if cell})
    return rows


def _texts(values: Iterable[object]) -> Iterable[str]:
    return (value for value in values if isinstance(value, str))


def kept_by(form: FormData) -> dict[str, list[str]]:
    """What was filled in, to be shown again where it was refused: nobody types a report twice."""
    return {name: list(_texts(form.getlist(name))) for name in form if name not in ("csrf", "once", "back")}


def shown(value: Mapping[str, Sequence[str]], name: str, place: int = 0, default: str = "") -> str:
    """What stands in a box of the form."""
    boxes = value.get(name)
    return default if boxes is None else boxes[place] if place < len(boxes) else ""
