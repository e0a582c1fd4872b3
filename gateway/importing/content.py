"""A message of a workbook as the content of a filing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import ValidationError

from activities.personal import seal
from gateway.importing.proposing import Proposals
from gateway.workbook.headings import normalise_heading
from gateway.workbook.message import Message, Workbook
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import local_day
from schemas.petition.events import FiledContent, Petitioner
from schemas.petition.state import Complexity, Ledger
from schemas.policy import Channel
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData, under_age

TITLE_FROM_TEXT = 40
"""Characters of the text that stand for a subject nobody wrote."""

ANONYMOUS = frozenset(
    {"匿名", "匿名用户", "匿名网友", "网友", "游客", "群众", "市民", "无", "不详", "anonymous", "guest"}
)
"""Names under which many people write: no two messages of these are of the same person for that."""


def default_source(workbook: Workbook) -> str:
    """Whose ids these are: the heading of the ids names their series (``workbook/留言编号``), whatever the file is called."""
    return f"workbook/{normalise_heading(workbook.headings['message_id'])}"


class Contents:
    """Turns messages into contents of one source; personal data is sealed here and nowhere kept."""

    def __init__(self, keyring: KeyRing, source: str, channels: Mapping[str, Channel], channel: str | None) -> None:
        """``channel`` is that of every row; ``None``: the one its own cell names, by code or name, else ``import``."""
        self.source = source
        self._keyring = keyring
        self._named = {name: code for code, known in channels.items() for name in (code, known.name)}
        self._channel = channel

    def of(self, message: Message, proposals: Proposals) -> FiledContent:
        """The content to file. ``UserError`` ``personal_unreadable`` for personal data that can't be (far too long)."""
        return FiledContent(
            source=self.source,
            source_event_id=message.message_id,
            channel=self._channel or self._named.get(message.channel, "import"),
            title=message.subject or _title(message.text),
            text=message.text,
            submitted_at=message.submitted_at,
            ledger=Ledger(proposals.ledger.value),
            complexity=Complexity(proposals.complexity.value),
            category=proposals.category.value or "",
            unit=proposals.unit.value or "",
            petitioners=self._petitioners(message),
        )

    def _petitioners(self, message: Message) -> tuple[Petitioner, ...]:
        try:
            data = PersonalData(
                name=message.name, phone=message.phone, id_number=message.id_number, address=message.address
            )
        except ValidationError as wrong:
            field = str(wrong.errors(include_input=False)[0]["loc"][0])
            raise UserError(
                "personal_unreadable",
                zh=f"第 {message.row} 行的个人信息（{field}）过长，不像是真的；请检查是否对错了列。",
                en=f"Row {message.row}: the personal data ({field}) is too long to be any; is it the right column?",
                row=message.row,
                field=field,
            ) from None
        account = "" if message.user.casefold() in ANONYMOUS else message.user
        if not account and data == PersonalData():
            return ()
        # An account of one source is nobody's account at another.
        account = f"{self.source}/{account}" if account else ""
        minor = under_age(data.id_number or "", local_day(datetime.now(UTC)))
        return (Petitioner(alias=message.user, sealed=seal(self._keyring, data, account=account), minor=minor),)


def _title(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= TITLE_FROM_TEXT else f"{line[:TITLE_FROM_TEXT]}…"
