"""What comes in: the numbers given out, what resembles what, and what could not become a case yet."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.record.metadata import METADATA, MOMENT

intake = Table(
    "intake",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("source_event_id", Text, primary_key=True),
    Column("content_hash", LargeBinary, nullable=False),
    Column("case_number", Text, nullable=False, unique=True),
    Column("tracking_code", Text, nullable=False, unique=True),
    Column("reserved_at", MOMENT, nullable=False),
    Column("filed_at", MOMENT),
    Index("ix_intake_source_event_id", "source_event_id"),
    Index("ix_intake_code_in_clear", "reserved_at", postgresql_where=text("left(tracking_code, 1) <> '#'")),
)
"""The numbers given out, by the source's own key. A number without ``filed_at`` is a visible gap until its filing is repeated.

``tracking_code`` held the public's code in clear, up to 0.1.0; now ``#`` and the number.
"""

tracking_codes = Table(
    "tracking_codes",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("issue", Integer, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("code_hash", LargeBinary, nullable=False, unique=True),
    Column("pin_hash", LargeBinary),
    Column("sealed", LargeBinary),
    Column("issued_at", MOMENT, nullable=False),
    Column("taken_over", Boolean, nullable=False, server_default=text("false")),
    Index("ix_tracking_codes_sealed", "issued_at", postgresql_where=text("sealed IS NOT NULL")),
)
"""By what the public asks for a case: keyed hashes of the code and, where no telephone or identity number serves, of the PIN.

``sealed``: both in clear under the key, for a filing that is repeated; gone after a day, and with the first use. ``issue``: 0 as filed, then
counting up, never behind the case. ``taken_over``: given out before there were hashes. No fold of the events: it can't be rebuilt.
"""

series = Table(
    "series",
    METADATA,
    Column("city", Text, primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("ledger", Text, primary_key=True),
    Column("last", Integer, nullable=False),
)
"""The last running number per city, year and ledger."""

resemblances = Table(
    "resemblances",
    METADATA,
    Column("case_number", Text, primary_key=True),
    Column("signature", ARRAY(BigInteger), nullable=False),
)

resemblance_bands = Table(
    "resemblance_bands",
    METADATA,
    Column("band", BigInteger, primary_key=True),
    Column("case_number", Text, primary_key=True),
)
"""Text signatures of filed cases, and their bands, by which likely duplicates are found."""

parked = Table(
    "parked",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("parked_at", MOMENT, nullable=False),
    Column("driven_at", MOMENT),
    Index("ix_parked_waiting", "parked_at", postgresql_where=text("driven_at IS NULL")),
)
"""Messages of a broker that could not become a case, sealed, until somebody sends them in again."""
