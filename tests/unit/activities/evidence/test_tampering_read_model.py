"""The read model edited by the owner of the database: every column of a case is held against the fold of its events, which it can't deny."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.evidence.reconcile.disagreement import Disagreement
from activities.evidence.reconcile.read_model import compared, folded, rows_of
from schemas.record import tables as t
from tests.tampering import Crime, Tampered, changed

CHAINED = {"seq": ["head_disagrees"], "link": ["head_disagrees"]}
"""What the check of the record itself says of a column: only these two are links of the chain."""

COLUMNS = [column.name for column in t.cases.columns if column.name != "case_number"]


async def _disagreements(tampered: Tampered, number: str) -> list[Disagreement]:
    async with tampered.engine.connect() as connection:
        rows = await rows_of(connection, number)
    return list(compared(number, rows, folded(number, rows.events)))


@pytest.mark.asyncio(loop_scope="session")
async def test_a_clean_record_and_its_read_model_agree(tampered: Tampered, tmp_path: Path) -> None:
    await tampered.clean(tmp_path)
    for number in tampered.cast.decided:
        assert await _disagreements(tampered, number) == []


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("column", COLUMNS)
async def test_a_column_of_the_read_model(column: str, tampered: Tampered, tmp_path: Path) -> None:
    number = tampered.cast.answered

    async def deed(crime: Crime) -> None:
        other = changed(t.cases.c[column].type, column)
        await crime.do(f"UPDATE cases SET {column} = {other} WHERE case_number = :n", n=number)

    await tampered.altered(deed, tmp_path)
    [found] = await _disagreements(tampered, number)
    assert (found.code, found.case) == ("row_differs", number)
    assert {each.name.partition(".")[0] for each in found.fields} == {column}
    assert [each.code for each in await tampered.verified(tmp_path)] == CHAINED.get(column, [])


@pytest.mark.asyncio(loop_scope="session")
async def test_a_row_of_the_read_model(tampered: Tampered, tmp_path: Path) -> None:
    async def deed(crime: Crime) -> None:
        await crime.do("DELETE FROM cases WHERE case_number = :n", n=tampered.cast.answered)

    await tampered.altered(deed, tmp_path)
    [found] = await _disagreements(tampered, tampered.cast.answered)
    assert found.code == "row_missing"
