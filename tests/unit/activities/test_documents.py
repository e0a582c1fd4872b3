"""Policy and organisation files: what ships is sound, and what is wrong is refused with its place in both languages."""

from __future__ import annotations

from importlib.resources import files

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from activities.defaults import (
    DemoPetitions,
    default_organisation,
    default_policy,
    demo_organisation,
    demo_petitions,
)
from activities.documents import SIZE_LIMIT, read_document, read_organisation, read_policy
from schemas.kernel.actor import Role
from schemas.kernel.errors import UserError
from schemas.petition.state import Ledger
from schemas.policy import COMPLEXITIES, LEDGERS

POLICY = (files("schemas") / "defaults" / "policy.yaml").read_text("utf-8")
ORGANISATION = (files("schemas") / "defaults" / "organisation.yaml").read_text("utf-8")


def refused(text: str, kind: str = "policy") -> UserError:
    with pytest.raises(UserError) as caught:
        (read_policy if kind == "policy" else read_organisation)(text)
    error = caught.value
    assert any("\u4e00" <= char <= "\u9fff" for char in error.zh)
    assert not any("\u4e00" <= char <= "\u9fff" for char in error.en.replace("A1区", ""))
    return error


def changed(old: str, new: str, text: str = POLICY) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_the_shipped_policy_promises_one_and_seven_working_days_in_all_six_places() -> None:
    policy = default_policy()
    for ledger in LEDGERS:
        for complexity in COMPLEXITIES:
            figures = policy.figures(ledger, complexity)
            assert (figures.assign_days, figures.finish_days, figures.version) == (1, 7, 1)
            assert figures.approval_implied == (complexity == "simple")
            assert figures.statute_finish_working_days == (10 if complexity == "simple" else None)
            assert figures.confidential == (ledger == "complaint")
    assert len(policy.channels) == 11
    assert policy.channels["import"].trusted_time
    assert policy.channels["12345"].trusted_time
    assert not policy.channels["walk_in"].trusted_time


def test_the_shipped_organisation_serves_the_districts_of_published_data() -> None:
    organisation = default_organisation()
    assert organisation.city_code == "XA"
    assert {"A市", *(f"A{n}区" for n in range(1, 7)), "A7县", "A8县", "A9市"} <= set(organisation.aliases())
    for path in ("XA/A1", "XA/A9"):
        assert organisation.people_of(path, Role.HANDLER)
        assert organisation.people_of(f"{path}/01", Role.CHIEF)


def test_the_demonstration_city_has_people_for_every_role() -> None:
    organisation = demo_organisation()
    kinds = [unit.kind for unit in organisation.units]
    assert (kinds.count("bureau"), kinds.count("branch"), kinds.count("station")) == (1, 3, 9)
    assert {person.role for person in organisation.people} == set(Role) - {Role.SYSTEM, Role.PETITIONER}


def test_the_forty_demonstration_petitions_fit_the_city_and_the_policy() -> None:
    organisation, policy, petitions = demo_organisation(), default_policy(), demo_petitions()
    assert len(petitions) == 40
    for petition in petitions:
        assert 60 <= len(petition.text) <= 200, petition.key
        assert organisation.answerable(petition.unit) == petition.unit
        assert all(organisation.unit(accused) for accused in petition.accused_units)
        assert len(petition.petitioners) <= 5
        assert all(one.phone is None or one.phone.startswith("1380000") for one in petition.petitioners)
    assert {petition.channel for petition in petitions} == set(policy.channels)
    assert {petition.ledger for petition in petitions} == set(Ledger)
    assert any(organisation.conflicted_units(petition.accused_persons) for petition in petitions)
    assert sum(not petition.petitioners for petition in petitions) >= 3
    assert sum(len(petition.petitioners) > 1 for petition in petitions) >= 3
    assert sum(bool(petition.same_matter_as) for petition in petitions) >= 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("petitions: [{key: a}]", "channel"),
        ("petitions: []\npetitions: []", "petitions"),
    ],
)
def test_a_broken_demonstration_file_says_so(text: str, says: str) -> None:
    with pytest.raises(UserError, match="petitions_unreadable") as caught:
        read_document(text, DemoPetitions, "petitions")
    assert says in caught.value.zh


def test_demonstration_petitions_repeat_only_what_came_before() -> None:
    one = yaml.safe_load((files("schemas") / "defaults" / "demo_petitions.yaml").read_text("utf-8"))["petitions"][0]
    for wrong in ([one, one], [one | {"same_matter_as": "later"}]):
        with pytest.raises(UserError, match="petitions_contradiction"):
            read_document(yaml.safe_dump({"petitions": wrong}), DemoPetitions, "petitions")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("assign_days: 1", "assign_days: 9", "ledgers/suggestion/simple"),
        ("statute_accept_days: 15", "statute_accept_days: 90", "ledgers/suggestion/simple"),
        ("quiet_until: 8", "quiet_until: 21", "ledgers/suggestion/simple"),
        ("statute_finish_working_days: 10", "statute_finish_working_days: 5", ""),
        ("finish_days: 7", "finish_days: 61", ""),
        ("assign_days: 1", "version: 2\n      assign_days: 1", ""),
        ("    simple: *simple\n    complex: *complex", "    simple: *simple", ""),
        ("    complex: *complex", "    complex: *complex\n    odd: *complex", ""),
        ("  claim: #", "  claims: *x #", ""),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(old: str, new: str, where: str) -> None:
    text = changed(old, new)
    if "*x" in new:
        text = POLICY.replace("  claim: # 利益诉求", "  claim:\n    simple: *simple\n    complex: *complex\n  claims:")
    error = refused(text)
    assert error.code == "policy_contradiction"
    assert error.facts["where"].startswith(where)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("finish_days: 7", "finish_days: 0", "ledgers/suggestion/simple/finish_days"),
        ("finish_days: 7", "finish_days: seven", "ledgers/suggestion/simple/finish_days"),
        ("finish_days: 7", "finish_day: 7", "ledgers/suggestion/simple/finish_day"),
        ("{name: 来访, trusted_time: false}", "{trusted_time: maybe}", "channels/walk_in/name"),
        ("version: 1", "version: 0", "version"),
        (
            "pause_reasons: [petitioner_material, hearing, appraisal]",
            "pause_reasons: 3",
            "ledgers/suggestion/simple/pause_reasons",
        ),
    ],
)
def test_a_wrong_item_is_named_with_its_line(old: str, new: str, where: str) -> None:
    text = changed(old, new)
    error = refused(text)
    assert (error.code, error.facts["where"]) == ("policy_unreadable", where)
    assert error.facts["line"] is not None
    assert str(error.facts["line"]) in error.zh


def test_the_line_is_that_of_the_item_itself() -> None:
    text = changed("finish_days: 7", "finish_days: 0")
    assert text.splitlines()[refused(text).facts["line"] - 1].strip() == "finish_days: 0"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", None),
        ("# nothing\n", None),
        ("- 1\n- 2", 1),
        ("version: 1\nledgers: [", 2),
        ("version: 1\nledgers: a: b", 2),
        ("version: 1\nversion: 2", 2),
        ("a: &a [*a]", None),
        ("version: 2026-02-30", None),
        ("version: \x07", None),
        ("version: !!python/object:os.system x", 1),
        ("a: &a [1,2,3,4,5,6,7,8,9]\n" + "".join(f"{c}: &{c} [{','.join([f'*{p}'] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)), None),
        ("x" * (SIZE_LIMIT + 1), None),
        ("[" * 5_000, None),
    ],
)  # fmt: skip
def test_what_is_no_policy_at_all_is_refused_by_a_sentence(text: str, line: int | None) -> None:
    error = refused(text)
    assert error.code == "policy_unreadable"
    assert line is None or error.facts["line"] == line


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(UserError, match="policy_unreadable"):
        read_policy(text)


ADDED = "\npeople:\n"


@pytest.mark.parametrize(
    ("code", "text", "line_says"),
    [
        ("organisation_path_twice", changed(ADDED, f"  - {{path: XA/A1, name: 甲, kind: branch}}\n{ADDED}", ORGANISATION), "甲"),
        ("organisation_parent_unknown", changed(ADDED, f"  - {{path: XA/B/1, name: 甲, kind: station}}\n{ADDED}", ORGANISATION), "甲"),
        ("organisation_level_wrong", changed(ADDED, f"  - {{path: XA/B, name: 甲, kind: community}}\n{ADDED}", ORGANISATION), "甲"),
        ("organisation_city_wrong", changed("city_code: XA", "city_code: XB", ORGANISATION), ""),
        ("organisation_alias_twice", changed(ADDED, f"  - {{path: XA/b, name: 甲, kind: department, aliases: [A1区]}}\n{ADDED}", ORGANISATION), "甲"),
        ("organisation_person_twice", f"{ORGANISATION}  - {{id: xa-chief, name: 甲, role: handler, unit: XA}}\n", "甲"),
        ("organisation_system_person", f"{ORGANISATION}  - {{id: x, name: 甲, role: system, unit: XA}}\n", "甲"),
        ("organisation_person_unit_unknown", f"{ORGANISATION}  - {{id: x, name: 甲, role: handler, unit: XZ}}\n", "甲"),
        ("organisation_chief_misplaced", f"{ORGANISATION}  - {{id: x, name: 甲, role: chief, unit: XA/audit}}\n", "甲"),
        ("organisation_two_chiefs", f"{ORGANISATION}  - {{id: x, name: 甲, role: chief, unit: XA/A1}}\n", "甲"),
        ("organisation_chief_missing", changed("role: chief, unit: XA/A1}", "role: handler, unit: XA/A1}", ORGANISATION), "path: XA/A1,"),
        ("organisation_unreadable", changed("kind: bureau", "kind: office", ORGANISATION), "kind: office"),
        ("organisation_unreadable", changed("path: XA/audit", "path: XA/审计", ORGANISATION), "审计"),
        ("organisation_unreadable", changed("id: xa-auditor-1", "id: 7", ORGANISATION), "id: 7"),
        ("organisation_unreadable", "version: 1", ""),
    ],
)  # fmt: skip
def test_an_unsound_organisation_is_refused_by_its_code_at_its_line(code: str, text: str, line_says: str) -> None:
    error = refused(text, "organisation")
    assert error.code == code
    if line_says:
        assert line_says in text.splitlines()[error.facts["line"] - 1]


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 40_000,
        "[" * 4_900_000,
        "{" * 40_000,
        "- " * 40_000,
        "? " * 40_000,
        "a: " + "[a: " * 40_000,
        "\n".join(f"{' ' * depth}a:" for depth in range(2_000)),
        "a0: &a0 [x]\n" + "\n".join(f"a{at}: &a{at} [*a{at - 1}]" for at in range(1, 9_000)),
        "a0: &a0 {x: 1}\n" + "\n".join(f"a{at}: &a{at} {{<<: [*a{at - 1}, *a{at - 1}]}}" for at in range(1, 60)),
        "a: &a [*a]",
        "a: &a {<<: *a}",
        "a: [" + "*a," * 100_000,
        "a: 1" + ":0" * 1_000_000,
        "a: " + "9" * 100_000,
        "---\n" * 1_000_000,
        "a: [" + "a," * 1_500_000 + "]",
        "!!x " * 100_000,
        "&a " * 100_000,
    ],
    ids=lambda text: text[:12].replace("\n", " "),
)
def test_a_document_made_to_end_the_process_is_refused(text: str) -> None:
    """Run in this very process: what is counted before it is built can't end it."""
    assert refused(text).code == "policy_unreadable"
    assert refused(text, "organisation").code == "organisation_unreadable"
