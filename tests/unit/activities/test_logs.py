"""No personal data in any line, wherever it comes from."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from temporalio.service import RPCError, RPCStatusCode

from activities.logs import ALLOWED, configure_logging, describe, mask_numbers
from schemas.kernel.errors import UserError
from schemas.sealing.personal import WITHHELD, PersonalData

REPOSITORY = Path(__file__).parents[3]
NAME, PHONE, ID_NUMBER, STREET = "张三丰", "13800001234", "11010119000101001X", "麓山南路1号"
PERSON = PersonalData(name=NAME, phone=PHONE, id_number=ID_NUMBER, address=STREET)


class Stage(StrEnum):
    APPROVE = "approve"


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    root, show = logging.getLogger(), warnings.showwarning
    handlers, level = list(root.handlers), root.level
    drawn = structlog.get_config()
    quiet = {name: logging.getLogger(name).level for name in ("sqlalchemy", "httpx", "httpcore", "urllib3", "apprise")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)
    warnings.showwarning = show
    structlog.configure(**drawn)
    structlog.contextvars.clear_contextvars()


def opened(log_format: Literal["console", "json"] = "json", log_level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure_logging(log_format=log_format, log_level=log_level, stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_nothing_personal_in_any_line(log_format: Literal["console", "json"]) -> None:
    stream = opened(log_format, "debug")
    log, foreign = structlog.stdlib.get_logger("sanzhang.test"), logging.getLogger("foreign")
    structlog.contextvars.bind_contextvars(petitioner=NAME, case="XA-2026-S-000001")
    log.info("case_filed", name=NAME, person=PERSON, unit=PERSON, lead={"name": NAME}, rows=[PERSON, PHONE])
    log.info("case_filed", status=f"called {PHONE}", total=int(PHONE), number=float(PHONE), at=[[[[[NAME]]]]])
    log.info("case_filed", path=Path(f"/data/{ID_NUMBER}.txt"), folder=b"bytes", setting=SecretStr(NAME))
    foreign.warning("person %s", PERSON, extra={"name_of_person": NAME, "case": f"x{PHONE}"})
    foreign.warning("person %(who)s", {"who": PERSON})
    foreign.warning("failed: %s after %d", ValueError(NAME), 3)
    logging.getLogger("sqlalchemy.engine").info("INSERT %s", NAME)
    logging.getLogger("httpx").info("POST https://hooks/%s", NAME)
    for logger in (log, foreign):
        try:
            try:
                raise ValueError(f"bad person {NAME}", STREET)
            except ValueError as cause:
                raise RuntimeError(PERSON, NAME) from cause
        except RuntimeError:
            logger.exception("failed")
    warnings.showwarning(UserWarning(f"odd value {NAME}"), UserWarning, "models.py", 7)
    text = stream.getvalue()
    assert "XA-2026-S-000001" in text
    assert WITHHELD in text
    assert "ValueError" in text
    assert __file__ in text
    for clear in (NAME, PHONE, ID_NUMBER, STREET, ID_NUMBER[6:14]):
        assert clear not in text


@given(st.text(), st.sampled_from(["+86 ", "86", ""]), st.sampled_from(["", " ", "-"]))
def test_numbers_are_masked_in_any_text(around: str, country: str, gap: str) -> None:
    around = "".join(char for char in around if not char.isnumeric() and not char.isalnum())
    written = f"{around}{country}138{gap}0000{gap}1234{around} {ID_NUMBER}{around}，１３８００００１２３４"
    masked = mask_numbers(written)
    assert "138********" in masked and "1234" not in masked
    assert "0000" not in masked
    assert "19000101" not in masked


def test_what_is_no_personal_number_stays() -> None:
    plain = "XA-2026-S-000123 1700000000123456789 12345678901 20261122T031010 127.0.0.1:7233"
    assert mask_numbers(plain) == plain


def test_allowed_fields_are_written_as_they_are() -> None:
    stream = opened()
    structlog.stdlib.get_logger("sanzhang").info(
        "case_filed",
        stage=Stage.APPROVE,
        round=2,
        count=None,
        due=datetime(2026, 11, 22, tzinfo=UTC),
        days=[date(2026, 11, 23)],
        limit=0.5,
        failed=False,
        part={"pid": 7},
    )
    [line] = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "case_filed",
        "level": "info",
        "logger": "sanzhang",
        "stage": "approve",
        "round": 2,
        "count": None,
        "due": "2026-11-22 00:00:00+00:00",
        "days": ["2026-11-23"],
        "limit": 0.5,
        "failed": False,
        "part": {"pid": 7},
    }


def test_the_level_is_kept_and_configuring_again_replaces() -> None:
    first = opened(log_level="warning")
    structlog.stdlib.get_logger("a").info("not_written")
    second = opened()
    logging.getLogger("b").info("written")
    assert first.getvalue() == ""
    assert [line["event"] for line in lines(second)] == ["written"]


def test_exceptions_tell_what_is_safe_to_tell() -> None:
    class DriverError(Exception):
        sqlstate = "23505"

    assert describe(UserError("unit_unknown", zh=NAME, en=NAME)) == "UserError: unit_unknown"
    assert describe(DriverError(NAME)) == "DriverError: sqlstate 23505"
    assert describe(ConnectionRefusedError(111, "refused")) == "ConnectionRefusedError: [Errno 111] refused"
    assert "unavailable" in describe(RPCError("unavailable", RPCStatusCode.UNAVAILABLE, b""))
    assert describe(KeyError(NAME)) == "KeyError"


def test_exceptions_name_their_causes_once_and_never_go_round() -> None:
    first, second = ValueError("a"), KeyError("b")
    first.__cause__, second.__cause__ = second, first
    assert describe(first) == "ValueError\ncaused by KeyError"
    hidden = ValueError("a")
    hidden.__context__, hidden.__suppress_context__ = KeyError("b"), True
    assert describe(hidden) == "ValueError"


def test_exception_information_is_taken_in_all_its_forms() -> None:
    stream = opened()
    log = structlog.stdlib.get_logger("a")
    log.error("one", exc_info=OSError(2, "gone"))
    log.error("two", exc_info=True)
    log.error("three", exc_info=(None, None, None))
    log.error("four", stack_info=True)
    said = [line.get("exception") for line in lines(stream)]
    assert said == ["FileNotFoundError: [Errno 2] gone", None, None, None]


def test_a_line_that_cannot_be_written_says_so_without_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    stream = opened()
    logging.getLogger("foreign").warning("%d persons", NAME)
    assert NAME not in stream.getvalue()
    assert NAME not in capsys.readouterr().err
    assert "a log line of foreign" in stream.getvalue()


def test_the_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(log_format="json")
    structlog.stdlib.get_logger("a").info("here")
    assert '"event": "here"' in capsys.readouterr().err
    assert sys.stderr is not None


def test_every_log_message_of_ours_is_a_constant_and_its_fields_are_allowed() -> None:
    methods = {"debug", "info", "warning", "error", "exception", "critical"}
    wrong: list[str] = []
    for package in ("schemas", "activities", "workflows", "workers", "gateway"):
        for source in sorted((REPOSITORY / package).rglob("*.py")):
            for call in ast.walk(ast.parse(source.read_text("utf-8"))):
                if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                    continue
                owner = ast.unparse(call.func.value)
                if call.func.attr not in methods or not owner.lower().endswith(("log", "logger", "get_logger()")):
                    continue
                constant = bool(call.args) and isinstance(call.args[0], ast.Constant)
                names = {word.arg for word in call.keywords if word.arg} - {"exc_info", "stack_info", "extra"}
                if not constant or not names <= ALLOWED:
                    wrong.append(f"{source.relative_to(REPOSITORY)}:{call.lineno} {sorted(names - ALLOWED)}")
    assert wrong == []
