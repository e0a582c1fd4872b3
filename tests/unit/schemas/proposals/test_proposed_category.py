from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.kernel.errors import UserError
from schemas.proposals.category import propose_category
from schemas.proposals.taxonomy import HEADINGS, ROW_LIMIT, Taxonomy

HEAD = ",".join(HEADINGS)
SMALL = Taxonomy.from_csv(f"{HEAD}\n环境,污染,噪音污染\n环境,污染,其他\n治安,户籍证件,身份证管理\n治安,户籍证件,其他\n")


def test_the_default_taxonomy_is_sound(default_taxonomy: Taxonomy) -> None:
    assert 40 <= len(default_taxonomy.rows) <= 60
    assert all(row.cues for row in default_taxonomy.rows)


@pytest.mark.parametrize(
    ("subject", "text", "path"),
    [
        ("楼下麻将馆半夜还在打牌", "吵得睡不着", "治安管理/噪音扰民/生活噪音"),
        ("小区门口乱停车", "堵住消防通道没人管", "交通管理/秩序/违法停车"),
        ("身份证到期了", "可以在网上换吗", "户籍证件/证件/居民身份证"),
        ("咨询", "我的电动车被盗，什么时候立案", "刑事案件/侵财/盗窃"),
        ("反映派出所不出警", "打了三次电话没人来", "队伍与执法/执法规范/不作为"),
        ("ＫＴＶ噪音", "每晚到两点", "治安管理/噪音扰民/生活噪音"),
    ],
)
def test_proposals_of_the_default_taxonomy(default_taxonomy: Taxonomy, subject: str, text: str, path: str) -> None:
    proposal = propose_category(default_taxonomy, subject, text)
    assert proposal.value == path
    assert 0 < proposal.confidence <= 1
    assert proposal.why


def test_nothing_said_nothing_proposed() -> None:
    for subject, text in (("", ""), ("你好", "谢谢"), ("问题", "管理问题")):
        proposal = propose_category(SMALL, subject, text)
        assert proposal.value is None
        assert proposal.confidence == 0


def test_only_the_upper_level_said_gives_the_rest_category() -> None:
    assert propose_category(SMALL, "户籍证件怎么办", "").value == "治安/户籍证件/其他"
    assert propose_category(SMALL, "身份证怎么办", "").value == "治安/户籍证件/身份证管理"


def test_the_shared_taxonomy_loads(shared_data: Path) -> None:
    taxonomy = Taxonomy.from_csv((shared_data / "分类体系.csv").read_text(encoding="utf-8"))
    assert len(taxonomy.rows) == 517
    proposal = propose_category(taxonomy, "楼下噪音污染严重影响休息", "工地夜间施工，机器轰鸣。" * 40)
    assert proposal.value == "环境保护/环境污染/噪音污染"


@given(st.text(), st.text())
def test_any_text_gets_an_answer(subject: str, text: str) -> None:
    proposal = propose_category(SMALL, subject, text)
    assert proposal.value is None or proposal.value in {row.path for row in SMALL.rows}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "甲,乙,丙\n1,2,3\n",
        f"{HEAD}\n",
        f"{HEAD}\n甲,,丙\n",
        f"{HEAD}\n甲,乙\n",
        f"{HEAD}\n甲,乙,丙,丁\n",
        f"{HEAD}\n甲,乙/己,丙\n",
        f"{HEAD}\n甲,乙,{'长' * 61}\n",
        f"{HEAD}\n甲,乙,丙\n甲,乙,丙\n",
        f"{HEAD},备注\n甲,乙,丙,丁\n",
        f'{HEAD}\n甲,乙,"{"长" * 140_000}\n',
        f"{HEAD}\n" + "".join(f"甲,乙,{n}\n" for n in range(ROW_LIMIT + 1)),
    ],
)
def test_a_taxonomy_that_cannot_serve_is_refused(text: str) -> None:
    with pytest.raises(UserError) as refused:
        Taxonomy.from_csv(text)
    assert refused.value.code == "taxonomy_invalid"


def test_byte_order_mark_and_blank_lines_do_no_harm() -> None:
    assert Taxonomy.from_csv(f"\ufeff{HEAD},线索词\r\n\r\n甲,乙,丙,丁、戊 己\r\n").rows[0].cues == ("丁", "戊", "己")
