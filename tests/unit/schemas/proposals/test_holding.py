"""Where a case is kept that may complain of somebody of the organisation, and who is left to decide on it."""

from __future__ import annotations

from typing import Any

import pytest

from activities.defaults import demo_organisation, police_words
from schemas.kernel.actor import Role
from schemas.organisation import Organisation, Unit
from schemas.petition import commands as c
from schemas.petition.events import FiledContent
from schemas.petition.rules import fold
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Accusation, Petition
from schemas.proposals.accusation import Reading
from schemas.proposals.holding import Hearing, accusation_of, brings_words, words_of
from tests.strategies import FAST, Case, calendar, filing

CITY = demo_organisation()
HEARING = Hearing(CITY, police_words())
HARMLESS = "路口的路灯坏了一个月，晚上行人很不安全，请尽快派人来修好。"
ABOUT_A_STATION = "河沿街派出所态度恶劣，报案三次都不给回执。"


def content(text: str, **more: Any) -> FiledContent:
    return FiledContent.model_validate(
        {
            "source": "test",
            "source_event_id": "1",
            "channel": "walk_in",
            "title": "反映情况",
            "text": text,
            "ledger": "claim",
            "complexity": "simple",
            "unit": "WC/QH/01",
        }
        | more
    )


def kept(organisation: Organisation, *, units: tuple[str, ...] = (), persons: tuple[str, ...] = ()) -> Accusation:
    found = accusation_of(organisation, Reading(units=units, persons=persons))
    assert found is not None
    return found


def without(*people: str, units: tuple[str, ...] = ()) -> Organisation:
    """The city without those people and departments."""
    gone = {person.id for person in CITY.people if person.unit in units} | set(people)
    told = {
        "people": [person.model_dump() for person in CITY.people if person.id not in gone],
        "units": [unit.model_dump() for unit in CITY.units if unit.path not in units],
    }
    return Organisation.model_validate(CITY.model_dump() | told)


@pytest.mark.parametrize(
    ("units", "persons", "unit"),
    [
        (("WC/QH/01",), (), "WC/QH"),
        ((), ("wei-guodong",), "WC/QH"),
        (("WC/QH/01", "WC/QH/02"), (), "WC/QH"),
        (("WC/QH/01",), ("liao-bin",), "WC"),
        (("WC/QH/02/01",), (), "WC/QH"),
        (("WC/QH",), (), "WC"),
        (("WC/traffic",), (), "WC"),
        (("WC",), (), "WC"),
    ],
)
def test_it_is_kept_at_the_nearest_unit_above_all_of_them(
    units: tuple[str, ...], persons: tuple[str, ...], unit: str
) -> None:
    assert kept(CITY, units=units, persons=persons).unit == unit


def test_a_complaints_officer_decides_and_where_there_is_none_the_operator_of_that_unit() -> None:
    with_one = kept(CITY, units=("WC/QH/01",))
    assert (with_one.decides, CITY.deciders("WC/QH")) == (Role.SUPERVISOR, (CITY.person("kang-yi"),))
    plain = without(units=("WC/QH/supervision",))
    assert kept(plain, units=("WC/QH/01",)).decides is Role.OPERATOR
    assert [person.id for person in plain.deciders("WC/QH")] == ["ou-lin"]


def test_where_nobody_of_the_branch_is_left_the_city_decides() -> None:
    plain = without("ou-lin", units=("WC/QH/supervision",))
    found = kept(plain, units=("WC/QH/01",))
    assert (found.unit, found.decides, found.open_to) == ("WC/QH", Role.SUPERVISOR, ())
    assert plain.actor("cao-jianhua").complaints


def test_words_never_take_the_last_one_who_could_decide() -> None:
    assert kept(CITY, persons=("cao-jianhua",)).open_to == (), "ning-jing decides"
    alone = without("ning-jing")
    assert kept(alone, persons=("cao-jianhua",)).open_to == ("cao-jianhua", "WC/supervision")
    assert kept(alone, units=("WC/supervision",)).open_to == ("cao-jianhua", "WC/supervision")


def test_whoever_hears_complaints_is_known_by_the_name_of_their_office_or_said_to() -> None:
    for name, given, hears in (
        ("督察大队", None, True),
        ("纪检监察室", None, True),
        ("纪委驻局组", None, True),
        ("法制大队", None, False),
        ("法制大队", True, True),
        ("督察大队", False, False),
    ):
        unit = Unit(path="WC/x", name=name, kind="department", complaints=given)
        assert unit.hears_complaints is hears, (name, given)


def test_what_a_desk_names_goes_with_what_the_words_say() -> None:
    said = HEARING.of_filing(content(ABOUT_A_STATION, accused_persons=("liao-bin",))).accusation
    assert said is not None
    assert (said.unit, said.units, said.persons) == ("WC", ("WC/QH/01",), ("liao-bin",))
    assert said.words
    named = HEARING.of_filing(content(HARMLESS, conflicted_units=("WC/QH",))).accusation
    assert named is not None
    assert (named.unit, named.units, named.persons, named.words) == ("WC", (), (), ())


def test_where_the_desk_names_the_city_bureau_nobody_here_decides() -> None:
    assert HEARING.of_filing(content(HARMLESS, accused_units=("WC",))).accusation is None


def test_a_harmless_text_is_held_nowhere_and_what_others_have_filled_in_is_not_believed() -> None:
    forged = Accusation(unit="WC", units=("WC/QH/01",))
    assert HEARING.of_filing(content(HARMLESS, accusation=forged)).accusation is None


def state(**facts: Any) -> Petition:
    given = Case(filing(rules=CURRENT_RULES, unit="WC/QH/02", **facts)).events
    folded = fold(given)
    assert folded is not None
    return folded


WORDS: tuple[c.Command, ...] = (
    c.Amend(reason="更正", text=ABOUT_A_STATION),
    c.Amend(reason="更正", title=ABOUT_A_STATION),
    c.Remark(text=ABOUT_A_STATION),
    c.Rate(solved=False, satisfied_with_office=False, satisfied_with_unit=False, remark=ABOUT_A_STATION),
    c.ContradictRevisit(revisit=1, words=ABOUT_A_STATION),
    c.RecordRevisit(reached=True, solved=False, comment=ABOUT_A_STATION),
    c.Withdraw(reason=ABOUT_A_STATION),
    c.Reopen(facts=ABOUT_A_STATION, policy=FAST, calendar=calendar()),
)


@pytest.mark.parametrize("command", WORDS, ids=lambda command: command.kind)
def test_whatever_a_petitioner_adds_is_read_alike(command: c.Command) -> None:
    heard = HEARING.of_command(state(), command)
    assert isinstance(heard, c.Heard)
    assert heard.accusation is not None
    assert heard.accusation.units == ("WC/QH/01",)


def test_no_word_of_a_petitioner_is_left_out() -> None:
    with_words = {type(command) for command in WORDS}
    # What the desk proposes itself bears no words besides.
    assert with_words == set(c.Heard.__subclasses__()) - {c.ProposeAccused}
    assert words_of(c.ProposeAccused(accusation=Accusation(unit="WC"))) == ("", "")


def test_what_brings_no_words_stays_as_it_is() -> None:
    accept = c.Accept()
    assert HEARING.of_command(state(), accept) is accept
    silent = HEARING.of_command(state(), c.RecordRevisit(reached=False))
    assert isinstance(silent, c.Heard)
    assert silent.accusation is None


def test_a_correction_that_names_somebody_holds_the_case_for_those_who_are_new() -> None:
    before = state(accused_persons=("xia-fang",))
    heard = HEARING.of_command(before, c.Amend(reason="补充", accused_persons=("xia-fang", "tang-yong")))
    assert isinstance(heard, c.Amend)
    assert heard.accusation is not None
    assert heard.accusation.persons == ("tang-yong",)


def test_a_place_is_read_from_where_the_case_stands() -> None:
    text = "你们所里的民警收钱办事，态度恶劣。"
    held = state(accusation=Accusation(unit="WC/QH", units=("WC/QH/02",)))
    for one in (state(), held):
        found = HEARING.of_words(one, text)
        assert found is not None
        assert found.units == ("WC/QH/02",)


def test_words_are_read_though_the_unit_that_has_the_case_is_gone() -> None:
    hearing = Hearing(without(units=("WC/QH/02", "WC/QH/02/01")), police_words())
    heard = hearing.of_command(state(), c.Remark(text="你们的民警打我，态度恶劣。"))
    assert isinstance(heard, c.Heard)
    assert heard.accusation is not None
    assert heard.accusation.units == ("WC/QH",)


def test_words_beside_the_text_are_read_too() -> None:
    by_name = HEARING.of_filing(content(HARMLESS, petitioners=({"alias": "魏国栋收了我的钱"},))).accusation
    assert by_name is not None and by_name.persons == ("wei-guodong",)
    by_kind = HEARING.of_filing(content(HARMLESS, category="投诉河沿街派出所打人")).accusation
    assert by_kind is not None and by_kind.units == ("WC/QH/01",)
    amended = HEARING.of_command(state(), c.Amend(reason=ABOUT_A_STATION, category="治安"))
    assert isinstance(amended, c.Amend)
    assert amended.accusation is not None
    assert HEARING.of_filing(content(HARMLESS, category="警务投诉")).accusation is None


def test_what_is_added_is_read_with_what_the_case_says() -> None:
    heard = HEARING.of_command(state(), c.Remark(text="他们骂我滚，还收了钱"), "我去河沿街派出所报案")
    assert isinstance(heard, c.Heard)
    assert heard.accusation is not None
    assert "WC/QH/01" in heard.accusation.units


def test_what_is_added_to_a_held_case_is_read_also_where_whom_it_means_has_left_the_organisation() -> None:
    hearing = Hearing(without("jiang-chao", units=("WC/QH/02", "WC/QH/02/01")), police_words())
    meant = Accusation(unit="WC/QH", units=("WC/QH/01", "WC/QH/02"), persons=("jiang-chao",))
    state = Case(filing(rules=CURRENT_RULES, accusation=meant)).state
    assert state.held is not None
    said = hearing.of_command(state, c.Remark(text=ABOUT_A_STATION))
    named = hearing.of_words(state, ABOUT_A_STATION)
    assert isinstance(said, c.Remark)
    assert said.accusation is not None and said.accusation.units == ("WC/QH/01",)
    assert named == said.accusation


@pytest.mark.parametrize("command", [c.RecordRevisit(reached=False), c.Withdraw(reason="")])
def test_an_order_without_words_says_so_before_anything_is_looked_up(command: c.Heard) -> None:
    assert not brings_words(command)
    assert brings_words(c.Remark(text=HARMLESS))
    assert brings_words(c.Amend(reason="", accused_units=("WC/QH/01",))), "whom a desk names is judged with the words"
