"""Texts are read without anybody else's waiting: what is short here, what is long in other processes, and what does not end is ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from activities.defaults import demo_organisation, police_words
from gateway.importing.proposing import load_taxonomy
from gateway.reading import tasks
from gateway.reading.careful import SHORT, CarefulReader, is_short
from gateway.reading.pool import ReadingPool, UnreadError
from schemas.kernel.errors import UserError
from schemas.organisation import Organisation
from schemas.petition.events import FiledContent
from schemas.petition.state import Accusation
from schemas.proposals.accusation import READ_CHARACTERS, UNREAD, AccusationReader
from schemas.proposals.holding import Hearing, accusation_of
from schemas.proposals.ledger import propose_complexity, propose_ledger
from schemas.proposals.similarity import signature
from tests.slow_readers import asleep, dies

CITY = demo_organisation()
TAXONOMY = load_taxonomy(None)
HARMLESS = "路口的路灯坏了一个月，晚上行人很不安全，请尽快派人来修好。"
ABOUT_A_STATION = "河沿街派出所态度恶劣，报案三次都不给回执。"
LONG = HARMLESS * (SHORT // len(HARMLESS) + 1)

HOSTILE = (
    *"1[ a长王投，\n警x*ﷺ①㎢不",
    "廖彬",
    "王所投诉",
    "打人警察",
    "城关所",
    "姓李的",
    "老王",
    "所长不作为",
    "。举报警察",
    "e\u0301",
    "\u200b民警",
    "河沿街民警骂。",
    "投诉",
    "3年来",
    "30户",
)
"""What a text may be made of to take long."""


async def city() -> Organisation:
    return CITY


def careful(pool: ReadingPool) -> CarefulReader:
    return CarefulReader(city, lambda: TAXONOMY, pool)


def content(text: str) -> FiledContent:
    given = {"source": "test", "source_event_id": "1", "channel": "walk_in", "title": "反映", "text": text}
    return FiledContent.model_validate(given | {"ledger": "claim", "complexity": "simple", "unit": "WC/QH/01"})


@pytest_asyncio.fixture
async def pool() -> AsyncGenerator[ReadingPool]:
    made = ReadingPool(processes=1, seconds=1.0)
    yield made
    await made.close()


def held_by_the_city() -> Accusation | None:
    return accusation_of(CITY, UNREAD)


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_worst_short_text_is_read_at_once(piece: str) -> None:
    """A short text is read in the process that serves: half of the 50 ms nobody waits longer than for another's."""
    readers = tasks.Readers(CITY, TAXONOMY)
    readers.build()
    text = piece * (SHORT // len(piece))
    while not is_short("", text):
        text = text[: len(text) // 2]

    def taken() -> float:
        begun = time.thread_time()
        readers.accusation.read("", text)
        readers.proposer.propose("", text)
        signature("", text)
        return time.thread_time() - begun

    assert min(taken() for _ in range(3)) < 0.025


@pytest.mark.parametrize("piece", HOSTILE)
def test_whatever_reads_a_text_takes_no_more_than_in_proportion(piece: str) -> None:
    reader = AccusationReader(CITY, police_words())
    shorter, longer = (piece * (size // len(piece)) for size in (READ_CHARACTERS // 4, READ_CHARACTERS))

    def taken(text: str) -> float:
        begun = time.thread_time()
        reader.read("", text)
        propose_ledger(text, text)
        propose_complexity(text, text)
        signature(text, text)
        return time.thread_time() - begun

    assert any(taken(longer) < max(0.02, 9 * taken(shorter)) for _ in range(3))


def test_padding_does_not_put_an_accusation_out_of_reach() -> None:
    """ﷺ is one character as counted and eighteen as compared: what stands behind it would be past the end of what is read."""
    padded = "ﷺ" * 4_000 + ABOUT_A_STATION
    found = Hearing(CITY, police_words()).of_filing(content(padded)).accusation
    assert found == held_by_the_city()
    assert found is not None and found.unit == CITY.city_code


@pytest.mark.asyncio
async def test_a_long_text_is_read_as_a_short_one_is(pool: ReadingPool) -> None:
    reading, here = careful(pool), Hearing(CITY, police_words())
    for text in (HARMLESS, LONG, LONG + ABOUT_A_STATION, ABOUT_A_STATION + LONG):
        given = content(text)
        assert await reading.hearing(lambda each, given=given: each.of_filing(given)) == here.of_filing(given)
        assert await reading.minima("反映", text) == signature("反映", text)
        readers = tasks.Readers(CITY, TAXONOMY)
        assert await reading.proposals("反映", text) == readers.proposer.propose("反映", text)


@pytest.mark.asyncio
async def test_nobody_waits_for_a_hostile_text(pool: ReadingPool) -> None:
    """While the longest texts are read, this process does what it is asked without delay."""
    reading = careful(pool)
    await reading.begin()
    hostile = [piece * (20_000 // len(piece)) for piece in ("1", "廖彬", "ﷺ", "打人警察")]
    delays: list[float] = []

    async def beat() -> None:
        while True:
            begun = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            # This thread's own work between two beats; how long a busy machine lets it wait is not its own.
            delays.append(time.thread_time() - begun[1])

    beating = asyncio.create_task(beat())
    for text in hostile:
        given = content(text)
        await asyncio.gather(
            reading.hearing(lambda each, given=given: each.of_filing(given)),
            reading.proposals(text, text),
            reading.minima(text, text),
        )
    beating.cancel()
    assert max(delays) < 0.05, sorted(delays)[-5:]


@pytest.mark.asyncio
async def test_what_is_not_read_in_time_is_kept_from_everybody_below(
    pool: ReadingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "accusation", asleep)
    monkeypatch.setattr(tasks, "proposals", asleep)
    monkeypatch.setattr(tasks, "minima", asleep)
    reading = careful(pool)
    held, proposed, minima = await asyncio.gather(
        reading.hearing(lambda each: each.of_filing(content(LONG))),
        reading.proposals("反映", LONG),
        reading.minima("反映", LONG),
    )
    assert held.accusation == held_by_the_city() is not None
    assert (proposed.unit.value, proposed.category.value, proposed.ledger.confidence) == ("WC", None, 0)
    # A person is to look at it: nothing of it is taken to be simple.
    assert proposed.complexity.value == "complex"
    assert set(minima) == {(1 << 32) - 1}
    monkeypatch.undo()
    # Whoever was killed has been replaced.
    assert await reading.minima("反映", LONG) == signature("反映", LONG)


@pytest.mark.asyncio
async def test_a_reading_process_that_dies_is_replaced(pool: ReadingPool) -> None:
    with pytest.raises(UnreadError):
        await pool.read(CITY, TAXONOMY, dies)
    for _ in range(3):
        try:
            assert await pool.read(CITY, TAXONOMY, tasks.minima, "反映", LONG) == signature("反映", LONG)
            return
        except UnreadError:
            continue
    pytest.fail("no process reads any more")


@pytest.mark.asyncio
async def test_a_new_organisation_is_read_by_from_its_first_text_on(pool: ReadingPool) -> None:
    other = CITY.model_copy(update={"version": 2, "people": CITY.people[:-1]})
    for organisation in (CITY, other, CITY):

        async def in_force(organisation: Organisation = organisation) -> Organisation:
            return organisation

        reading = CarefulReader(in_force, lambda: TAXONOMY, pool)
        found = await reading.hearing(lambda each: each.of_filing(content(LONG + ABOUT_A_STATION)))
        assert found == Hearing(organisation, police_words()).of_filing(content(LONG + ABOUT_A_STATION))


@pytest.mark.asyncio
async def test_a_document_is_read_elsewhere_and_refused_as_here(pool: ReadingPool) -> None:
    reading = careful(pool)
    for document in ("a: " + "[" * 40_000, "nothing: here"):
        with pytest.raises(UserError) as refused:
            await reading.policy(document)
        assert refused.value.code == "policy_unreadable" and refused.value.zh
    with pytest.raises(UserError) as wrong:
        await reading.notice("day,kind\n2027-13-01,off\n", "csv", None)
    assert (wrong.value.code, wrong.value.facts["row"]) == ("calendar_impossible_date", 2)


@pytest.mark.asyncio
async def test_only_so_many_texts_wait(pool: ReadingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.reading.pool.WAITING", 0)
    with pytest.raises(UnreadError):
        await pool.read(CITY, TAXONOMY, tasks.minima, "反映", LONG)


@pytest.mark.asyncio
async def test_what_can_not_be_read_by_ends_in_an_error_and_holds_nobody_up(
    pool: ReadingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that no future can hold would be waited for by everybody for ever."""

    def empty(*_: object) -> None:
        raise StopIteration

    monkeypatch.setattr("gateway.reading.tasks.Proposer.propose", empty)
    reading = careful(pool)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(reading.proposals("", HARMLESS), 10)
