"""The three-level taxonomy of matters: data of the installation, checked on load."""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import cached_property
from io import StringIO
from math import log
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from schemas.kernel.errors import UserError
from schemas.proposals.proposal import folded

HEADINGS = ("一级分类", "二级分类", "三级分类")
CUES_HEADING = "线索词"
ROW_LIMIT = 5_000
NAME_LIMIT = 60

_SEPARATORS = re.compile(r"[、,，;；/／\s()（）]+")
_JOINTS = re.compile(r"[和与及或的、/()]")
_SAID_EVERYWHERE = frozenset({
    "希望", "问题", "管理", "办理", "建设", "服务", "工作", "发展", "规划", "处理", "相关", "情况", "其他",
    "其它", "综合", "部门", "政府", "有关", "方面", "进行", "要求", "组织", "机构", "单位", "人员", "社会",
    "生活", "安全", "公共", "项目", "信息", "标准", "规定", "政策", "制度", "收费", "使用", "权益", "行为",
    "活动", "资金", "登记", "监督", "监管", "生产", "经济", "城市", "农村", "城乡", "群众", "国家", "市场",
    "行政", "执行", "落实", "程序", "质量", "事件", "开发", "改革", "申请", "待遇", "意见", "关系", "保障",
    "事业", "技术", "资源", "设施", "基础", "公司", "企业",
})  # fmt: skip
"""Words of office that stand in the names of categories and in every second letter: they tell one matter from another
only inside a longer word."""

_LEVEL_WEIGHTS = (0.25, 0.6, 1.0)
_CUE_WEIGHT = 2.5


class Category(BaseModel):
    """One row: three levels, and words that people use for it (may be empty)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level1: str
    level2: str
    level3: str
    cues: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The category's name everywhere: ``一级/二级/三级``."""
        return f"{self.level1}/{self.level2}/{self.level3}"


class CategoryIndex(NamedTuple):
    """What a text is matched against. ``pairs`` and ``words`` give for each pair of characters, and each whole word,
    the rows it speaks for.

    ``totals`` is the weight of each row's pairs, so that a row with a long name has no advantage.
    """

    pairs: dict[str, tuple[tuple[int, float], ...]]
    words: dict[str, tuple[tuple[int, float], ...]]
    totals: tuple[float, ...]


class Taxonomy(BaseModel):
    """All categories of an installation, in the order of its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: tuple[Category, ...]

    @classmethod
    def from_csv(cls, text: str) -> Taxonomy:
        """Reads ``一级分类,二级分类,三级分类`` with an optional fourth column ``线索词`` (separated by 、 or spaces).

        Refuses, as ``UserError`` with code ``taxonomy_invalid``: other headings, an empty or overlong level, a level
        with “/”, the same row twice, no rows, more than 5,000.
        """
        lines = csv.reader(StringIO(text.removeprefix("\ufeff")))
        try:
            table = [(lines.line_num, [cell.strip() for cell in line]) for line in lines if any(map(str.strip, line))]
        except csv.Error as wrong:
            raise _invalid(
                lines.line_num, "读不下去（可能少了一个引号）", "cannot be read (a quotation mark may be missing)"
            ) from wrong
        if not table or tuple(table[0][1][:3]) != HEADINGS or table[0][1][3:] not in ([], [CUES_HEADING]):
            raise _invalid(
                1, f"表头应为 {','.join(HEADINGS)}[,{CUES_HEADING}]", f"must be {','.join(HEADINGS)}[,{CUES_HEADING}]"
            )
        rows: dict[str, Category] = {}
        for number, line in table[1:]:
            category = _category(number, line, columns=len(table[0][1]))
            if category.path in rows:
                raise _invalid(number, f"“{category.path}”重复", f"repeats “{category.path}”")
            rows[category.path] = category
        if not 0 < len(rows) <= ROW_LIMIT:
            raise _invalid(
                1,
                f"有 {len(rows)} 行，应为 1 至 {ROW_LIMIT} 行",
                f"gives {len(rows)} rows; 1 to {ROW_LIMIT} are allowed",
            )
        return cls(rows=tuple(rows.values()))

    @cached_property
    def index(self) -> CategoryIndex:
        """Built once; a rare pair of characters weighs more than one that half of the rows share."""
        pair_weights: list[dict[str, float]] = []
        word_weights: list[dict[str, float]] = []
        for row in self.rows:
            pairs: dict[str, float] = {}
            words: dict[str, float] = {folded(cue): _CUE_WEIGHT for cue in row.cues}
            for level, weight in zip((row.level1, row.level2, row.level3), _LEVEL_WEIGHTS, strict=True):
                for word in _JOINTS.split(folded(level)):
                    if len(word) > 1 and word not in _SAID_EVERYWHERE:
                        # a longer name is seldom said by chance
                        words[word] = max(words.get(word, 0), weight * (len(word) - 1))
                    for pair in _pairs_of(word) - _SAID_EVERYWHERE:
                        pairs[pair] = max(pairs.get(pair, 0), weight)
            pair_weights.append(pairs)
            word_weights.append(words)
        rarity = _rarity(pair_weights)
        word_rarity = _rarity(word_weights)
        return CategoryIndex(
            pairs=_inverted(pair_weights, rarity),
            words=_inverted(word_weights, word_rarity),
            totals=tuple(sum(weight * rarity[pair] for pair, weight in pairs.items()) for pairs in pair_weights),
        )


def _category(number: int, line: list[str], columns: int) -> Category:
    if len(line) > columns or len(line) < len(HEADINGS):
        raise _invalid(number, f"有 {len(line)} 列，应为 {columns} 列", f"has {len(line)} columns instead of {columns}")
    levels = line[:3]
    for heading, level in zip(HEADINGS, levels, strict=True):
        if not level or len(level) > NAME_LIMIT or "/" in level:
            raise _invalid(
                number,
                f"的{heading}“{level[:20]}”为空、超过 {NAME_LIMIT} 字或含有“/”",
                f"has a {heading} that is empty, longer than {NAME_LIMIT} characters, or contains “/”",
            )
    cues = tuple(cue for cue in _SEPARATORS.split(line[3]) if cue) if len(line) > 3 else ()
    return Category(level1=levels[0], level2=levels[1], level3=levels[2], cues=cues)


def _pairs_of(word: str) -> set[str]:
    return {word[at : at + 2] for at in range(len(word) - 1)}


def _rarity(weights: list[dict[str, float]]) -> dict[str, float]:
    rows_with = Counter(key for row in weights for key in row)
    return {key: log(1 + len(weights) / count) for key, count in rows_with.items()}


def _inverted(weights: list[dict[str, float]], rarity: dict[str, float]) -> dict[str, tuple[tuple[int, float], ...]]:
    rows_of: dict[str, list[tuple[int, float]]] = {}
    for number, row in enumerate(weights):
        for key, weight in row.items():
            rows_of.setdefault(key, []).append((number, weight * rarity[key]))
    return {key: tuple(rows) for key, rows in rows_of.items()}


def _invalid(line: int, zh: str, en: str) -> UserError:
    return UserError(
        "taxonomy_invalid",
        zh=f"分类体系第 {line} 行{zh}；请改正后重试。",
        en=f"The taxonomy: line {line} {en}; correct it and try again.",
        line=line,
    )
