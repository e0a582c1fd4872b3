"""What makes an organisation unfit to be worked with; each refusal names the place and the way out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import LiteralString

from pydantic_core import PydanticCustomError

from schemas.kernel.actor import Role
from schemas.kernel.units import parent
from schemas.organisation.tree import ANSWERABLE, HANGS_BELOW, KINDS_ZH, Person, Unit
from schemas.petition.wording.terms import chinese


def check_soundness(city_code: str, units: Sequence[Unit], people: Sequence[Person]) -> None:
    """Raises ``PydanticCustomError`` (within a validator it becomes part of a ``ValidationError``) for the first thing that is wrong: its type is
    a stable code ``organisation_…``, its context holds ``zh``, ``en`` and the unit or person it speaks of."""
    _check_tree(city_code, units)
    _check_aliases(units)
    known = {unit.path: unit for unit in units}
    _check_people(known, people)
    _check_chiefs(known, people)


def _check_tree(city_code: str, units: Iterable[Unit]) -> None:
    seen: dict[str, Unit] = {}
    for unit in units:
        if unit.path in seen:
            raise _unsound(
                "organisation_path_twice",
                f"单位 {unit.path} 出现了两次；请只保留一个，或给其中一个换路径",
                f"the unit {unit.path} is listed twice; keep one, or give one of them another path",
                unit=unit.path,
            )
        seen[unit.path] = unit
    for unit in units:
        above = parent(unit.path)
        if above and above not in seen:
            raise _unsound(
                "organisation_parent_unknown",
                f"单位 {unit.path}（{unit.name}）的上级 {above} 不存在；请先列出上级，或改正路径",
                f"the unit {unit.path} hangs below {above}, which is not listed; list it, or correct the path",
                unit=unit.path,
            )
        allowed = HANGS_BELOW[unit.kind]
        if not (seen[above].kind in allowed if above else not allowed):
            raise _unsound(
                "organisation_level_wrong",
                f"{KINDS_ZH[unit.kind]} {unit.path} 的层级不对："
                + (f"应在{'、'.join(KINDS_ZH[kind] for kind in allowed)}之下" if allowed else "市局只能在最顶层"),
                f"the {unit.kind} {unit.path} stands at a wrong level: "
                + (f"it belongs below a {' or '.join(allowed)}" if allowed else "a bureau stands at the top only"),
                unit=unit.path,
            )
    tops = [unit.path for unit in units if not parent(unit.path)]
    if tops != [city_code]:
        raise _unsound(
            "organisation_city_wrong",
            f"最顶层应当只有一个市局，路径为城市代码 {city_code}，现为：{'、'.join(tops) or '无'}",
            f"at the top there is exactly one bureau, whose path is the city code {city_code}; "
            f"found: {', '.join(tops) or 'none'}",
            unit=tops[-1] if tops else "",
        )


def _check_aliases(units: Iterable[Unit]) -> None:
    taken: dict[str, str] = {}
    for unit in units:
        for alias in unit.aliases:
            if alias in taken:
                raise _unsound(
                    "organisation_alias_twice",
                    f"别名“{alias}”同时用于 {taken[alias]} 和 {unit.path}；一个别名只能指一个单位",
                    f"the alias “{alias}” stands for both {taken[alias]} and {unit.path}; it may name one unit only",
                    unit=unit.path,
                )
            taken[alias] = unit.path


def _check_people(known: Collection[str], people: Iterable[Person]) -> None:
    seen: set[str] = set()
    for person in people:
        if person.id in seen:
            raise _unsound(
                "organisation_person_twice",
                f"人员编号 {person.id} 出现了两次；一个编号只能属于一个人",
                f"the person id {person.id} is listed twice; an id belongs to one person",
                person=person.id,
            )
        seen.add(person.id)
        if person.role in (Role.SYSTEM, Role.PETITIONER):
            raise _unsound(
                "organisation_system_person",
                f"{person.id}（{person.name}）的角色不能是“{chinese(person.role)}”；请改为实际角色",
                f"{person.id} can't have the role “{person.role}”; give the role of the person's office",
                person=person.id,
            )
        if person.unit not in known:
            raise _unsound(
                "organisation_person_unit_unknown",
                f"{person.id}（{person.name}）所在的单位 {person.unit} 不存在；请改正，或补列该单位",
                f"{person.id} serves in {person.unit}, which is not listed; correct it, or list the unit",
                person=person.id,
            )


def _check_chiefs(known: Mapping[str, Unit], people: Iterable[Person]) -> None:
    chiefs: dict[str, Person] = {}
    for person in people:
        if person.role is not Role.CHIEF:
            continue
        unit = known[person.unit]
        if unit.kind not in ANSWERABLE:
            raise _unsound(
                "organisation_chief_misplaced",
                f"{person.id}（{person.name}）在{KINDS_ZH[unit.kind]} {unit.path} 任负责人；三长只设在市局、分县局和派出所",
                f"{person.id} is chief of the {unit.kind} {unit.path}; a chief heads a bureau, a branch or a station",
                person=person.id,
            )
        if unit.path in chiefs:
            raise _unsound(
                "organisation_two_chiefs",
                f"{unit.path}（{unit.name}）有两名负责人：{chiefs[unit.path].id} 和 {person.id}；只能有一名",
                f"{unit.path} has two chiefs, {chiefs[unit.path].id} and {person.id}; it may have one",
                person=person.id,
                unit=unit.path,
            )
        chiefs[unit.path] = person
    for unit in known.values():
        if unit.kind in ANSWERABLE and unit.path not in chiefs:
            raise _unsound(
                "organisation_chief_missing",
                f"{KINDS_ZH[unit.kind]} {unit.path}（{unit.name}）没有负责人；请指定一名（role: chief）",
                f"the {unit.kind} {unit.path} has no chief; name one (role: chief)",
                unit=unit.path,
            )


def _unsound(code: LiteralString, zh: str, en: str, **facts: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{zh} / {en}", {"zh": zh, "en": en, **facts})
