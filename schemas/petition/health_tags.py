"""Nothing about a petitioner's health is a field or a tag: what somebody tells of it stays in their own words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from schemas.kernel.errors import UserError

_WORDS: Final = re.compile(
    "精神(?:病|障碍|疾病|异常|分裂|失常|问题|状态)|神经病|心理(?:疾病|障碍|问题)|抑郁|躁狂|痴呆|智(?:力障碍|障|残)|残(?:疾|障)|艾滋|癌|肿瘤|怀孕|孕妇|患(?:病|者)"
    "|病(?:人|史|情|历)|传染病|疾病|健康(?:状况|情况|信息)|身体状况|过敏史|癫痫"
    "|disab|mental|illness|disease|pregnan|patient|medical|health|(?<!arc)hiv|(?<![a-z])aids|cancer|depress|psych|diagnos"
)


def speaks_of_health(tag: str) -> bool:
    """Whether a tag says something about somebody's health."""
    plain = re.sub(r"[\s_\-./]", "", unicodedata.normalize("NFKC", tag)).lower()
    return bool(_WORDS.search(plain))


def check_tag(field: str, tag: str) -> None:
    """``UserError`` ``health_tag`` for a tag that says something about somebody's health."""
    if speaks_of_health(tag):
        raise UserError(
            "health_tag",
            zh=f"“{field}”不能记录信访人的健康状况：请改用事项分类；与诉求有关的，按其原话写在正文中。",
            en=f"“{field}” may say nothing about a petitioner's health: name the matter instead; what belongs to the claim stays in their own words.",
            field=field,
        )
