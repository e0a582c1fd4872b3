"""Who and what of the police a text names: offices, people, posts and nicknames of the organisation, the police in general, and places.

Of several people of one name all are found. A name is also found written with other characters of the same sound, or in traditional characters.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final, Literal, NamedTuple, Protocol, cast

from opencc import OpenCC
from pypinyin.pinyin_dict import pinyin_dict

from schemas.kernel.actor import Role
from schemas.kernel.units import parent, within
from schemas.organisation import Organisation, Unit
from schemas.proposals.names import Found, NameIndex
from schemas.proposals.police_words import PoliceWords

Kind = Literal["person", "office", "police", "place"]

MENTIONS: Final = 400
"""As many of each kind are looked at: more are no text that somebody wrote."""

_RUNS_ON: Final = (
    "有(?![人个一两三几民警套])|以(?!权)|谓|在[地的区位片街校单辖]|需|说[的,]|述|示|属(?!实)|得税|处(?=[的地位境理])|见(?=[的所])|做的?所|为[的,]"
    "|涉|用[的到]|学|反映的|称[的为]|指|想|知[的道]|能[及够]|作所|住[的地]|报[的道]|提[的出到供交]|持有?的|列|获|享"
)
"""After 所 these make another word of it (所有, 所以…): not where one says what they did (城关所有人收钱, 魏所说)."""
_RUN_ON: Final = re.compile(_RUNS_ON)

_TITLES: Final = (
    "副所长|所长|教导员|指导员|教导|政委|副局长|局长|大队长|中队长|支队长|副队长|队长|警官|警察|民警|警长|辅警|协警|片警|干警|警员|督察|警"
    rf"|所(?!{_RUNS_ON})|局(?![面部势限促域])|队(?![伍员列形友])"
)
_FAINT_TITLES: Final = frozenset(
    ("局长", "副局长", "队长", "副队长", "大队长", "中队长", "政委", "所", "局", "队", "警")
)
"""Titles of many houses: without an officer of that name they say nothing of the police."""

_COMPOUND_SURNAMES: Final = "欧阳|上官|司马|诸葛|皇甫|尉迟|公孙|慕容|司徒|令狐|夏侯|东方|独孤|南宫|宇文|长孙"
_SURNAMES: Final = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
    "庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠尚"
)

_BEFORE_A_NAME: Final = (
    "的是找被叫和与跟让向给把那这个位名听对等及由去到见有请就说着过问告诉我你他她们里县市区镇街局村投举报员师长官任老小原现某办案路城关桥河派出所"
    ",，。.、:：;；!！?？“”\"'()（）【】-\n"
)
"""What may stand just before a surname; after other characters it may be part of a word (城管队, 公司所)."""

_SWALLOWED: Final = re.compile(
    "[治公保平国西延长泰]安|[现前历主责担时专新上原继连离接兼信委调大就聘]任|[路阶手时地工标波分片]段|[对双地官校院资己东西南北前后上下单四厂供甲乙魔]方"
    "|[人车白司黄斑]马|[砂沙矿玉岩]石|[沿滨临过]江|[园森山农桂竹造护]林|[现奖资罚基押定租薪]金|明白|[如为任]何|[照回不]顾|[健小]康|[子儿]孙|师傅|[千十百几两一二三五]万"
    "|[年世违]纪|黄牛|清楚|[园壮]丁|[高和]尚|[防抗]洪|[大登着]陆|[佩穿爱]戴|庆祝|面孔|城管|[房机]?车|[公上]司|学习|[施开]?工|文[物化]"
)
"""Words whose last character looks like a surname (对方局长, 治安队长)."""

_AFTER_A_NAME: Final = frozenset(
    "态凭做说讲让把对骂打收给叫不这那他她我是的在就还又跟和与及同警所队长局政教指导副查没要去来到上下拿扣压拖欠借请喝吃开用带抓踢推吼凶笑哭也都从只每天一两三个办接处管出问答签写看听怎为什何因当被替帮至已曾先后总老爱嘴手人家夫妻值坐站穿知认识住卖买送偷欠借违酒吸毒赌嫖贪索受辱侮殴虐摸搂抱敲诈勒伪篡捏拒刁恐歧威闯搜抄罚锁抓捕瞒骗哄躲删徇渎滥泄纵枪乱霸私擅故"
    "晚夜早半昨深凌意等呢吗吧啊呀嘛使该可能会想肯敢愿必须将便则却但因所此该"
)
"""What may stand just after a name of two characters; before others it is the beginning of a longer one."""

_OF_SOMEBODY: Final = re.compile(
    r"(?:半夜|深夜|夜里|晚上|昨天|昨晚|今天|前天|上周|当时|又|还|就|都|天天|经常|多次|一直)?"
    r"(?:这个?人|此人|那个?人|同志|(?:说|让|叫|把|对|跟|问|向|要|给|拿|收了?|骂|打|骗)我"
    r"|收了|收钱|收黑钱|收受|拿了|打了|打人|骂|包庇|勒索|敲诈|受贿|索贿|贪污|威胁|泄露|强奸|嫖|赌博|辱骂|殴打|喝酒|酒驾|吃拿|白吃|摸)"
)
"""What follows the name of somebody and hardly a word of every day."""

_NEARBY: Final = 40
"""Characters within which a word of the police makes an officer's name of what might be anybody's."""

_FAR: Final = 150
"""The same for what is hardly anybody else's."""


_MARKS: Final = frozenset("。,;:!?、\n")
_LATIN: Final = re.compile("[a-zà-ɏḁ-ỿ]")
_LETTERS: Final = re.compile("[a-z]{5,}")
_PLAINLY_SPELLED: Final = 9
"""Letters of a name that are no accident inside other letters."""

_STATION: Final = re.compile(r"(?:派|(?<![0-9a-z])p(?:ai)?)(?:出|处|初|c(?:hu)?)(?:所|锁|s(?:uo|ou)?)(?![a-z])")
"""派出所 as it is written past a reader: P出所, 派出sou, pcs."""


LONGEST_COMPARED: Final = 48_000
"""Characters that are compared of a text, once those that stand for several are written out: twice what a petition may have."""


class Mention(NamedTuple):
    """What a text names from ``start`` to ``end``: people (ids; none where the organisation knows nobody of that name), an office or a place
    (paths), or a word for the police in general.
    """

    start: int
    end: int
    kind: Kind
    values: tuple[str, ...]


class _Target(NamedTuple):
    kind: Kind | Literal["serving", "elsewhere", "handling", "spoken_of"]
    value: str


class OfficerNames:
    """Keeps the names of one organisation."""

    def __init__(self, organisation: Organisation, words: PoliceWords) -> None:
        self._organisation = organisation
        self._names = NameIndex(_targets(organisation, words))
        self._everyday = frozenset(map(comparable, words.everyday))
        self._context = pattern_of(words.context)
        self._business = pattern_of(words.business)
        self._by_surname = _by_surname(organisation)
        self._sounding = _sounding(organisation)
        surnames = "".join(sorted({*_SURNAMES, *(name for name in self._by_surname if len(name) == 1)}))
        one = f"{_COMPOUND_SURNAMES}|[{surnames}]"
        self._titled = re.compile(
            rf"(?P<surname>{one})(?:某某|某|x{{1,2}}|\*{{1,2}}|姓)?[大老小总]?(?P<title>{_TITLES})"
        )
        self._called = re.compile(
            rf"(?<!百)姓(?P<called>{one})(?![名氏])"
            rf"|(?P<some>{one})(?:某某|某|姓|什么|啥|女士|先生|同志|主任|科长|处长|大姐)(?![些个种])"
            rf"|(?<![从到大弱幼矮最很较是中养古])[老小阿](?P<old>[{surnames}])"
            r"(?![区学孩时人板师妹姐爷太百姓路河镇村巷县市卖店院层朋品吃龙明白额型])"
        )
        places = [
            comparable(alias)
            for unit in organisation.units
            if unit.kind in ("station", "community")
            for alias in unit.aliases
        ]
        real = [each for each in _real_names(organisation) if len(each[1]) > 1]
        self._given = NameIndex((given, (person, surname, _spelt(surname)[:1])) for surname, given, person in real)
        self._by_ends: dict[tuple[str, str], tuple[str, ...]] = {}
        for surname, given, person in real:
            self._by_ends[surname, given[-1]] = (*self._by_ends.get((surname, given[-1]), ()), person)
        self._blotted = re.compile(rf"(?P<first>{one})(?:[x×*某○〇□?_-]{{1,2}})(?P<last>[㐀-鿿])")
        self._spelled: dict[str, tuple[str, ...]] = {}
        for surname, given, person in _real_names(organisation):
            for spelled in {_spelt(surname) + _spelt(given), _spelt(given) + _spelt(surname)}:
                self._spelled[spelled] = (*self._spelled.get(spelled, ()), person)
        self._letters = sorted({len(each) for each in self._spelled}, reverse=True)
        told = (*words.accusing, *words.grave, *words.at_once, *words.deeds)
        self._told = NameIndex((comparable(word), None) for word in told)
        self._station_places = NameIndex((place, None) for place in places)
        self._title = re.compile(rf"(?:同志)?(?:{_TITLES})")

    def mentions(self, whole: str, *, near: Collection[str] = (), spoken_of: bool = False) -> list[Mention]:
        """What the text names, in the order of reading; ``whole`` as of :func:`comparable`.

        ``near``: the units that have the case it is added to; ``spoken_of``: whether that case speaks of the police.
        """
        business = bool(self._business.search(whole))
        added = {"handling"} if near else set[str]()
        added |= {"spoken_of"} if near and spoken_of else set[str]()
        added |= {"serving"} if business or near else set[str]()
        found = (self._mention(whole, each, added, near) for each in self._names.find(whole))
        joined, places = _joined(whole)
        mentions = [
            *_some_of_each(filter(None, found)),
            *islice(self._in_other_characters(whole), MENTIONS),
            *islice(self._drawn_apart(whole, joined, places), MENTIONS),
            *islice(self._in_letters(joined, places), MENTIONS),
            *islice(self._by_given_name(whole), MENTIONS),
        ]
        police = (
            bool(near)
            or bool(self._context.search(whole))
            or any(each.kind in ("office", "police") for each in mentions)
        )
        taken = sorted((each.start, each.end) for each in mentions if each.kind != "police")
        mentions += [
            each
            for each in (*self._by_title(whole, police=police), *(self._by_name_alone(whole, near) if police else ()))
            if not _within_one(taken, each.start)
        ]
        return sorted(mentions)

    def _by_title(self, whole: str, *, police: bool) -> Iterator[Mention]:
        """王所, 李警官. One whom the organisation does not know is still somebody of the police, where the title is theirs alone."""
        for match in islice(self._titled.finditer(whole), MENTIONS):
            persons, title = self._by_surname.get(match["surname"], ()), match["title"]
            if whole[max(0, match.start() - 1) : match.start()] not in _BEFORE_A_NAME:
                # Not where a word begins: only one of that name and post, and nothing that ends like it.
                persons = tuple(one for one in persons if self._bears(one, title))
                if not persons or _SWALLOWED.match(whole, match.start() - 1):
                    continue
            fitting = any(self._bears(person, title) for person in persons)
            if persons and (fitting or self._is_near_police(whole, *match.span(), _FAR)):
                yield Mention(*match.span(), "person", persons)
            elif police and title not in _FAINT_TITLES:
                yield Mention(*match.span(), "person", ())

    def _by_name_alone(self, whole: str, near: Collection[str]) -> Iterator[Mention]:
        """姓李的, 江某, 老魏, in a text that speaks of the police, or to those who have the case."""
        told = not near or bool(self._context.search(whole))
        for match in islice(self._called.finditer(whole), MENTIONS):
            persons = self._by_surname.get(match["called"] or match["some"] or match["old"], ())
            theirs = tuple(person for person in persons if self._serves(person, near))
            if persons and ((match["called"] and told) or self._is_near_police(whole, *match.span(), _NEARBY)):
                yield Mention(*match.span(), "person", persons)
            elif theirs:
                yield Mention(*match.span(), "person", theirs)

    def _serves(self, person: str, units: Collection[str]) -> bool:
        return any(within(self._organisation.person(person).unit, unit) for unit in units)

    def _bears(self, person: str, title: str) -> bool:
        """Whether that title is one of the person's office: then it needs no other word of the police beside it."""
        one = self._organisation.person(person)
        unit = self._organisation.unit(one.unit)
        match title.removesuffix("长")[-1:]:
            case "所":
                return unit.kind == "station"
            case "局":
                return unit.kind in ("bureau", "branch") and one.role is Role.CHIEF
            case "队":
                return unit.kind == "department" and "队" in unit.name
            case _:
                return title.endswith(("警", "警官", "民警", "警察", "督察"))

    def _is_near_police(self, whole: str, start: int, end: int, reach: int) -> bool:
        before, after = whole[max(0, start - reach) : start], whole[end : end + reach]
        return any(self._context.search(part) or any(self._station_places.find(part)) for part in (before, after))

    def _mention(
        self, whole: str, found: Found[_Target], added: Collection[str], near: Collection[str]
    ) -> Mention | None:
        by_kind: dict[str, dict[str, None]] = {}
        for target in found.meanings:
            by_kind.setdefault(target.kind, {})[target.value] = None
        name = whole[found.start : found.end]
        theirs = any(self._serves(person, near) for person in by_kind.get("person", ()))
        if "person" in by_kind and self._is_a_name(whole, found, theirs=theirs):
            return Mention(found.start, found.end, "person", tuple(by_kind["person"]))
        # The whole word 派出所 ends there, whatever follows; of the short form 所有 may be the word.
        runs_on = name.endswith("所") and not name.endswith("派出所") and _RUN_ON.match(whole, found.end)
        if "office" in by_kind and not runs_on:
            return Mention(found.start, found.end, "office", tuple(by_kind["office"]))
        if "police" in by_kind or not by_kind.keys().isdisjoint(added):
            return Mention(found.start, found.end, "police", (name,))
        if "place" in by_kind:
            return Mention(found.start, found.end, "place", tuple(by_kind["place"]))
        return None

    def _is_a_name(self, whole: str, found: Found[_Target], *, theirs: bool) -> bool:
        """Whether two characters name somebody here. A word of every day does where a title follows it, or the police or an accusation stand
        close to it; of a longer name two characters are no name (高鹏 in 高鹏程), unless the text is of the police.
        """
        name, after = whole[found.start : found.end], whole[found.end : found.end + 1]
        if len(name) > 2 or self._title.match(whole, found.end):
            return True
        told = self._told.ends_at(whole, found.end)
        ends = not after or after in _AFTER_A_NAME or bool(told)
        if name not in self._everyday:
            return ends or theirs or not _is_han(after) or self._is_near_police(whole, found.start, found.end, _FAR)
        before = whole[max(0, found.start - 12) : found.start]
        if self._context.search(before) or re.search("投诉|举报|控告|检举|叫|名字是?|胸牌", before[-8:]):
            return True
        if _OF_SOMEBODY.match(whole, found.end) or (told and "我" in whole[found.end : told + 2]):
            return not _SWALLOWED.match(whole, max(0, found.start - 1))
        return ends and bool(self._context.search(whole[found.end : found.end + _NEARBY]))

    def _in_other_characters(self, whole: str) -> Iterator[Mention]:
        """廖彬 for 廖斌: the surname must be the right one, and the police near."""
        for at in [at for at, char in enumerate(whole) if char in self._sounding]:
            for given, name, person in self._sounding[whole[at]]:
                end = at + 1 + len(given)
                said = whole[at + 1 : end]
                if len(said) != len(given) or said == name or not all(map(_sounds_like, said, given)):
                    continue
                told = self._told.ends_at(whole, end)
                near = self._is_near_police(whole, at, end, _NEARBY)
                if (told and (near or len(given) > 1)) or (near and whole[at:end] not in self._everyday):
                    yield Mention(at, end, "person", (person,))

    def _drawn_apart(self, whole: str, joined: str, places: list[int]) -> Iterator[Mention]:
        """马.长.河, 河·沿·街·派·出·所: with something between the characters, and marks of a sentence only between all of them."""
        for found in self._names.find(joined) if len(joined) < len(whole) else ():
            start, end = places[found.start], places[found.end - 1] + 1
            apart = [place for place in range(found.start + 1, found.end) if places[place] - places[place - 1] > 1]
            if not apart:
                continue
            between = {char for char in whole[start:end] if not char.isalnum()}
            length = found.end - found.start
            if not between.isdisjoint(_MARKS) and (len(apart) < length - 1 or length < 3):
                continue
            for kind in ("person", "office", "police"):
                values = tuple(dict.fromkeys(target.value for target in found.meanings if target.kind == kind))
                if values and (kind == "person" or length > 2):
                    yield Mention(start, end, kind, values if kind != "police" else (joined[found.start : found.end],))
                    break

    def _in_letters(self, joined: str, places: list[int]) -> Iterator[Mention]:
        """Wei Guodong, guodong wei; a short name only where no other letters stand beside it."""
        if not _LATIN.search(joined):
            return
        plain = "".join(map(_without_mark, joined))
        for run in _LETTERS.finditer(plain):
            at = run.start()
            while at < run.end():
                length = next((each for each in self._letters if plain[at : at + each] in self._spelled), 0)
                if length and (length >= _PLAINLY_SPELLED or length == run.end() - run.start()):
                    end = at + length
                    yield Mention(places[at], places[end - 1] + 1, "person", self._spelled[plain[at:end]])
                    at = end
                else:
                    at += 1

    def _by_given_name(self, whole: str) -> Iterator[Mention]:
        """国栋所长, W国栋, 姓魏名国栋; 魏X栋 where a post or a word of complaint follows."""
        for found in self._given.find(whole):
            before = whole[max(0, found.start - 5) : found.start]
            ends = self._title.match(whole, found.end)
            for person, surname, initial in found.meanings:
                if ends or before[-1:] == initial or (surname in before and before.endswith(("名", "名叫", "单名"))):
                    yield Mention(found.start, found.end, "person", (person,))
        for match in self._blotted.finditer(whole):
            persons = self._by_ends.get((match["first"], match["last"]), ())
            if persons and (
                self._title.match(whole, match.end())
                or self._told.ends_at(whole, match.end())
                or self._is_near_police(whole, *match.span(), _NEARBY)
            ):
                yield Mention(*match.span(), "person", persons)


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


_SIMPLIFIED: Final = cast("_Converter", OpenCC("t2s"))


def comparable(text: str) -> str:
    """As it is read: half width, lower case, simplified characters, without white space and invisible characters; only the title stays apart."""
    title, apart, body = text.partition("\n")
    return f"{_bare(title)}\n{_bare(body)}" if apart else _bare(title)


def pattern_of(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words, in a text as of :func:`comparable`."""
    return re.compile("|".join(map(re.escape, map(comparable, words))))


def _bare(text: str) -> str:
    # One character may stand for eighteen (ﷺ).
    plain = _SIMPLIFIED.convert(unicodedata.normalize("NFKC", text)[:LONGEST_COMPARED].casefold())
    shown = "".join(char for char in plain if not char.isspace() and unicodedata.category(char) != "Cf")
    return _STATION.sub("派出所", shown)


def _some_of_each(mentions: Iterable[Mention]) -> Iterator[Mention]:
    seen: Counter[str] = Counter()
    for each in mentions:
        seen[each.kind] += 1
        if seen[each.kind] <= MENTIONS:
            yield each


def _joined(whole: str) -> tuple[str, list[int]]:
    """The letters, digits and characters of a text without what stands between them, and where each stood; the title stays apart."""
    places = [at for at, char in enumerate(whole) if char.isalnum() or char == "\n"]
    return "".join(whole[at] for at in places), places


def _without_mark(char: str) -> str:
    return char if char.isascii() or _is_han(char) else unicodedata.normalize("NFD", char)[0]


def _spelt(name: str) -> str:
    """In pinyin, each character by its usual reading, as it is typed."""
    said = (pinyin_dict.get(ord(char), "").split(",")[0] for char in name)
    return "".join(_without_mark(letter) for reading in said for letter in reading)


def _is_han(char: str) -> bool:
    return "㐀" <= char <= "鿿"


def _within_one(spans: Sequence[tuple[int, int]], at: int) -> bool:
    before = bisect_right(spans, (at, LONGEST_COMPARED * 2))
    return any(start <= at < end for start, end in spans[max(0, before - 2) : before])


def _targets(organisation: Organisation, words: PoliceWords) -> Iterator[tuple[str, _Target]]:
    for word in words.police:
        yield comparable(word), _Target("police", word)
    for word in words.serving:
        yield comparable(word), _Target("serving", word)
    for word in words.handling:
        yield comparable(word), _Target("handling", word)
    for word in words.spoken_of:
        yield comparable(word), _Target("spoken_of", word)
    for word in words.elsewhere:
        yield comparable(word), _Target("elsewhere", word)
    for unit in organisation.units:
        for name in office_names(unit, words.trades) | _with_its_branch(organisation, unit, words.trades):
            yield comparable(name), _Target("office", unit.path)
        for alias in unit.aliases:
            yield comparable(alias), _Target("place", unit.path)
    for person in organisation.people:
        if person.role is not Role.UPSTREAM:
            for name in (person.name, *person.aliases):
                yield comparable(name), _Target("person", person.id)


_PLACE_ENDINGS: Final = ("街道", "大道", "社区", "新村", "花园", "街", "路", "镇", "乡", "村", "县", "区", "市")


def _stem(place: str) -> str:
    return next(
        (place.removesuffix(end) for end in _PLACE_ENDINGS if place.endswith(end) and len(place) - len(end) > 1), place
    )


def office_names(unit: Unit, trades: Collection[str]) -> set[str]:
    """How people write that office: its name, and what they make of it (城关派出所, 城关所, 县局, 交警支队)."""
    names, places = {unit.name}, set(unit.aliases)
    match unit.kind:
        case "station":
            places.add(unit.name.removesuffix("派出所"))
        case "community":
            places.add(unit.name.removesuffix("警务室"))
        case _:
            pass
    places |= {_stem(place) for place in places}
    match unit.kind:
        case "station":
            names |= {place + end for place in places for end in ("派出所", "所", "派所", "警务站")}
        case "community":
            names |= {place + end for place in places for end in ("警务室", "片警", "社区民警")}
        case "branch":
            names |= {place + end for place in places for end in ("分局", "公安分局", "公安局", "公安", "警方")}
            names |= {"县局", "县公安局", "县公安"} if unit.name.endswith("县公安局") else set()
        case "bureau":
            names |= {place + end for place in places for end in ("公安局", "市局", "公安", "警方")} | {
                "市局",
                "市公安局",
            }
        case _:
            names |= _department_names(unit, trades)
    return {name for name in names if len(name) > 1}


_SHORT: Final = (
    ("交通警察", "交警"),
    ("治安管理", "治安"),
    ("刑事侦查", "刑侦"),
    ("经济犯罪侦查", "经侦"),
    ("人口与出入境管理", "出入境"),
    ("人口与出入境管理", "人口与出入境"),
    ("人口与出入境管理", "户政"),
)
_TEAMS: Final = ("支队", "大队", "中队", "队", "处", "科")


def _department_names(unit: Unit, trades: Collection[str]) -> set[str]:
    """Of a department; in a branch without its district too (督察大队 stands for each)."""
    names = {unit.name}
    for long, brief in _SHORT:
        names |= {name.replace(long, brief) for name in set(names)}
    for name in set(names):
        bare = next((name.removesuffix(team) for team in _TEAMS if name.endswith(team)), "")
        names |= {bare + team for team in ("支队", "大队", "队")} | {bare} if len(bare) > 1 else set()
    return {name for name in names if name in trades or name.endswith((*_TEAMS, "室", "中心", "局"))}


def _with_its_branch(organisation: Organisation, unit: Unit, trades: Collection[str]) -> set[str]:
    """A department of a branch as people call it: by the district and the trade (青禾督察, 青禾分局信访室), or by what it is alone."""
    if unit.kind != "department" or not parent(parent(unit.path)):
        return set()
    above = organisation.unit(parent(unit.path))
    districts = {above.name, *above.aliases} | set(map(_stem, above.aliases))
    bare = next(
        (
            unit.name.removeprefix(each)
            for each in sorted(districts, key=len, reverse=True)
            if unit.name.startswith(each)
        ),
        unit.name,
    )
    short = _department_names(unit.model_copy(update={"name": bare}), trades) | {
        trade for trade in trades if bare.startswith(trade)
    }
    return {bare} | {district + each for district in districts for each in short | {bare}}


def _by_surname(organisation: Organisation) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for surname, _, person in _real_names(organisation):
        found[surname] = (*found.get(surname, ()), person)
    return found


def _real_names(organisation: Organisation) -> Iterator[tuple[str, str, str]]:
    """Surname, given name and id of everybody who has a name of two to four characters and is no machine."""
    for person in organisation.people:
        name = comparable(person.name)
        if person.role is Role.UPSTREAM or not re.fullmatch(r"[㐀-鿿]{2,4}", name):
            continue
        length = 2 if re.match(_COMPOUND_SURNAMES, name) and len(name) > 2 else 1
        yield name[:length], name[length:], person.id


def _sounding(organisation: Organisation) -> dict[str, list[tuple[tuple[frozenset[str], ...], str, str]]]:
    """By the last character of the surname: how the given name sounds, the given name, the id."""
    found: dict[str, list[tuple[tuple[frozenset[str], ...], str, str]]] = {}
    for surname, given, person in _real_names(organisation):
        sounds = tuple(map(_sounds, given))
        if all(sounds):
            found.setdefault(surname[-1], []).append((sounds, given, person))
    return found


@lru_cache(maxsize=8_192)
def _sounds(char: str) -> frozenset[str]:
    """The readings of a character in pinyin, without tones."""
    said = unicodedata.normalize("NFD", pinyin_dict.get(ord(char), ""))
    plain = "".join(each for each in said if not unicodedata.combining(each) or each == "\u0308")
    return frozenset(filter(None, plain.split(",")))


def _sounds_like(char: str, sounds: frozenset[str]) -> bool:
    return not sounds.isdisjoint(_sounds(char))
