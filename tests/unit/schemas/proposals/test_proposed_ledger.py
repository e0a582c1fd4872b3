from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.petition.state import Complexity, Ledger
from schemas.proposals.ledger import LONG_TEXT, propose_complexity, propose_ledger


@pytest.mark.parametrize(
    ("subject", "text", "ledger"),
    [
        ("建议在校门口加装护栏", "这样更安全", "suggestion"),
        ("能否优化路口信号灯", "早高峰太堵，建议调整配时", "suggestion"),
        ("投诉楼下酒吧噪音扰民", "每晚到三点，希望管一管", "complaint"),
        ("举报有人聚众赌博", "", "complaint"),
        ("派出所推诿不作为", "跑了三次", "complaint"),
        ("公司拖欠工资怎么办", "半年没发", "claim"),
        ("咨询落户政策", "请问需要什么材料", "claim"),
        ("你好", "谢谢", "claim"),
    ],
)
def test_ledgers(subject: str, text: str, ledger: str) -> None:
    proposal = propose_ledger(subject, text)
    assert proposal.value == ledger
    assert proposal.value in set(Ledger)
    assert proposal.why


def test_the_subject_outweighs_the_text() -> None:
    assert propose_ledger("建议增设路灯", "有人举报过").value == "suggestion"


@pytest.mark.parametrize(
    ("text", "complexity"),
    [
        ("路灯坏了三天", "simple"),
        ("我们 5 个人", "simple"),
        ("几百户业主联名反映，拆迁安置多年没有结果", "complex"),
        ("涉黑团伙多次威胁村民", "complex"),
        ("判决已下，当事人上访", "complex"),
        ("1200户居民，十多年没有解决", "complex"),
        ("骗走两千万元，老板跑路", "complex"),
        ("长" * LONG_TEXT, "simple"),
        ("长" * LONG_TEXT + "多次投诉", "complex"),
    ],
)
def test_complexity(text: str, complexity: str) -> None:
    proposal = propose_complexity("", text)
    assert proposal.value == complexity
    assert proposal.value in set(Complexity)


@given(st.text(), st.text())
def test_any_text_gets_an_answer(subject: str, text: str) -> None:
    assert propose_ledger(subject, text).value in set(Ledger)
    assert propose_complexity(subject, text).value in set(Complexity)
