"""Whom of the organisation a text complains of, as far as its words tell.

It takes two things together: somebody or something of the police (an office, a person, a post, a nickname, or the police in general) and words of
complaint near it. A place by itself is none of these. What is found is a proposal: it hides a text from those it may mean until a person has
decided, so it rather finds too much than too little.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from schemas.kernel.actor import Role
from schemas.kernel.model import Frozen
from schemas.kernel.units import parent, within
from schemas.organisation import Organisation
from schemas.proposals.names import NameIndex
from schemas.proposals.officers import Mention, OfficerNames, comparable, office_names, pattern_of
from schemas.proposals.police_words import PoliceWords

READ_CHARACTERS: Final = 24_000
"""As long as a text of a petition may be, with its title."""

WORDS_SHOWN: Final = 8

# How many characters may lie between what is complained of and the word of complaint.
_ABOUT_A_PERSON, _CLOSE = 150, 30
_SOFT_AFTER, _SOFT_BEFORE = 100, 40
_OFFICE_AFTER, _OFFICE_BEFORE = 60, 24
_POLICE_AFTER, _POLICE_BEFORE = 26, 12
_ACCUSED_DIRECTLY = 10
_AT_ONCE, _SAID_OF = 6, 18
_IN_CONTEXT = 40
_CONTEXT = 8_000

_SHORT_TEXT: Final = 160
"""Characters of a text that is about one thing."""
_ITS_PLACE = 14

_SENTENCE_END: Final = re.compile(r"[。！？!?;；\n]")
_CLAUSE_END: Final = re.compile(r"[。!?;,:\n]")
_ADDRESSED: Final = re.compile(
    r"(?:请(?!问)|望|盼|恳求|建议|尊敬的|致|拜托|麻烦|呼吁|求助|提请|督促|要求)[^。!?;,:\n]{0,8}\Z"
)
_TURNED_TO: Final = re.compile(r"(?:向|到|去|找|给|跟|报|由|经|拨打|打|联系|致电)[^。!?;,:\n]{0,6}\Z")
_HAILED: Final = re.compile(r"(?:您好|你好|[,、]?(?:您|你)好|:)")
_TO_DO: Final = re.compile(
    "[查管处严整治理决加强调帮协安巡解救逮追缉捕]|打击|制止|取缔|介入|出面|出警|依法|尽快|尽早|及时|重视|抓(?!我)|给予|派"
)
_TO_YOU: Final = re.compile(r"[你您]们?[^。!?;\n]{0,8}\Z")
_CALLED_TO_ACCOUNT: Final = re.compile(
    r"(?:请|要求|建议|恳求|希望|必须|应该|应当|强烈|一定要|能不能|呼吁)[^。!?;,:\n]{0,4}"
    r"(?:查查|查一查|查一下|彻查|清查|核查|严查|查|管管|管一管|撤换|换掉|撤掉|撤了|免去|开除|处分|追究|约束|整顿|整治)(?:一下)?\Z"
)
"""Before the name of whom it is about: they are what is asked for, not who is asked."""
_BLAMED: Final = ("就是", "都是", "全是", "肯定是", "明明是", "正是")
_DID_IT: Final = re.compile(r"(?:的?人)?(?:干|做|搞|害|弄|指使|安排)的")
_CLOSING: Final = re.compile(
    r"(?:感谢|谢谢|多谢|辛苦了?|致谢)(?:(?:各位|尊敬的|市里|上级|贵|党和){0,2}(?:领导|你们|您们?|大家|各位|政府|组织|平台|栏目|网站|百忙|关注|理解|支持|配合|阅读|回复|帮助|了|啦|啊)|[!。,;~.…\n]|\Z)|此致[,!。\n]?敬礼"
)
"""How a letter ends or speaks to its reader: said of nobody in it."""
_IMPOSTOR: Final = re.compile(r"(?:假的?|(?:冒充|假冒|假扮|装成|装扮成|伪装成|扮成|谎称是?)[^。!?;,:\n]{0,4})\Z")
_SELF_STYLED: Final = re.compile(r"(?:自称|号称|声称)是?[^。!?;,:\n]{0,4}\Z")
"""Who may be of the police after all, where they act like them."""
_BESIDE: Final = re.compile(
    r"(?:斜|正|大|后|前|的)?(?:旁|附近|周边|对面|对过|门口|门前|前面|后面|背后|后门|前门|路口|隔壁|一带|楼下|外面|边上|[东南西北][侧边面]|家属|宿舍|小区|站牌|公交站|地铁站)"
    r"(?!那?[个位两]*(?:站岗|值班|执勤|门卫|保安|岗)|挂)"
)
"""Behind an office's name: then it is where something is, and not who did it."""
_MISHAPS: Final = frozenset(("摔了", "摔我", "摔", "没人管", "不管", "不理", "拖着不", "一直拖"))
"""What happens at a place without anybody of the house beside it."""

_THANKS_REACH: Final = 30

_POSTS: Final = {
    "所长": ("station",),
    "局长": ("bureau", "branch"),
    "分局长": ("branch",),
    "一把手": ("bureau", "branch", "station"),
    "当家的": ("bureau", "branch", "station"),
    "领导": ("bureau", "branch", "station"),
}
"""Posts whose holder the organisation knows: the chief of a unit of those kinds."""


class Reading(Frozen):
    """Whom a text may complain of: units, people (ids), and the words it was read from. Neither: the police in general, of nobody known."""

    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def with_(self, other: Reading) -> Reading:
        """Both together."""
        pairs = ((self.units, other.units), (self.persons, other.persons), (self.words, other.words))
        units, persons, words = (tuple(dict.fromkeys((*mine, *its))) for mine, its in pairs)
        return Reading(units=units, persons=persons, words=words[:WORDS_SHOWN])

    def hides(self, named: str, organisation: Organisation) -> bool:
        """Whether a unit (path) or a person (id) is among those it may mean."""
        if named in self.persons:
            return True
        unit = organisation.person(named).unit if "/" not in named and named != organisation.city_code else named
        return any(within(unit, each) for each in self.units)


UNREAD: Final = Reading()
"""Of a text that could not be read whole, or not in time: taken as one that complains of the police and names nobody."""


class _Cue(NamedTuple):
    start: int
    end: int
    word: str


class _Known(NamedTuple):
    """What a case tells of the police before something is added to it."""

    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    spoken_of: bool = False


class AccusationReader:
    """Keeps the names of one organisation; a text of the usual length takes half a millisecond, the longest some tens."""

    def __init__(self, organisation: Organisation, words: PoliceWords) -> None:
        self.organisation = organisation
        self.accusing, self.grave, self.officers, self.stations, self.trades = (
            frozenset(map(comparable, each))
            for each in (words.accusing, words.grave, words.officers, words.stations, words.trades)
        )
        self.close = frozenset(map(comparable, words.close)) - self.grave
        self.foreign = self.stations - {
            comparable(word) for word in ("所里", "你们所", "该所", "这个所", "那个所", "这所")
        }
        """Of these a department of the city has none."""
        self._trades = {
            comparable(trade): tuple(
                unit.path
                for unit in organisation.units
                if unit.kind == "department"
                and parent(unit.path) == organisation.city_code
                and comparable(trade) in office_names(unit, words.trades)
            )
            for trade in words.trades
        }
        city = organisation.city_code
        self._trades["信访"] = tuple(
            unit.path for unit in organisation.units if "信访" in unit.name and parent(unit.path) == city
        )
        self.handling = frozenset((*words.handling, *words.spoken_of))
        self.officers |= frozenset(map(comparable, self.handling))
        self.weak = self.close | self.accusing
        self.soft = frozenset(words.soft)
        self.thanks, self.friendly = pattern_of(words.thanks), pattern_of(words.friendly)
        every = (*words.accusing, *words.grave, *words.at_once, *words.deeds, *words.close)
        self._cues = NameIndex((word, word) for word in dict.fromkeys(map(comparable, every)))
        self._harmless = NameIndex((comparable(word), None) for word in words.harmless)
        self._names = OfficerNames(organisation, words)

    def of_trade(self, word: str) -> Iterator[str]:
        """The departments of the city whose trade a word of the police tells (青禾交警中队, 出入境大厅, 车管所)."""
        said = comparable(word)
        for trade, paths in self._trades.items():
            if trade in said or (trade == "交警" and said.startswith(("交管", "车管"))):
                yield from paths

    def read(self, title: str, text: str, *, here: str = "", context: str | None = None) -> Reading | None:
        """None where nobody of the police is complained of.

        ``here``: the unit the case would otherwise be filed at, meant where the police in general are complained of and no place is named.
        ``context``: what the case says already, where this is added to it: only what is added is read, but as said to those who have the case.
        """
        whole = comparable(f"{title}\n{text}"[:READ_CHARACTERS])
        if len(whole) > READ_CHARACTERS:
            # Padded with characters that stand for many: what stands behind them would not be read.
            return UNREAD
        known = self._known(context, here)
        mentions = self._names.mentions(whole, near=known.units, spoken_of=known.spoken_of)
        if all(each.kind == "place" for each in mentions):
            return None
        cues = [_Cue(found.start, found.end, found.meanings[0]) for found in self._cues.find(whole, overlapping=True)]
        harmless = [(found.start, found.end) for found in self._harmless.find(whole, overlapping=True)]
        return _Text(self, whole, mentions, cues, harmless, known).reading(here)

    def _known(self, context: str | None, here: str) -> _Known:
        """Of whom the case speaks already, and who has it."""
        if context is None:
            return _Known()
        before = self._names.mentions(comparable(context[:_CONTEXT].replace("\n", "。")))
        offices = [path for each in before if each.kind == "office" for path in each.values]
        persons = [person for each in before if each.kind == "person" for person in each.values]
        return _Known(
            units=tuple(path for path in dict.fromkeys((here, *offices)) if parent(path)),
            persons=tuple(dict.fromkeys(persons)),
            spoken_of=any(each.kind != "place" for each in before),
        )


class _Text:
    """One text with what is named in it and its words of complaint."""

    def __init__(
        self,
        reader: AccusationReader,
        whole: str,
        mentions: Sequence[Mention],
        cues: Sequence[_Cue],
        harmless: Sequence[tuple[int, int]],
        known: _Known,
    ) -> None:
        self._known = known
        self._reader = reader
        self._organisation = reader.organisation
        self._whole = whole
        self._mentions = mentions
        self._cues = cues
        self._cue_starts = [cue.start for cue in cues]
        self._ends = [match.start() for match in _SENTENCE_END.finditer(whole)]
        formulas = [match.span() for match in _CLOSING.finditer(whole)]
        self._thanks = _outside(reader.thanks.finditer(whole), formulas)
        self._friendly = _outside(reader.friendly.finditer(whole), formulas)
        self._spots = [each for each in mentions if each.kind in ("place", "office")]
        self._spot_ends = [each.end for each in self._spots]
        self._by_sentence: dict[int, list[Mention]] = {}
        for each in self._spots:
            self._by_sentence.setdefault(self._sentence(each.start), []).append(each)
        self._innermost: dict[int, list[str]] = {}
        self._praised = {
            value
            for each in mentions
            if each.kind == "person" and self._said_with(each, self._thanks)
            for value in each.values
        }
        softened = {at for start, end in harmless for at in range(start, end)}
        self._soft = [at for at, char in enumerate(whole) if char in reader.soft and at not in softened]

    def reading(self, here: str) -> Reading | None:
        units: dict[str, None] = {}
        persons: dict[str, None] = {}
        words: dict[str, None] = {}
        held = False
        for mention in self._mentions:
            word = self._complaint(mention)
            if word is None:
                continue
            held = True
            words |= dict.fromkeys((self._whole[mention.start : mention.end], word))
            if mention.kind == "person":
                self._mean_a_person(mention, units, persons)
            else:
                self._mean_an_office(mention, units, persons, here)
        if not held:
            return None
        # Whoever works beside the person complained of in the office the text names does not get it either.
        units |= dict.fromkeys(
            path
            for mention in self._mentions
            if mention.kind == "office"
            for path in mention.values
            if parent(path) and any(self._serves(person, path) for person in persons)
        )
        return Reading(units=tuple(units), persons=tuple(persons), words=tuple(words)[:WORDS_SHOWN])

    def _complaint(self, mention: Mention) -> str | None:
        """The word by which it is complained of, if it is."""
        match mention.kind:
            case "person":
                return self._about_a_person(mention)
            case "office":
                return self._about_an_office(mention) if self._is_narrow(mention) else self._about_the_police(mention)
            case "police":
                return self._about_the_police(mention) or (
                    self._about_an_office(mention) if self._is_local(mention) else None
                )
            case _:
                return None

    def _near(self, mention: Mention, before: int, after: int) -> Iterator[_Cue]:
        first = bisect_left(self._cue_starts, mention.start - before)
        last = bisect_right(self._cue_starts, mention.end + after)
        for cue in self._cues[first:last]:
            if cue.end <= mention.start or cue.start >= mention.end:
                yield cue

    def _sentence(self, at: int) -> int:
        return bisect_right(self._ends, at)

    def _said_with(self, mention: Mention, places: Sequence[int]) -> bool:
        """Whether one of those words is said of it: close to it, in its sentence or the next one to either side."""
        first = bisect_left(places, mention.start - _THANKS_REACH)
        last = bisect_right(places, mention.end + _THANKS_REACH)
        sentence = self._sentence(mention.start)
        return any(abs(self._sentence(at) - sentence) <= 1 for at in places[first:last])

    def _same_clause(self, mention: Mention, cue: _Cue) -> bool:
        return not _CLAUSE_END.search(self._whole, mention.end, cue.start)

    def _about_a_person(self, mention: Mention) -> str | None:
        lead = self._whole[max(0, mention.start - 20) : mention.start]
        called = _CALLED_TO_ACCOUNT.search(lead)
        if called:
            return called.group()
        asked = bool(_ADDRESSED.search(lead[-12:]))
        hailed = bool(_HAILED.match(self._whole, mention.end))
        thanked = self._said_with(mention, self._thanks)
        praised = thanked or any(value in self._praised for value in mention.values)
        friendly = self._said_with(mention, self._friendly)
        for cue in self._near(mention, _ABOUT_A_PERSON, _ABOUT_A_PERSON):
            close = mention.start - _CLOSE <= cue.start <= mention.end + _CLOSE
            if not close and (cue.word in self._reader.close or asked or hailed):
                continue
            if thanked and cue.word not in self._reader.grave and cue.word not in self._reader.accusing:
                continue
            if (asked or hailed) and cue.word not in self._reader.accusing and not self._said_to(mention, cue):
                continue
            at_once = 0 <= cue.start - mention.end <= _AT_ONCE
            if (praised or friendly) and cue.word in self._reader.close and not at_once:
                continue
            return cue.word
        if praised or asked or hailed:
            return None
        soft = self._softly(mention, _SOFT_BEFORE, _SOFT_AFTER)
        if soft is None and mention.values and not friendly:
            return self._whole[mention.start : mention.end]
        return soft

    def _said_to(self, mention: Mention, cue: _Cue) -> bool:
        """Whether what is said to them is said of them: in the same clause and not their work, or with 你."""
        if cue.start < mention.end:
            return False
        if _TO_YOU.search(self._whole, max(mention.end, cue.start - 12), cue.start):
            return True
        return self._same_clause(mention, cue) and not self._is_its_work(mention, cue)

    def _softly(self, mention: Mention, before: int, after: int) -> str | None:
        first = bisect_left(self._soft, mention.start - before)
        for at in self._soft[first:]:
            if at >= mention.end + after:
                return None
            if not mention.start <= at < mention.end:
                return self._whole[at]
        return None

    def _is_narrow(self, mention: Mention) -> bool:
        """Whether an office below the city is named, and by more than its trade: the bureau itself is whom people write to."""
        return self._whole[mention.start : mention.end] not in self._reader.trades and any(
            parent(path) for path in mention.values
        )

    def _is_local(self, mention: Mention) -> bool:
        """Whether the text names the place of a station, so that the police in it are that station's."""
        return any(self._organisation.unit(path).kind in ("station", "community") for path in self._places(mention))

    def _about_an_office(self, mention: Mention) -> str | None:
        """An office of the organisation, by its name: what it is asked to do something about is not said of it."""
        lead = self._whole[max(0, mention.start - 20) : mention.start]
        called = _CALLED_TO_ACCOUNT.search(lead)
        beside = bool(_BESIDE.match(self._whole, mention.end) or _SELF_STYLED.search(lead))
        if called and not beside:
            return called.group()
        if lead.endswith(_BLAMED) and (blamed := _DID_IT.match(self._whole, mention.end)):
            return blamed.group()
        if _IMPOSTOR.search(lead):
            return None
        asked, turned_to = bool(_ADDRESSED.search(lead)), bool(_TURNED_TO.search(lead))
        thanked = self._said_with(mention, self._thanks)
        sentence = self._sentence(mention.start)
        for cue in self._near(mention, _OFFICE_BEFORE, _OFFICE_AFTER):
            follows = cue.start >= mention.end
            apart = abs(self._sentence(cue.start) - sentence)
            excused = asked and not (
                follows and self._same_clause(mention, cue) and not self._is_its_work(mention, cue)
            )
            if cue.word in self._reader.grave and not (beside and cue.word in _MISHAPS):
                if apart > follows or (asked and (not follows or self._is_its_work(mention, cue))):
                    continue
                return cue.word
            if excused or thanked or apart or beside:
                continue
            directly = mention.start - _ACCUSED_DIRECTLY <= cue.start < mention.start
            if cue.word in self._reader.accusing:
                if directly and not turned_to:
                    return cue.word
            elif follows and (cue.word not in self._reader.close or cue.start - mention.end <= _CLOSE // 2):
                return cue.word
        if asked or beside or thanked or self._said_with(mention, self._friendly) or len(self._whole) > _SHORT_TEXT:
            return None
        return self._softly(mention, 0, _CLOSE)

    def _about_the_police(self, mention: Mention) -> str | None:
        lead = self._whole[max(0, mention.start - 20) : mention.start]
        if _IMPOSTOR.search(lead):
            return None
        asked, turned_to = bool(_ADDRESSED.search(lead)), bool(_TURNED_TO.search(lead))
        beside = bool(_BESIDE.match(self._whole, mention.end) or _SELF_STYLED.search(lead))
        sentence = self._sentence(mention.start)
        people = mention.kind == "police" and mention.values[0] in self._reader.officers
        handling = mention.kind == "police" and mention.values[0] in self._reader.handling
        for cue in self._near(mention, _POLICE_BEFORE, _POLICE_AFTER):
            if self._sentence(cue.start) != sentence or (beside and cue.word in _MISHAPS):
                continue
            follows = cue.start >= mention.end
            said_of = _SAID_OF if people else _AT_ONCE
            weak = self._reader.accusing if handling else self._reader.weak
            at_once = cue.word not in weak and 0 <= cue.start - mention.end <= said_of
            if cue.word in self._reader.grave or (at_once and not beside):
                if not asked or (follows and not self._is_its_work(mention, cue)):
                    return cue.word
            elif (
                cue.word in self._reader.accusing
                and mention.start - _ACCUSED_DIRECTLY <= cue.start < mention.start
                and not turned_to
            ):
                return cue.word
        if not people or asked or turned_to or beside or self._said_with(mention, self._friendly):
            return None
        soft = self._softly(mention, 0, _SAID_OF)
        return soft if soft is not None and len(self._whole) <= _SHORT_TEXT else None

    def _is_its_work(self, mention: Mention, cue: _Cue) -> bool:
        """Whether it is what the police are asked to do something about (请派出所查处赌博)."""
        return bool(_TO_DO.search(self._whole[mention.end : cue.start]))

    def _just_before(self, mention: Mention, *kinds: str) -> list[str]:
        """What of those kinds stands just before it (城关所那个姓李的)."""
        first = bisect_left(self._spot_ends, mention.start - _ITS_PLACE)
        last = bisect_right(self._spot_ends, mention.start)
        return [path for other in self._spots[first:last] if other.kind in kinds for path in other.values]

    def _mean_a_person(self, mention: Mention, units: dict[str, None], persons: dict[str, None]) -> None:
        near = self._just_before(mention, "office", "place")
        here = [each for each in mention.values if any(self._serves(each, path) for path in near)]
        persons |= dict.fromkeys(here or mention.values)
        units |= dict.fromkeys(path for path in self._just_before(mention, "office") if parent(path))
        if not mention.values:
            # Somebody of the police whom the organisation does not know by that name: of the place that stands with it.
            units |= dict.fromkeys(path for path in self._places(mention) if parent(path))

    def _serves(self, person: str, path: str) -> bool:
        return within(self._organisation.person(person).unit, path)

    def _mean_an_office(self, mention: Mention, units: dict[str, None], persons: dict[str, None], here: str) -> None:
        found = list(mention.values)
        if mention.kind == "police":
            places = self._places(mention) or ([here] if here else [])
            if mention.values[0] in self._reader.handling:
                # Whoever has the case, and whom it names already.
                places = [here, *self._known.units] if here else [*self._known.units]
                persons |= dict.fromkeys(self._known.persons)
            found = [path for place in places for path in self._offices_at(place, mention.values[0])]
            found += self._reader.of_trade(mention.values[0])
        units |= dict.fromkeys(path for path in found if parent(path))
        said = self._whole[mention.start : mention.end + 5]
        for post, kinds in _POSTS.items():
            for path in found if post in said else ():
                if self._organisation.unit(path).kind in kinds:
                    persons |= dict.fromkeys(one.id for one in self._organisation.people_of(path, Role.CHIEF))

    def _places(self, mention: Mention) -> list[str]:
        """The places and offices named in the same sentence, else anywhere in the text; of nested ones the innermost."""
        sentence = self._sentence(mention.start)
        key = sentence if sentence in self._by_sentence else -1
        if key not in self._innermost:
            spots = self._by_sentence.get(sentence, self._spots)
            paths = list(dict.fromkeys(path for each in spots for path in each.values))
            self._innermost[key] = [
                path for path in paths if not any(other != path and within(other, path) for other in paths)
            ]
        return self._innermost[key]

    def _offices_at(self, place: str, word: str) -> list[str]:
        """Which offices are meant by that word of the police, at that place."""
        answering = self._organisation.answerable(place)
        if not parent(answering):
            # A department of the city answers for itself: a case it leads speaks of it, not of nobody.
            return [place] if parent(place) and word not in self._reader.foreign else []
        if self._organisation.unit(answering).kind == "branch" and word in self._reader.stations:
            below = [
                one.path for one in self._organisation.units if one.kind == "station" and within(one.path, answering)
            ]
            return below or [answering]
        return [answering]


def _outside(found: Iterable[re.Match[str]], spans: Sequence[tuple[int, int]]) -> list[int]:
    """Where those begin that lie in none of the spans, which are in order."""
    starts = [start for start, _ in spans]
    places: list[int] = []
    for match in found:
        at = bisect_right(starts, match.start())
        if not at or spans[at - 1][1] <= match.start():
            places.append(match.start())
    return places
