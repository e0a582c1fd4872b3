"""Logging without personal data: only what is known to be harmless is written out.

A field is written when its name is on the list of allowed names and its value is a plain scalar (or a list
or mapping of such); everything else becomes ``‹withheld›``. In every text, mobile and identity numbers are
masked. Of an exception the type and the places are written, and the message only where it cannot quote a
person: SQL drivers and validators quote the very row they refuse.

The message itself is a constant of the code, never composed from data: ``log.info("case_filed",
case=number)``; a test reads all our calls and fails on anything else.
"""

from __future__ import annotations

import copy
import logging
import re
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final, Literal, TextIO, cast
from uuid import UUID

import structlog
from pydantic import BaseModel
from structlog.typing import EventDict, Processor
from temporalio.service import RPCError

from schemas.kernel.errors import UserError
from schemas.sealing.personal import WITHHELD, mask_id, mask_phone

ALLOWED: Final = frozenset(
    re.findall(
        r"\w+",
        """
        event level logger timestamp exception code error

        case case_id number stage command kind ledger channel category complexity unit lead co_units from_unit
        to_unit round rung card clock due at outcome ground reason_code role version calendar_version
        policy_version year days

        part pid port address ui path folder file line data_dir row rows sheet count total accepted
        already_known refused sent failed pending batch attempt attempts delay_seconds seconds milliseconds
        bytes size limit status http_status sqlstate task_queue workflow workflow_id workflow_type run_id
        activity activity_type update update_id namespace build_id worker notice notice_id transport key_id
        setting signal exit_code revision warning_category
        """,
    )
)
"""Names of fields that may be written. Add a name only when no value of it can speak of a person."""

_MOBILE: Final = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_ID: Final = re.compile(r"(?<!\d)[1-9]\d{16}[\dXx](?![\dA-Za-z])")
_PLAIN_DIGITS: Final = str.maketrans("０１２３４５６７８９Ｘ", "0123456789X")
_LONGEST: Final = 10_000
_DEEPEST: Final = 4

_SAFE_MESSAGES: Final = (OSError, ImportError, RPCError)
"""Their messages speak of files, addresses and the engine. Everybody else's may quote what they were given.
"""


def configure_logging(
    *, log_format: Literal["console", "json"], log_level: str = "info", stream: TextIO | None = None
) -> None:
    """Route structlog and the standard library (temporalio, sqlalchemy, warnings) to one place: ``stream``,
    by default the standard error. Calling it again replaces what it did before.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    output = sys.stderr if stream is None else stream
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=output.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                describe_exception,
                withhold_personal,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log_level.upper())
    for name in ("sqlalchemy", "httpx", "httpcore", "urllib3", "apprise"):
        # below WARNING these write statements with whole rows of people, and addresses with tokens in them
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    warnings.showwarning = _log_warning


def withhold_personal(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The last processor before rendering: allowed names keep their masked value, the others lose theirs."""
    return {name: _shown(value) if name in ALLOWED else WITHHELD for name, value in event.items()}


def describe_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by ``exception``: types and places of the whole chain, messages of the harmless
    only.
    """
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if not given:
        return event
    error = given if isinstance(given, BaseException) else _error_of(given)
    if error is not None:
        event["exception"] = describe(error)
    return event


def describe(error: BaseException) -> str:
    """An exception and its causes as ``Type: message`` with the places, innermost last, safe to be written
    anywhere.
    """
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        places = "".join(
            f"\n  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(current.__traceback__)
        )
        parts.append(f"{type(current).__name__}{_message(current)}{places}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\ncaused by ".join(parts)


def mask_numbers(text: str) -> str:
    """Mobile and identity numbers inside a text, masked."""
    masked = _ID.sub(lambda found: mask_id(found.group()), text.translate(_PLAIN_DIGITS))
    return _MOBILE.sub(lambda found: mask_phone(found.group()), masked)


class _Handler(logging.StreamHandler[TextIO]):
    def format(self, record: logging.LogRecord) -> str:
        if record.args:
            # other people's messages take what they like: exceptions and objects are reduced before they are
            # put in
            record = copy.copy(record)
            if isinstance(record.args, Mapping):
                record.args = {name: _argument(value) for name, value in record.args.items()}
            else:
                record.args = tuple(_argument(value) for value in record.args or ())
        return super().format(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the standard library's name)
        # the inherited one prints the message and its arguments, unmasked
        self.stream.write(f"a log line of {record.name} at {record.pathname}:{record.lineno} was lost\n")


def _argument(value: object) -> object:
    if isinstance(value, BaseException):
        return f"{type(value).__name__}{_message(value)}"
    return value if isinstance(value, str | int | float) else _shown(value)


def _message(error: BaseException) -> str:
    if isinstance(error, UserError):
        return f": {error.code}"
    # asyncpg and psycopg: the code names the fault, the message quotes the row
    sqlstate: object = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        return f": sqlstate {sqlstate}"
    return f": {error}" if isinstance(error, _SAFE_MESSAGES) else ""


def _error_of(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, tuple):
        return cast("tuple[type[BaseException] | None, BaseException | None, TracebackType | None]", exc_info)[1]
    return sys.exc_info()[1]


def _shown(value: object, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if mask_numbers(str(value)) == str(value) else WITHHELD
    if isinstance(value, datetime | date | time | timedelta | UUID):
        return str(value)
    if isinstance(value, Enum):
        return _shown(value.value, depth)
    if isinstance(value, str | PurePath):
        return mask_numbers(str(value))[:_LONGEST]
    if depth < _DEEPEST and not isinstance(value, BaseModel | bytes):
        if isinstance(value, Mapping):
            items = cast("Mapping[object, object]", value).items()
            return {str(name): _shown(item, depth + 1) if str(name) in ALLOWED else WITHHELD for name, item in items}
        if isinstance(value, Sequence | set | frozenset):
            return [_shown(item, depth + 1) for item in cast("Sequence[object]", value)]
    return WITHHELD


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    # the text is left out: pydantic's warnings quote the value they warn of
    structlog.stdlib.get_logger("warnings").warning(
        "python_warning", warning_category=category.__name__, file=filename, line=lineno
    )
