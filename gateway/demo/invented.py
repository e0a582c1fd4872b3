"""Petitions that keep coming after the forty, so that the city never falls silent. Invented, like everything here."""

from __future__ import annotations

from typing import NamedTuple

from activities.defaults import DemoPetition
from schemas.organisation import Organisation
from schemas.petition.state import Complexity, Ledger
from schemas.sealing.personal import PersonalData

PREFIX = "street-"
"""The key of the n-th invented petition is this and n."""


class _Matter(NamedTuple):
    ledger: Ledger
    complexity: Complexity
    title: str
    text: str


S, C, P = Ledger.SUGGESTION, Ledger.CLAIM, Ledger.COMPLAINT
SIMPLE, COMPLEX = Complexity.SIMPLE, Complexity.COMPLEX

_MATTERS = (
    _Matter(
        S,
        SIMPLE,
        "建议{place}增设夜间照明",
        "{place}的小巷{when}后一片漆黑，下班回家的人都绕着走。建议补几盏路灯，巡逻也经过一次。",
    ),
    _Matter(
        C,
        SIMPLE,
        "{place}丢失物品请求帮助查找",
        "{when}我在{place}公交站遗失一个背包，里面有证件和钥匙，请帮忙查看监控并告知结果。",
    ),
    _Matter(
        P,
        SIMPLE,
        "{place}烧烤摊深夜扰民",
        "{place}路口的烧烤摊{when}还在划拳喝酒，油烟飘进卧室，多次劝说无效，请来管一管。",
    ),
    _Matter(
        C,
        COMPLEX,
        "{place}房东不退押金引发争执",
        "我租住在{place}，{when}退租时房东拒退押金并换了门锁，双方发生推搡，请组织调解。",
    ),
    _Matter(
        S,
        SIMPLE,
        "希望{place}开办防骗讲座",
        "{place}的老人常接到冒充客服的电话，{when}又有一位差点转账。希望派出所到社区讲一讲。",
    ),
    _Matter(
        P,
        COMPLEX,
        "反映{place}一处仓库私存烟花",
        "{place}旧厂房里{when}有人搬运成箱烟花，旁边就是居民楼，请尽快核查，注意保密。",
    ),
    _Matter(
        C,
        SIMPLE,
        "{place}居住证办理进度查询",
        "{when}在{place}提交了居住证申请，至今没有消息，单位催着要，请告知何时可以领取。",
    ),
    _Matter(
        P,
        SIMPLE,
        "{place}路口电动车逆行无人管",
        "{place}路口{when}逆行的电动车一辆接一辆，已经撞倒过一位老人，请安排执勤。",
    ),
    _Matter(
        S,
        COMPLEX,
        "关于{place}学校周边综合治理的建议",
        "{place}学校周边摊点、停车、接送混在一起，{when}最乱。建议公安、城管、学校一起定一个办法。",
    ),
)
_WHEN = ("昨晚十点", "上周六傍晚", "今天清晨", "这几天中午", "前天夜里", "周三下午")
_CHANNELS = ("12345", "walk_in", "wechat_bridge", "reception_room", "110", "leader_mailbox", "assistant_report")
_SURNAMES = "钱孙李周吴郑冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = ("建国", "秀兰", "晓东", "丽萍", "志远", "春梅", "海涛", "雨桐", "立新", "文静")


def invented(index: int, organisation: Organisation) -> DemoPetition:
    """The ``index``-th (from 0) petition from the street; the same index always gives the same petition."""
    stations = [unit for unit in organisation.units if unit.kind == "station"]
    station = stations[(index * 4 + index // len(_MATTERS)) % len(stations)]
    matter = _MATTERS[index % len(_MATTERS)]
    place = station.name.removesuffix("派出所")
    when = _WHEN[(index * 5 + index // len(_MATTERS)) % len(_WHEN)]
    name = _SURNAMES[(index * 7) % len(_SURNAMES)] + _GIVEN[(index * 3) % len(_GIVEN)]
    anonymous = matter.ledger is P and matter.complexity is COMPLEX
    return DemoPetition(
        key=f"{PREFIX}{index}",
        channel=_CHANNELS[(index * 3) % len(_CHANNELS)],
        ledger=matter.ledger,
        complexity=matter.complexity,
        unit=station.path,
        title=matter.title.format(place=place),
        text=matter.text.format(place=place, when=when),
        petitioners=() if anonymous else (PersonalData(name=name, phone=f"1380001{index % 10_000:04d}"),),
    )
