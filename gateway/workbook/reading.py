"""A workbook read whole: every row becomes a message, a repetition, or a refusal with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from gateway.workbook.cells import Cell, clean_count, clean_id, clean_line, clean_text
from gateway.workbook.headings import Columns, find_columns
from gateway.workbook.message import DuplicateRow, Message, Note, RefusedRow, Workbook
from gateway.workbook.source import Sheet, read_sheets
from gateway.workbook.times import parse_time
from schemas.kernel.errors import UserError

Read = TypeVar("Read")

TEXT_LIMIT = 20_000
"""Characters of a message or of a reply, after cleaning."""

LINE_LIMIT = 500
"""Characters of every other cell."""

_LINES = ("user", "subject", "name", "phone", "id_number", "address", "channel")
_COUNTS = ("likes", "dislikes")
_NUMBERS_AS_TEXT = ("phone", "id_number")


def read_workbook(
    path: Path, mapping: Mapping[str, str] | None = None, *, now: datetime, require_reply: bool = False
) -> Workbook:
    """Reads the first visible sheet that has the headings.

    ``mapping`` names headings by field (see ``headings.parse_map``); ``now`` (aware) is the moment against
    which future times are refused; ``require_reply`` refuses messages that ``reply_refusal`` refuses. Raises
    ``UserError`` when the file as a whole cannot serve: the codes of ``source.read_sheets`` and
    ``headings.find_columns``, and ``workbook_empty`` for headings without rows.
    """
    sheets = read_sheets(path)
    sheet, columns = _sheet_with_headings(sheets, mapping)
    rows = tuple(_read_rows(sheet, columns, now, require_reply=require_reply))
    if not rows:
        raise UserError(
            "workbook_empty",
            zh=f"“{path.name}”的工作表“{sheet.name}”只有表头，没有数据行。",
            en=f"The sheet “{sheet.name}” of “{path.name}” has headings and no rows.",
        )
    return Workbook(
        sheet=sheet.name,
        heading_row=columns.row + 1,
        headings=columns.headings,
        ignored_headings=columns.ignored,
        unread_sheets=tuple(other.name for other in sheets if other is not sheet),
        rows=rows,
    )


def reply_refusal(message: Message) -> RefusedRow | None:
    """Why the message cannot stand as a replied one, or ``None``.

    Codes: ``reply_missing``, ``reply_time_missing``, the codes of ``times.parse_time`` for the reply's time,
    ``replied_before_received``.
    """
    for note in message.notes:
        if note.field == "replied_at":
            return _refused(message, note.code, f"答复时间有误：{note.zh}", f"The reply's time is wrong: {note.en}")
    if not message.reply:
        return _refused(message, "reply_missing", "没有答复意见。", "There is no reply.")
    if message.replied_at is None:
        return _refused(
            message,
            "reply_time_missing",
            "有答复意见，但没有答复时间。",
            "There is a reply, and no time of it.",
        )
    if message.replied_at < message.submitted_at:
        return _refused(
            message,
            "replied_before_received",
            f"答复时间 {message.replied_at:%Y-%m-%d %H:%M:%S} 早于留言时间 "
            f"{message.submitted_at:%Y-%m-%d %H:%M:%S}；请核对。",
            f"The reply of {message.replied_at:%Y-%m-%d %H:%M:%S} is earlier than the message of"
            f" {message.submitted_at:%Y-%m-%d %H:%M:%S}; check both.",
        )
    return None


def _refused(message: Message, code: str, zh: str, en: str) -> RefusedRow:
    return RefusedRow(row=message.row, message_id=message.message_id, code=code, zh=zh, en=en)


def _sheet_with_headings(sheets: Sequence[Sheet], mapping: Mapping[str, str] | None) -> tuple[Sheet, Columns]:
    first_error: UserError | None = None
    for sheet in sheets:
        try:
            return sheet, find_columns(sheet.rows, mapping)
        except UserError as wrong:
            first_error = first_error or wrong
    assert first_error is not None, "read_sheets never returns an empty list"  # noqa: S101
    raise first_error


def _read_rows(
    sheet: Sheet, columns: Columns, now: datetime, *, require_reply: bool
) -> Iterator[Message | RefusedRow | DuplicateRow]:
    accepted: dict[str, Message] = {}
    for index, cells in enumerate(sheet.rows[columns.row + 1 :], start=columns.row + 2):
        if not any(clean_line(cell) for cell in cells):
            continue
        row = _Row(index, {field: cells[at] if at < len(cells) else "" for field, at in columns.columns.items()})
        try:
            message = row.message(now)
        except UserError as wrong:
            yield RefusedRow(row=index, message_id=row.shown_id(), code=wrong.code, zh=wrong.zh, en=wrong.en)
            continue
        earlier = accepted.get(message.message_id)
        if earlier is not None:
            yield _again(message, earlier)
            continue
        refusal = reply_refusal(message) if require_reply else None
        if refusal is None:
            accepted[message.message_id] = message
        yield refusal or message


def _again(message: Message, earlier: Message) -> RefusedRow | DuplicateRow:
    if message.says_the_same_as(earlier):
        return DuplicateRow(row=message.row, message_id=message.message_id, first_row=earlier.row)
    return _refused(
        message,
        "id_reused",
        f"编号 {message.message_id} 已用于第 {earlier.row} 行，而内容不同；请给其中一条换编号。",
        f"The id {message.message_id} already stands in row {earlier.row} with other content; give one of "
        "them another id.",
    )


class _Row:
    """One row on its way to a message: the raw cells by field, and what was wrong with the optional ones."""

    def __init__(self, number: int, cells: Mapping[str, Cell]) -> None:
        self._number = number
        self._cells = cells
        self._notes: list[Note] = []

    def shown_id(self) -> str:
        return clean_line(self._cells["message_id"])[:40].removesuffix(".0")

    def message(self, now: datetime) -> Message:
        message_id = clean_id(self._cells["message_id"])
        if not message_id:
            raise UserError(
                "id_missing",
                zh=f"第 {self._number} 行没有编号；请补填。",
                en=f"Row {self._number} has no id; fill it in.",
            )
        text = self._long("text")
        if not text:
            raise UserError(
                "text_missing",
                zh=f"第 {self._number} 行没有内容；请补填或删去该行。",
                en=f"Row {self._number} has no text; fill it in or delete the row.",
            )
        return Message(
            row=self._number,
            message_id=message_id,
            submitted_at=parse_time(self._cells["submitted_at"], now=now),
            text=text,
            reply=self._long("reply"),
            replied_at=self._optional("replied_at", lambda cell: parse_time(cell, now=now)),
            likes=self._optional("likes", clean_count),
            dislikes=self._optional("dislikes", clean_count),
            **{field: self._line(field) for field in _LINES},
            notes=tuple(self._notes),
        )

    def _long(self, field: str) -> str:
        text = clean_text(self._cells.get(field))
        if len(text) > TEXT_LIMIT:
            raise UserError(
                f"{field}_oversize",
                zh=(
                    f"第 {self._number} 行的{'内容' if field == 'text' else '答复'}有 {len(text):,} 字，"
                    f"超过上限 {TEXT_LIMIT:,} 字；请摘要或改用附件。"
                ),
                en=(
                    f"The {field} of row {self._number} has {len(text):,} characters, over the limit of "
                    f"{TEXT_LIMIT:,}; shorten it."
                ),
            )
        return text

    def _line(self, field: str) -> str:
        if field in _NUMBERS_AS_TEXT:
            return self._optional(field, clean_id) or ""
        text = clean_line(self._cells.get(field))
        if len(text) > LINE_LIMIT:
            raise UserError(
                "cell_oversize",
                zh=(
                    f"第 {self._number} 行的 {field} 有 {len(text):,} 字，超过上限 {LINE_LIMIT} 字；"
                    "请检查是否对错了列。"
                ),
                en=(
                    f"The {field} of row {self._number} has {len(text):,} characters, over the limit of "
                    f"{LINE_LIMIT}; is it the right column?"
                ),
            )
        return text

    def _optional(self, field: str, read: Callable[[Cell], Read]) -> Read | None:
        cell = self._cells.get(field)
        if not clean_line(cell):
            return None
        try:
            return read(cell)
        except UserError as wrong:
            self._notes.append(Note(field=field, code=wrong.code, zh=wrong.zh, en=wrong.en))
            return None
