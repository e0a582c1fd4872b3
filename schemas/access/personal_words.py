"""Personal data in the words of a text: telephones and identity numbers by their shape, names and numbers because they are known.

Every pattern is bounded, so that the time a text takes grows with its length alone. What is found has the same places in the text as it was
written: full-width digits, Chinese numerals and invisible characters are looked through one for one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from schemas.organisation import Organisation
from schemas.proposals.names import NameIndex
from schemas.sealing.personal import PersonalData, mask_name, normal_id, normal_phone

Kind = Literal["name", "phone", "id_number", "address"]


class Span(NamedTuple):
    """Personal data from ``start`` to ``end`` of a text, and what may stand there instead."""

    start: int
    end: int
    kind: Kind
    mask: str


@dataclass(frozen=True, repr=False)
class Known:
    """Whom a case is about, in clear: only ever in memory, and never shown by ``repr``."""

    names: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    id_numbers: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    @staticmethod
    def of(people: Iterable[PersonalData]) -> Known:
        """What these people gave; telephones and identity numbers in their one form."""
        given = list(people)
        return Known(
            names=frozenset(name for each in given for name in (each.name, each.guardian) if name),
            phones=frozenset(
                filter(None, (normal_phone(said or "") for each in given for said in (each.phone, each.guardian_phone)))
            ),
            id_numbers=frozenset(filter(None, (normal_id(each.id_number or "") for each in given))),
            addresses=frozenset(each.address for each in given if each.address),
        )

    def without(self, other: Known) -> Known:
        """What is not also the others'."""
        return Known(
            names=self.names - other.names,
            phones=self.phones - other.phones,
            id_numbers=self.id_numbers - other.id_numbers,
            addresses=self.addresses - other.addresses,
        )

    @property
    def nobody(self) -> bool:
        """Whether nothing is known."""
        return not (self.names or self.phones or self.id_numbers or self.addresses)


_SEPARATOR: Final = r"[\s\-.\u00ad\u200b-\u200f\u2060\ufeff]{0,2}"
_TITLE: Final = "先生|女士|小姐|同志|老师|师傅|大爷|大妈|阿姨|大哥|大姐|老人|某某|某"
_TITLED: Final = re.compile(rf"(?:{_TITLE})$")
_INTRODUCED: Final = re.compile(
    r"(?:我叫|我是|本人|姓名|名叫|叫做|是叫|信访人|反映人|举报人|投诉人|来访人|联系人|申请人|当事人|群众|业主|居民|找)[:：\s是为]{0,3}$"
)
_FOLLOWED: Final = re.compile(
    rf"[\s]{{0,2}}(?:{_TITLE}|警官|警察|民警|辅警|所长|局长|队长|[（(,，]?\s?(?:电话|手机|身份证|男|女))"
)

_WORDS: Final = frozenset(
    re.findall(
        "..",
        "高峰方正和平安静平安文明建设黄金高兴张开江河白云金融常青马上成立管理应该安全明白全面高速高度温暖石头房屋花园周围周末周边曾经万一"
        "车辆时间于是关于单位水利国家公安何时任何任务常常经常方便方法方向双方毛病钱包黄色白天白色金额金属陈旧陈述严重严格严肃严厉易于"
        "路口路灯路面广场广告高楼高层高考程序程度余地余额包括包围解决解放计划计算强制强调向前向上水平水电林业林地田地牛奶马路龙头熊猫"
        "郑重段落史上毕业毕竟华丽华人季节季度纪律卫生卫星温度贺卡康复邱陵孟春童年武装武器高中高手沈重丁字方面方案方式江边江南江北"
        "海洋胡乱胡说谢谢许多许可曹操夏天夏季白费古代古城连续连接甘心宁静乐意巫山国庆建国建军建华新华文化光明光辉胜利东方南方西方北方"
        "明天明年春天冬天秋天长江黄河泰山天明天亮大海海军小华小明阳光阳台青春青年永远永久志愿志气学习学文爱国爱民爱心红星红军红梅"
        "成功成果成本高明高达高大高价高空马达马力金星金秋金山钟声时光时代时候易燃平时平常平原平均平静安心安排安装安居安宁安定",
    )
)
"""Names of two characters that are words of every day: taken for somebody's only where they are introduced or titled."""

_MOBILE: Final = re.compile(rf"(?<!\d)(?:(?:\+|00)?86{_SEPARATOR})?(1{_SEPARATOR}[3-9](?:{_SEPARATOR}\d){{9}})(?!\d)")
_LANDLINE: Final = re.compile(r"(?<!\d)[（(]?(0\d{2,3})[)）]?[\s\-]{0,2}\d{3,4}[\s\-]?\d{4}(?!\d)")
_CALLED: Final = re.compile(
    r"(?:电话|手机|联系方式|座机|号码|致电|拨打|微信|tel|phone|mobile)[^\d\n]{0,6}(\d{3,4}[\s\-]?\d{4})(?![\d\-])",
    re.IGNORECASE,
)
_PARTLY: Final = re.compile(r"(?<!\d)(1[3-9]\d)[*＊xX×某…]{2,8}\d{4}(?!\d)")
_TAIL: Final = re.compile(r"(?:尾号|后四位|末四位|后4位|末4位|尾数)[^\d\n]{0,5}(\d{4,6})(?!\d)")
_ID: Final = re.compile(
    rf"(?<!\d)([1-9](?:{_SEPARATOR}\d){{5}}{_SEPARATOR}(?:1{_SEPARATOR}[89]|2{_SEPARATOR}0)(?:{_SEPARATOR}\d){{9}}{_SEPARATOR}[\dXx])(?![0-9A-Za-z])"
)
_OLD_ID: Final = re.compile(
    r"(?<![\dA-Za-z])([1-9]\d{5}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3})(?![\dA-Za-z])"
)
_BANK_CARD: Final = re.compile(r"(?<!\d)(62(?:[\s\-]?\d){14,17})(?!\d)")

_NUMERALS: Final = str.maketrans("〇零一二三四五六七八九幺洞拐", "00123456789107")
_DIGIT: Final = re.compile(r"\d")
_DISTRICT: Final = re.compile(r"^.{0,24}?(?:省|自治区|市|区|县|旗|镇|乡|街道)(?=.)")
LOOKED_AT: Final = 200
"""Of a text so full of such words all the rest are taken for names."""

_GAPS: Final = re.compile(r"[\s\u200b-\u200f]")
GRAM: Final = 5
"""So many characters of an address in one piece are looked for."""


class _OneForOne(dict[int, str]):
    """Full-width and other forms of a character as its plain one, wherever that is one character too."""

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKC", chr(code))
        self[code] = made = plain if len(plain) == 1 else chr(code)
        return made


_PLAIN: Final = _OneForOne({ord(dash): "-" for dash in "‐‑‒–—―−﹣－ー"})


def staff_names(organisation: Organisation) -> NameIndex[str]:
    """The names of the people of an organisation, for finding them in texts; nicknames too, but for posts (王所)."""
    names = [(person.name, person.name) for person in organisation.people if _is_name(person.name)]
    called = [
        (alias, alias)
        for person in organisation.people
        for alias in person.aliases
        if len(alias) > 1 and alias[-1] not in "所局队长员警官"
    ]
    return NameIndex((*names, *called))


def _is_name(name: str) -> bool:
    return len(name) > 1 and not any(char.isdigit() for char in name)


class PersonalWords:
    """What to look for. ``guessable`` off: nothing that would let whoever writes the text find out the end of a number by trying, and no number of an
    office (a telephone with an area code). ``shapes``: every telephone and identity number, whosever; ``pieces``: also what gives the known ones away in part (the
    end of a number, a surname with a title, a piece of an address), unless the same is to be said of ``own``; ``staff``: these names too.
    """

    def __init__(
        self,
        known: Known,
        *,
        shapes: bool = True,
        pieces: bool = False,
        guessable: bool = True,
        own: Known | None = None,
        staff: NameIndex[str] | None = None,
    ) -> None:
        self._shapes = _SHAPES if guessable else tuple(each for each in _SHAPES if each[0] not in (_LANDLINE, _CALLED))
        self._shapes = self._shapes if shapes else ()
        self._staff = staff
        self._names = _names(known.names)
        self._numbers = _numbers(known)
        self._pieces = _Pieces(known, own or Known(), ends=guessable) if pieces else None

    def find(self, text: str) -> list[Span]:
        """Everything there is, in the order of reading, without overlaps."""
        if not text:
            return []
        plain = text.translate(_PLAIN)
        digits = plain.translate(_NUMERALS)
        found = list(self._named(plain))
        if _DIGIT.search(digits):
            found += self._numbered(digits)
        if self._shapes and _DIGIT.search(digits):
            found += _shaped(digits, self._shapes)
        if self._pieces is not None:
            found += self._pieces.find(plain, digits)
        return _apart(found)

    def _named(self, plain: str) -> Iterator[Span]:
        looked_at = 0
        for start, end in self._places(plain):
            name = plain[start:end]
            if name in _WORDS and looked_at < LOOKED_AT:
                looked_at += 1
                if not _is_meant(plain, start, end):
                    continue
            yield Span(start, end, "name", mask_name(_GAPS.sub("", name)))

    def _places(self, plain: str) -> Iterator[tuple[int, int]]:
        if self._names is not None:
            for each in self._names.finditer(plain):
                yield each.span()
        if self._staff is not None:
            for found in self._staff.find(plain):
                yield found.start, found.end

    def _numbered(self, digits: str) -> Iterator[Span]:
        if self._numbers is None:
            return
        for each in self._numbers.finditer(digits):
            kind: Kind = "phone" if each.lastgroup == "phone" else "id_number"
            yield Span(each.start(), each.end(), kind, _hidden(each[0]))


def _names(names: Iterable[str]) -> re.Pattern[str] | None:
    looked_for: set[str] = set()
    for name in names:
        plain = re.sub(r"\s", "", name.translate(_PLAIN)) if not name.isascii() else name.strip()
        core = _TITLED.sub("", plain)
        if len(core) > 1:
            looked_for.add(core)
    if not looked_for:
        return None
    parts = [
        rf"\b{re.escape(name)}\b"
        if name.isascii()
        else r"[\s·•.\u200b-\u200f]{0,2}".join(map(re.escape, name.replace("·", "").replace("•", "")))
        for name in sorted(looked_for, key=lambda each: (-len(each), each))
    ]
    return re.compile("|".join(parts), re.IGNORECASE)


def _numbers(known: Known) -> re.Pattern[str] | None:
    phones = {*known.phones, *(phone[len(_area(phone)) :] for phone in known.phones if _area(phone))}
    parts = [
        rf"(?P<{kind}>{'|'.join(_spelt(each) for each in sorted(values, key=len, reverse=True))})"
        for kind, values in (("phone", phones), ("id", known.id_numbers))
        if values
    ]
    return (
        re.compile(rf"(?<![0-9])(?:(?:\+|00)?86{_SEPARATOR})?(?:{'|'.join(parts)})(?![0-9])", re.IGNORECASE)
        if parts
        else None
    )


def _area(phone: str) -> str:
    area = re.match(r"0(?:10|2\d|[3-9]\d{2})", phone)
    return area[0] if area is not None else ""


def _spelt(number: str) -> str:
    return _SEPARATOR.join(map(re.escape, number))


def _is_meant(plain: str, start: int, end: int) -> bool:
    """A word of every day is a name only where somebody is introduced by it, or it bears a title."""
    return bool(_INTRODUCED.search(plain[max(0, start - 8) : start]) or _FOLLOWED.match(plain[end : end + 8]))


def _shaped(digits: str, shapes: Sequence[tuple[re.Pattern[str], Kind]]) -> Iterator[Span]:
    for pattern, kind in shapes:
        for each in pattern.finditer(digits):
            start, end = each.span() if pattern in (_LANDLINE, _MOBILE, _PARTLY) else each.span(1)
            yield Span(start, end, kind, _hidden(digits[start:end]))


_SHAPES: Final[tuple[tuple[re.Pattern[str], Kind], ...]] = (
    (_ID, "id_number"),
    (_OLD_ID, "id_number"),
    (_BANK_CARD, "id_number"),
    (_MOBILE, "phone"),
    (_LANDLINE, "phone"),
    (_CALLED, "phone"),
    (_PARTLY, "phone"),
    (_TAIL, "phone"),
)


def _hidden(written: str) -> str:
    """A number without its end, by which a petitioner proves to be one: 138********, 0731-********, 430***************."""
    number = re.sub(r"[^0-9A-Za-z*]", "", written)
    bare = re.sub(r"^(?:00)?86(?=1[3-9])", "", number)
    if re.match(r"1[3-9]\d[\d*xX]", bare) and len(bare) <= 15:
        return f"{bare[:3]}{'*' * 8}"
    if area := _area(bare):
        return f"{area}-{'*' * max(1, len(bare) - len(area))}"
    return f"{bare[:3]}{'*' * (len(bare) - 3)}" if len(bare) >= 15 else "*" * max(3, len(bare))


class _Pieces:
    """What gives somebody known away in part."""

    def __init__(self, known: Known, own: Known, *, ends: bool) -> None:
        surnames = "|".join(sorted(map(re.escape, _surnames(known) - _surnames(own))))
        self._titled = (
            re.compile(rf"(?:老|小)?(?:{surnames})(?=(?:某某|某)?(?:{_TITLE}))|(?:老|小)(?:{surnames})")
            if surnames
            else None
        )
        self._ends = _ends(known) - _ends(own) if ends else frozenset[str]()
        self._heads = _heads(known) - _heads(own)
        self._grams = _all_grams(known) - _all_grams(own)

    def find(self, plain: str, digits: str) -> Iterator[Span]:
        if self._titled is not None:
            for each in self._titled.finditer(plain):
                yield Span(each.start(), each.end(), "name", "*")
        for each in re.finditer(r"(?<![0-9])[0-9]{3,17}[0-9Xx](?![0-9])", digits):
            if each[0].upper() in self._ends or each[0] in self._heads:
                if len(each[0]) == 4 and digits[each.end() : each.end() + 1] in ("年", "元", "号", "-", "/"):
                    continue
                yield Span(each.start(), each.end(), "phone", "*" * len(each[0]))
        yield from self._addressed(plain)

    def _addressed(self, plain: str) -> Iterator[Span]:
        if not self._grams:
            return
        start, end = -1, -1
        for at in range(len(plain) - GRAM + 1):
            if plain[at : at + GRAM] not in self._grams:
                continue
            if at > end:
                yield from _address(plain, start, end)
                start = at
            end = at + GRAM
        yield from _address(plain, start, end)


def _surnames(known: Known) -> frozenset[str]:
    masked = (mask_name(name).split("*")[0] for name in known.names)
    return frozenset(each for each in masked if each and not each.isascii())


def _ends(known: Known) -> frozenset[str]:
    numbers = (*known.phones, *known.id_numbers)
    return frozenset(number[-length:] for number in numbers for length in range(4, len(number)))


def _heads(known: Known) -> frozenset[str]:
    numbers = (*known.phones, *known.id_numbers)
    return frozenset(number[:length] for number in numbers for length in range(7, len(number)))


def _all_grams(known: Known) -> frozenset[str]:
    return frozenset(gram for address in known.addresses for gram in _grams(address.translate(_PLAIN)))


def _address(plain: str, start: int, end: int) -> Iterator[Span]:
    """A piece with a house number says where somebody lives; the name of a street alone does not."""
    if start >= 0 and _DIGIT.search(plain, start, end):
        yield Span(start, end, "address", "***")


def _grams(address: str) -> Iterator[str]:
    own = _DISTRICT.sub("", address) if _DISTRICT.match(address) else address
    own = own if len(own) >= GRAM else address
    for at in range(len(own) - GRAM + 1):
        yield own[at : at + GRAM]


def _apart(found: list[Span]) -> list[Span]:
    """The same without overlaps: what runs into another is hidden with it."""
    apart: list[Span] = []
    for each in sorted(found, key=lambda span: (span.start, -span.end)):
        if not apart or each.start >= apart[-1].end:
            apart.append(each)
        elif each.end > apart[-1].end:
            apart[-1] = Span(apart[-1].start, each.end, apart[-1].kind, "***")
    return apart
