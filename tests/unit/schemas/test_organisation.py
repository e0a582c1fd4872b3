"""The organisation: what is refused, and that every message finds somebody who is not accused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.kernel.actor import Role
from schemas.kernel.errors import UserError
from schemas.kernel.units import within
from schemas.organisation import ANSWERABLE, Organisation, Person, Unit


def unit(path: str, kind: str, *aliases: str, name: str = "") -> Unit:
    return Unit.model_validate({"path": path, "name": name or f"单位{path}", "kind": kind, "aliases": aliases})


def person(person_id: str, role: str, at: str) -> Person:
    return Person(id=person_id, name=f"人{person_id}", role=Role(role), unit=at)


UNITS = (
    unit("XA", "bureau", "A市", name="市公安局"),
    unit("XA/petitions", "department", name="信访处"),
    unit("XA/A3", "branch", "A3区", name="A3分局"),
    unit("XA/A3/petitions", "department", name="信访室"),
    unit("XA/A3/01", "station", "西湖", name="西湖派出所"),
    unit("XA/A3/01/1", "community", name="西湖警务室"),
    unit("XA/A3/02", "station", name="东湖派出所"),
    unit("XA/A4", "branch", name="A4分局"),
    unit("XA/A4/petitions", "department", name="信访室"),
)
PEOPLE = (
    person("city", "chief", "XA"),
    person("op", "operator", "XA/petitions"),
    person("visitor", "visitor", "XA/petitions"),
    person("a3", "chief", "XA/A3"),
    person("a3-op", "operator", "XA/A3/petitions"),
    person("a3-01", "chief", "XA/A3/01"),
    person("worker", "handler", "XA/A3/01"),
    person("room", "handler", "XA/A3/01/1"),
    person("a3-02", "chief", "XA/A3/02"),
    person("a4", "chief", "XA/A4"),
)


def organisation(units: tuple[Unit, ...] = UNITS, people: tuple[Person, ...] = PEOPLE, **more: Any) -> Organisation:
    return Organisation(version=1, **({"city_code": "XA"} | more), units=units, people=people)


ORGANISATION = organisation()


def without(person_id: str) -> tuple[Person, ...]:
    return tuple(one for one in PEOPLE if one.id != person_id)


CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "organisation_path_twice": {"units": (*UNITS, unit("XA/A3", "branch"))},
    "organisation_parent_unknown": {"units": (*UNITS, unit("XA/A9/01", "station"))},
    "organisation_level_wrong": {"units": (*UNITS, unit("XA/A3/01/2/3", "community"), unit("XA/A3/01/2", "community"))},
    "organisation_city_wrong": {"city_code": "XB"},
    "organisation_alias_twice": {"units": (*UNITS, unit("XA/x", "department", "西湖"))},
    "organisation_person_twice": {"people": (*PEOPLE, person("op", "handler", "XA"))},
    "organisation_system_person": {"people": (*PEOPLE, person("x", "system", "XA"))},
    "organisation_person_unit_unknown": {"people": (*PEOPLE, person("x", "handler", "XA/A5"))},
    "organisation_chief_misplaced": {"people": (*PEOPLE, person("x", "chief", "XA/petitions"))},
    "organisation_two_chiefs": {"people": (*PEOPLE, person("x", "chief", "XA/A3"))},
    "organisation_chief_missing": {"people": without("a3-02")},
}


@pytest.mark.parametrize("code", CONTRADICTIONS)
def test_a_contradiction_is_refused_with_its_code_and_a_sentence_in_both_languages(code: str) -> None:
    with pytest.raises(ValueError, match=" / ") as caught:
        organisation(**CONTRADICTIONS[code])
    assert isinstance(caught.value, ValidationError)
    [error] = caught.value.errors()
    assert error["type"] == code
    told = error.get("ctx", {})
    assert any("\u4e00" <= char <= "\u9fff" for char in told["zh"])
    assert told["en"].isascii() or "“" in told["en"]


def test_nobody_of_the_organisation_speaks_as_a_petitioner() -> None:
    with pytest.raises(ValidationError, match="群众本人"):
        organisation(people=(*PEOPLE, person("x", "petitioner", "XA")))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("XA/B", "bureau"),
        ("XB", "branch"),
        ("XA/petitions/1", "department"),
        ("XA/A3/9", "branch"),
        ("XA/s/1", "community"),
    ],
)
def test_a_unit_at_a_wrong_level_is_refused(path: str, kind: str) -> None:
    with pytest.raises(ValidationError, match=r"organisation_(level|parent)"):
        organisation(units=(*UNITS, unit(path, kind)))


def test_a_chief_of_a_community_room_and_a_bureau_without_chief_are_refused() -> None:
    with pytest.raises(ValidationError, match="organisation_chief_misplaced"):
        organisation(people=(*PEOPLE, person("x", "chief", "XA/A3/01/1")))
    with pytest.raises(ValidationError, match="organisation_chief_missing"):
        organisation(people=without("city"))
    with pytest.raises(ValidationError, match="organisation_city_wrong"):
        Organisation(version=1, city_code="XA", units=(), people=())


@pytest.mark.parametrize("path", ["", "/XA", "XA/", "XA//1", "XA/甲", "XA/A 3"])
def test_a_path_is_made_of_plain_segments(path: str) -> None:
    with pytest.raises(ValidationError, match="path"):
        unit(path, "branch")


def test_an_organisation_read_back_is_the_same_and_its_copies_answer_alike() -> None:
    assert Organisation.model_validate_json(ORGANISATION.model_dump_json()) == organisation()
    later = ORGANISATION.model_copy(update={"version": 2})
    assert later.unit("XA/A3").name == "A3分局"
    assert set(later.model_dump()) == {"version", "city_code", "units", "people"}


def test_a_department_acts_for_the_unit_it_hangs_off() -> None:
    assert ORGANISATION.actor("a3-op").reach == "XA/A3"
    assert ORGANISATION.actor("op").scope == "XA"
    assert (ORGANISATION.actor("room").scope, ORGANISATION.actor("room").reach) == ("", "XA/A3/01/1")


def test_unknown_names_are_refused_with_the_nearest_there_are() -> None:
    with pytest.raises(UserError) as caught:
        ORGANISATION.unit("XA/A3/03")
    assert caught.value.code == "unit_unknown"
    assert "XA/A3/01" in caught.value.facts["near"]
    assert "西湖派出所（XA/A3/01）" in refusal(lambda: ORGANISATION.unit("西湖派出")).zh
    assert "人worker（worker）" in refusal(lambda: ORGANISATION.actor("人worke")).en
    assert refusal(lambda: ORGANISATION.person("x-y-z")).code == "person_unknown"
    assert "sanzhang org show" in refusal(lambda: ORGANISATION.unit("")).zh
    assert "sanzhang org show" in refusal(lambda: ORGANISATION.person("")).zh


def refusal(call: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        call()
    return caught.value


def test_texts_find_units_by_alias_and_by_a_name_that_only_one_of_them_has() -> None:
    aliases = ORGANISATION.aliases()
    assert aliases["A3区"] == aliases["A3分局"] == "XA/A3"
    assert aliases["A市"] == "XA"
    assert "信访室" not in aliases
    assert "信访处" not in aliases


@pytest.mark.parametrize(
    ("path", "answerable"),
    [
        ("XA", "XA"),
        ("XA/petitions", "XA"),
        ("XA/A3/petitions", "XA/A3"),
        ("XA/A3/01/1", "XA/A3/01"),
        ("XA/A3/02", "XA/A3/02"),
    ],
)
def test_a_case_is_filed_on_the_nearest_unit_with_a_chief(path: str, answerable: str) -> None:
    assert ORGANISATION.answerable(path) == answerable


@pytest.mark.parametrize(
    ("path", "role", "expected"),
    [
        ("XA/A3/01", "handler", ["worker"]),
        ("XA/A3/02", "handler", ["a3-02"]),
        ("XA", "operator", ["op"]),
        ("XA/A3", "visitor", ["a3"]),
        ("XA/petitions", "handler", ["op"]),
        ("XA/A4/petitions", "handler", ["a4"]),
        ("XA/A3/01/1", "chief", ["a3-01"]),
        ("XA/A3/petitions", "chief", ["a3"]),
    ],
)
def test_a_message_reaches_those_of_the_role_or_the_chief_who_answers_for_them(
    path: str, role: str, expected: list[str]
) -> None:
    assert [one.id for one in ORGANISATION.recipients(path, Role(role))] == expected


def test_the_accused_are_passed_over_upwards() -> None:
    def reached(path: str, role: Role, **accused: Any) -> list[str]:
        return [one.id for one in ORGANISATION.recipients(path, role, **accused)]

    assert reached("XA/A3/01", Role.HANDLER, accused_persons=("worker",)) == ["a3-01"]
    assert reached("XA/A3/01", Role.HANDLER, accused_units=("XA/A3/01",)) == ["a3"]
    assert reached("XA/A3/01", Role.CHIEF, accused_units=("XA/A3",)) == ["city"]
    assert reached("XA/A3/01", Role.CHIEF, accused_units=("XA",)) == []


def test_the_units_whose_chief_is_named_are_in_conflict() -> None:
    assert ORGANISATION.conflicted_units(("a3-01", "worker", "city")) == ("XA/A3/01", "XA")
    assert refusal(lambda: ORGANISATION.conflicted_units(("a3-0l",))).code == "person_unknown"


def test_people_of_a_unit_are_those_of_exactly_that_unit() -> None:
    assert [one.id for one in ORGANISATION.people_of("XA")] == ["city"]
    assert [one.id for one in ORGANISATION.people_of("XA/petitions", Role.VISITOR)] == ["visitor"]


@st.composite
def organisations(draw: st.DrawFn) -> Organisation:
    units = [unit("C", "bureau")]
    for branch in range(draw(st.integers(0, 3))):
        units.append(unit(f"C/{branch}", "branch"))
        units += [unit(f"C/{branch}/{station}", "station") for station in range(draw(st.integers(0, 3)))]
    units += [unit(f"{one.path}/d", "department") for one in units if draw(st.booleans())]
    people = [
        person(f"chief-{one.path}".replace("/", "."), "chief", one.path) for one in units if one.kind in ANSWERABLE
    ]
    roles = st.sampled_from([role.value for role in Role if role not in (Role.SYSTEM, Role.PETITIONER, Role.CHIEF)])
    places = st.sampled_from([one.path for one in units])
    people += [person(f"p{i}", *draw(st.tuples(roles, places))) for i in range(draw(st.integers(0, 8)))]
    return organisation(tuple(units), tuple(people), city_code="C")


@given(organisations(), st.data())
def test_a_message_always_finds_somebody_and_never_the_accused(known: Organisation, data: st.DataObject) -> None:
    paths = [one.path for one in known.units]
    accused_units = data.draw(st.sets(st.sampled_from(paths), max_size=3))
    accused_persons = data.draw(st.sets(st.sampled_from([one.id for one in known.people]), max_size=3))
    reached = known.recipients(
        data.draw(st.sampled_from(paths)),
        data.draw(st.sampled_from(list(Role))),
        accused_units=accused_units,
        accused_persons=accused_persons,
    )
    for one in reached:
        assert one.id not in accused_persons
        assert not any(within(one.unit, named) for named in accused_units)
    assert reached or "C" in accused_units or "chief-C" in accused_persons
    assert len(set(reached)) == len(reached)
