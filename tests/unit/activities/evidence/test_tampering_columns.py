"""Every column of the evidence, altered in one row: found, or named here as what nothing proves. A new column is missed by neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.record import tables as t
from tests.tampering import Crime, Tampered, changed

UNPROVEN = {
    "seals.sealed_at": "when the archive was made; the run's end stands in its events",
    "archives.archived_at": "likewise",
}
"""Moments of work done by the system itself, on which nothing hangs."""

COLUMNS = [f"{name}.{column.name}" for name in t.APPEND_ONLY for column in t.METADATA.tables[name].columns]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("column", COLUMNS)
async def test_a_column_of_one_row(column: str, tampered: Tampered, tmp_path: Path) -> None:
    name, altered = column.split(".")
    table = t.METADATA.tables[name]
    keys = ", ".join(f'"{key.name}"' for key in table.primary_key)
    other = changed(table.c[altered].type, f'"{altered}"')

    async def deed(crime: Crime) -> None:
        second = f"SELECT ctid FROM {name} ORDER BY {keys} LIMIT 1 OFFSET 1"
        await crime.do(f'UPDATE {name} SET "{altered}" = {other} WHERE ctid = ({second})')

    await tampered.altered(deed, tmp_path)
    found = await tampered.verified(tmp_path)
    assert bool(found) is (column not in UNPROVEN), [each.en for each in found]
