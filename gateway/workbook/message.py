"""What one row of a workbook becomes: a message, a repetition of one, or a refusal."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Note(BaseModel):
    """Something about an optional cell that was not as it should be; the message itself stands without that
    cell.

    ``field`` is the field's name (see ``headings.FIELDS``), ``code`` as in ``RefusedRow``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    code: str
    zh: str
    en: str


class Message(BaseModel):
    """One message of a workbook, cleaned.

    ``row`` is the row number as Excel shows it (the first row is 1). Times are aware and in Asia/Shanghai. A
    text that the workbook has no column for, or whose cell is empty, is ``""``; a number or a time is
    ``None``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int
    message_id: str
    subject: str
    submitted_at: datetime
    text: str
    user: str = ""
    reply: str = ""
    replied_at: datetime | None = None
    likes: int | None = None
    dislikes: int | None = None
    name: str = ""
    phone: str = ""
    id_number: str = ""
    address: str = ""
    channel: str = ""
    notes: tuple[Note, ...] = ()

    def says_the_same_as(self, other: Message) -> bool:
        """Whether both rows carry the same content, wherever in the file they stand."""
        return self.model_copy(update={"row": other.row}) == other


class RefusedRow(BaseModel):
    """A row that cannot become a message, and why: a stable ``code`` and one sentence in each language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int
    message_id: str
    code: str
    zh: str
    en: str


class DuplicateRow(BaseModel):
    """A row that repeats, word for word, the message of ``first_row``; it adds nothing and costs nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int
    message_id: str
    first_row: int


class Workbook(BaseModel):
    """A workbook read whole.

    ``headings`` maps each recognised field to the heading it was found under; ``unread_sheets`` names the
    visible sheets that hold something and were not read, so that nobody believes them imported.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sheet: str
    heading_row: int
    headings: dict[str, str]
    ignored_headings: tuple[str, ...] = ()
    unread_sheets: tuple[str, ...] = ()
    rows: tuple[Message | RefusedRow | DuplicateRow, ...]

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(row for row in self.rows if isinstance(row, Message))

    @property
    def refused(self) -> tuple[RefusedRow, ...]:
        return tuple(row for row in self.rows if isinstance(row, RefusedRow))

    @property
    def duplicates(self) -> tuple[DuplicateRow, ...]:
        return tuple(row for row in self.rows if isinstance(row, DuplicateRow))
