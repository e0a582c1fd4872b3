"""The numbers given out: none may vanish from a series together with everything that knew it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.evidence.finding import Finding, finding

MOST = 1_000
"""Missing numbers that are named one by one in a series."""

_KNOWN = (
    "SELECT substring(case_number FROM '^(.*-)[0-9]{1,18}$') AS prefix,"
    " CAST(substring(case_number FROM '-([0-9]{1,18})$') AS bigint) AS number"
    " FROM (SELECT case_number FROM intake UNION SELECT case_number FROM events) AS named"
)
"""Every number is in the register, or at least in the record."""

_SKIPPED = text(
    f"SELECT prefix, before + 1, number FROM (SELECT prefix, number,"  # noqa: S608
    f" lag(number, 1, CAST(0 AS bigint)) OVER (PARTITION BY prefix ORDER BY number) AS before FROM ({_KNOWN}) AS known"
    " WHERE number IS NOT NULL) AS stepped WHERE number - before > 1"
)

_LAST = text(
    f"SELECT prefix, last, given FROM (SELECT city || '-' || year || '-' || ledger || '-' AS prefix, last FROM series) AS reached"  # noqa: S608
    f" LEFT JOIN (SELECT prefix, max(number) AS given FROM ({_KNOWN}) AS known GROUP BY prefix) AS highest USING (prefix)"
    " ORDER BY prefix"
)


async def numbers(connection: AsyncConnection) -> AsyncGenerator[Finding]:
    """Numbers that are missing, and series that were set back."""
    last: dict[str, int] = {}
    for prefix, reached, given in (await connection.execute(_LAST)).all():
        last[prefix] = reached
        if given is not None and given > reached:
            yield finding("series_altered", field="last", found=str(reached), expected=str(given), series=prefix[:-1])
        for number in range((given or 0) + 1, min(reached, (given or 0) + MOST) + 1):
            yield _missing(prefix, number, reached)
    for prefix, first, end in (await connection.execute(_SKIPPED)).all():
        for missing in range(first, min(end, first + MOST)) if prefix in last else ():
            yield _missing(prefix, missing, last[prefix])


def _missing(prefix: str, number: int, last: int) -> Finding:
    # Numbers are written with six digits, more only where they need more.
    return finding("number_missing", f"{prefix}{number:06d}", last=last)
