"""Which of the three ledgers a text belongs to, and whether it is simple or complex: by the words people use."""

from __future__ import annotations

import re
from collections.abc import Mapping

from schemas.petition.state import Complexity, Ledger
from schemas.petition.wording.terms import chinese
from schemas.proposals.proposal import Proposal, folded, quoted

_SUBJECT_WEIGHT = 3.0

_CUES: Mapping[Ledger, Mapping[str, float]] = {
    Ledger.SUGGESTION: {
        "建议": 3, "提议": 3, "意见和建议": 2, "希望": 0.6, "盼望": 0.6, "呼吁": 1.5, "能否": 0.7, "可否": 0.7, "能不能": 0.7, "增设": 1.5, "增加": 0.5,
        "加装": 1, "优化": 1.5, "改善": 0.6, "完善": 0.6, "加快": 1.2, "推广": 1, "打造": 1, "倡议": 2, "献策": 2, "不妨": 1, "应当设": 1,
    },
    Ledger.CLAIM: {
        "咨询": 3, "请问": 2, "求助": 3, "请求": 2, "恳请": 1, "恳求": 1.5, "诉求": 1.5, "要求": 0.7, "拖欠": 3, "赔偿": 2.5, "补偿": 2, "补贴": 1.5,
        "退款": 2, "退费": 2, "工资": 2, "欠薪": 3, "工伤": 2, "押金": 1.5, "办理": 0.8, "何时": 1.5, "什么时候": 1.5, "如何": 0.8, "怎么办": 1,
        "能否办": 1, "需要什么": 1.5, "落户": 2, "户口": 1.5, "身份证": 1.5, "居住证": 1.5, "驾照": 1.5, "驾驶证": 1.5, "房产证": 2, "产权证": 2,
        "社保": 1, "医保": 1, "低保": 1.5, "养老金": 1.5, "迟迟": 1, "得不到解决": 1.5, "报案": 1.2, "立案": 1.2, "被盗": 1.5, "走失": 2,
    },
    Ledger.COMPLAINT: {
        "投诉": 3, "举报": 4, "检举": 4, "控告": 4, "违法": 2, "违规": 2, "违纪": 2.5, "违建": 2, "非法": 2, "不作为": 2.5, "乱作为": 2.5, "乱收费": 3,
        "扰民": 2.5, "噪音": 1.5, "噪声": 1.5, "诈骗": 2.5, "欺诈": 2.5, "骗": 0.8, "传销": 2.5, "赌博": 2.5, "卖淫": 3, "老虎机": 2.5,
        "殴打": 2.5, "打人": 2, "威胁": 1.5, "恐吓": 2, "贪污": 3, "受贿": 3, "腐败": 2, "保护伞": 3, "包庇": 2.5, "偏袒": 2, "不公": 1,
        "推诿": 1.5, "敷衍": 1.5, "刁难": 2.5, "态度恶劣": 2.5, "侵占": 2, "霸占": 2, "强制": 1.2, "强行": 1.2, "捆绑销售": 2.5, "虚假": 1.5,
        "偷排": 2.5, "污染": 1.2, "占道": 1.5, "乱停": 1.5, "飙车": 2, "严查": 1.5, "查处": 1.5, "取缔": 1.5, "严惩": 2, "质疑": 1.5,
    },
}  # fmt: skip

LONG_TEXT = 1_200
"""Characters from which a matter is taken to have many sides."""

_MANY_PEOPLE = 30
_COMPLEX_CUES: Mapping[str, float] = {
    "集体": 1, "联名": 2, "群体": 1.5, "上访": 2, "信访": 0.5, "拆迁": 1.5, "征地": 1.5, "征收": 1, "安置": 0.5, "烂尾": 1.5, "维权": 1,
    "诉讼": 1.5, "起诉": 1.5, "判决": 1.5, "法院": 0.8, "仲裁": 1, "死亡": 2, "身亡": 2, "伤亡": 2, "重伤": 2, "自杀": 2.5, "跳楼": 2.5,
    "涉黑": 2.5, "黑社会": 2.5, "黑恶": 2.5, "保护伞": 2, "聚众": 2, "围堵": 2, "罢工": 2, "非法集资": 2, "血本无归": 2, "跑路": 1.5, "传销": 1.5,
    "多年": 1, "历史遗留": 2, "多次投诉": 1, "多次反映": 1, "多次举报": 1, "互相推诿": 1.5, "踢皮球": 1.5, "互相踢": 1.5, "贪污": 1.5, "受贿": 1.5,
}  # fmt: skip
_COMPLEX_FROM = 2.0
_YEARS = re.compile(r"(?:[3-9]|[1-5]\d|[三四五六七八九十]|十几|几十)(?:多|余)?年(?:来|了|之久|未|没|都)")
_PEOPLE = re.compile(
    r"(\d{2,7}|[几数上][十百千万]|成[百千])(?:多|余|来|几)?(?:户|名|人|个人|家庭|业主|居民|村民|职工|家住户)"
)
_MONEY = re.compile(
    r"(?:\d|[几数两一二三四五六七八九十百千])(?:多|余)?(?:百万|千万|亿)(?:多|余)?元?|\d{3,12}(?:多|余)?万元"
)


def propose_ledger(subject: str, text: str) -> Proposal:
    """A value of ``Ledger``. A text without any cue goes to ``claim``, the ledger of whatever a person wants done."""
    head, body = folded(subject), folded(text)
    scores: dict[Ledger, float] = {}
    said: dict[Ledger, list[str]] = {}
    for ledger, cues in _CUES.items():
        found = {cue: _weight(cue, head, body) * worth for cue, worth in cues.items()}
        said[ledger] = sorted((cue for cue, worth in found.items() if worth), key=found.__getitem__, reverse=True)
        scores[ledger] = sum(found.values())
    # on a tie the ledger that promises the most to the petitioner: claim
    best = max((Ledger.CLAIM, Ledger.COMPLAINT, Ledger.SUGGESTION), key=scores.__getitem__)
    if not scores[best]:
        return Proposal(
            value=Ledger.CLAIM,
            confidence=0.2,
            why="文中没有建议、投诉一类的说法，暂归利益诉求。",
            why_en="No cue of a suggestion or a complaint; taken for a claim.",
        )
    second = max(score for ledger, score in scores.items() if ledger is not best)
    return Proposal(
        value=best,
        confidence=round(0.3 + 0.7 * (scores[best] - second) / (scores[best] + 2), 2),
        why=f"文中提到{quoted(said[best])}，似为{chinese(best)}。",
        why_en=f"The text says {quoted(said[best])}: a {best.value}.",
    )


def propose_complexity(subject: str, text: str) -> Proposal:
    """A value of ``Complexity``: ``complex`` for many people, many years, courts, harm to life, gangs, large sums, or
    a long text."""
    words, score = _complex_signs(folded(subject), folded(text))
    if score >= _COMPLEX_FROM:
        return Proposal(
            value=Complexity.COMPLEX,
            confidence=round(min(1.0, 0.5 + (score - _COMPLEX_FROM) / 8), 2),
            why=f"文中提到{quoted(words)}，宜按复杂事项快报告。",
            why_en=f"The text says {quoted(words)}: to be reported fast.",
        )
    return Proposal(
        value=Complexity.SIMPLE,
        confidence=round(0.8 - 0.3 * score / _COMPLEX_FROM, 2),
        why="未见人数众多、年久、涉诉、伤亡等情形，可快处理。",
        why_en="No sign of many people, many years, courts or harm: to be handled fast.",
    )


def _complex_signs(head: str, body: str) -> tuple[list[str], float]:
    found = {cue: worth for cue, worth in _COMPLEX_CUES.items() if cue in head or cue in body}
    whole = f"{head}\n{body}"
    if years := _YEARS.search(whole):
        found[years.group()] = 1
    for people in _PEOPLE.finditer(whole):
        if not people.group(1).isdecimal() or int(people.group(1)) >= _MANY_PEOPLE:
            found[people.group()] = 1.5
            break
    if money := _MONEY.search(whole):
        found[money.group()] = 1
    if len(body) >= LONG_TEXT:
        found[f"{len(body)}字长文"] = 1.5
    return sorted(found, key=found.__getitem__, reverse=True), sum(found.values())


def _weight(cue: str, head: str, body: str) -> float:
    return _SUBJECT_WEIGHT if cue in head else 1.0 if cue in body else 0.0
