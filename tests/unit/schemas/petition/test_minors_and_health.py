"""Minors are reached through a guardian and never published; nothing about anybody's health is a field or a tag."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files
from io import StringIO

import pytest

from activities.defaults import demo_organisation
from gateway.documents import take_policy
from gateway.orders.reading import sealed_petitioners
from schemas.access.personal_words import Known
from schemas.kernel.errors import UserError
from schemas.petition.health_tags import check_tag, speaks_of_health
from schemas.petition.wording.terms import TERMS
from schemas.policy import Channel, Policy
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData, under_age
from tests.golden.freeze_defaults import recorded_models

RING = KeyRing([("k1", bytes(32))])
TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("number", "young"),
    [
        ("430102200803021234", False),
        ("430102200803031234", True),
        ("43010220080303123x", True),
        ("430102 20150101 1234", True),
        ("430102199001011234", False),
        ("430102203001011234", False),
        ("430102900101123", False),
        ("", False),
        ("E12345678", False),
    ],
)
def test_an_identity_number_tells_who_is_not_of_age(number: str, young: bool) -> None:
    assert under_age(number, TODAY) is young


def test_a_minor_takes_a_guardian() -> None:
    child = {"name": "小雨", "minor": True}
    for given in (child, child | {"guardian": "王芳"}, child | {"guardian_phone": "13800001111"}, {"guardian": "王芳"}):
        with pytest.raises(UserError, match="guardian_missing"):
            sealed_petitioners([given], RING)
    guarded = sealed_petitioners([child | {"guardian": "王芳", "guardian_phone": "13800001111"}], RING)[0]
    assert guarded.minor and guarded.sealed is not None
    assert guarded.sealed.masked_guardian == "王*"
    assert "1111" not in guarded.sealed.masked_guardian_phone
    assert "王芳" not in guarded.model_dump_json()


def test_a_guardian_makes_a_minor_and_a_number_does_too() -> None:
    assert sealed_petitioners([{"guardian": "王芳", "guardian_phone": "13800001111"}], RING)[0].minor
    assert sealed_petitioners([{"name": "小雨", "id_number": "430102202001011234"}], RING)[0].minor
    assert not sealed_petitioners([{"name": "张三"}], RING)[0].minor


def test_a_guardian_is_known_like_a_petitioner() -> None:
    known = Known.of((PersonalData(guardian="王芳", guardian_phone="13800001111"),))
    assert known.names == {"王芳"} and known.phones == {"13800001111"}


TAGS = [
    "精神病人",
    "精神障碍患者",
    "残疾人",
    "残障",
    "孕妇",
    "抑 郁",
    "ＨＩＶ",
    "艾滋病",
    "癌症",
    "病史",
    "健康状况",
    "传染病",
    "mental_illness",
    "Disabled",
    "pregnant",
    "health-status",
]


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_about_health_is_refused_with_a_sentence(tag: str) -> None:
    with pytest.raises(UserError, match="health_tag") as refused:
        check_tag("category", tag)
    assert refused.value.zh and refused.value.en
    with pytest.raises(UserError, match="health_tag"):
        sealed_petitioners([{"name": "张三", "alias": tag}], RING)


@pytest.mark.parametrize(
    "tag", ["", "社会治安/噪声扰民", "卫生间漏水", "医院门口停车", "精神文明建设", "A0048", "心理落差"]
)
def test_matters_are_no_health(tag: str) -> None:
    check_tag("category", tag)


def test_nothing_that_is_offered_speaks_of_health() -> None:
    fields = {f"{name}.{field}" for name, model in recorded_models().items() for field in model.model_fields}
    offered = {field.rpartition(".")[2] for field in fields} | set(TERMS) | set(TERMS.values())
    taxonomy = (files("schemas") / "defaults" / "taxonomy.csv").read_text("utf-8")
    offered |= {"/".join(row[:3]) for row in csv.reader(StringIO(taxonomy))}
    offered |= {unit.name for unit in demo_organisation().units}
    # Of accounts, and of nobody's body.
    offered -= {"account_disabled"}
    assert len(offered) > 300
    assert [each for each in sorted(offered) if speaks_of_health(each)] == []


@pytest.mark.asyncio
async def test_a_policy_with_such_a_reason_is_not_taken() -> None:
    from activities.documents import read_policy

    policy: Policy = read_policy((files("schemas") / "defaults" / "policy.yaml").read_text("utf-8"))
    channels = policy.channels | {"ward": Channel(name="精神病患者来信")}
    with pytest.raises(UserError, match="health_tag"):
        await take_policy(None, policy.model_copy(update={"channels": channels}), preview=True)  # type: ignore[arg-type]
    simple = policy.ledgers["claim"]["simple"].model_copy(update={"pause_reasons": ("mental_state",)})
    ledgers = policy.ledgers | {"claim": policy.ledgers["claim"] | {"simple": simple}}
    with pytest.raises(UserError, match="health_tag"):
        await take_policy(None, policy.model_copy(update={"ledgers": ledgers}), preview=True)  # type: ignore[arg-type]
