"""Which cases the address of a ledger asks for; whatever makes no sense is told, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError
from starlette.datastructures import QueryParams

from activities.record.views import CaseFilter
from gateway.orders.fields import field_error, field_invalid
from gateway.orders.reading import resolved_unit
from schemas.kernel.worktime import at_hour
from schemas.organisation import Organisation
from schemas.petition.state import Ledger

LEDGERS: tuple[str, ...] = (*(each.value for each in Ledger), "all")
FILTERS = (
    "text",
    "stage",
    "unit",
    "lead",
    "owner",
    "channel",
    "card",
    "state",
    "overdue",
    "from",
    "until",
    "due_until",
    "order",
)
"""What may stand in the address, besides the columns and the cursor."""

PAGE = 50


@dataclass(frozen=True)
class Asked:
    """An address taken apart. ``given``: the filters as typed, empty ones left out."""

    ledger: str
    given: Mapping[str, str]
    columns: tuple[str, ...]
    cursor: str = ""

    @property
    def shown(self) -> Mapping[str, str]:
        """Every filter as it stands in its box."""
        return {name: self.given.get(name, "") for name in FILTERS}

    @property
    def query(self) -> str:
        """The address's query without the cursor: what is kept as a filter."""
        return urlencode([*self.given.items(), *(("column", column) for column in self.columns)])

    def wanted(self, organisation: Organisation, *, limit: int = PAGE, cursor: str | None = None) -> CaseFilter:
        """The filter this asks for. ``UserError``: ``unit_unknown``, ``field_invalid``."""
        given = self.given
        fields: dict[str, Any] = {
            name: resolved_unit(organisation, given[name]) for name in ("unit", "lead", "owner") if name in given
        }
        fields |= {name: given[name] for name in ("text", "channel", "card", "order") if name in given}
        if "stage" in given:
            fields["stages"] = (given["stage"],)
        if self.ledger != "all":
            fields["ledger"] = self.ledger
        if "state" in given:
            fields["open"] = given["state"] == "open"
        if given.get("overdue"):
            fields["overdue"] = True
        fields["received_from"] = _day(given, "from")
        fields["received_before"] = _day(given, "until", after=1)
        fields["due_before"] = _day(given, "due_until", after=1)
        try:
            return CaseFilter(limit=limit, cursor=self.cursor if cursor is None else cursor, **fields)
        except ValidationError as wrong:
            raise field_error(wrong) from None


def asked(ledger: str, query: QueryParams) -> Asked:
    """What an address asks for."""
    given = {name: value.strip()[:200] for name in FILTERS if (value := query.get(name, "")).strip()}
    columns = tuple(each for each in query.getlist("column") if each.isidentifier())
    return Asked(ledger=ledger, given=given, columns=columns, cursor=query.get("cursor", ""))


def _day(given: Mapping[str, str], name: str, *, after: int = 0) -> datetime | None:
    said = given.get(name)
    if said is None:
        return None
    try:
        return at_hour(date.fromisoformat(said) + timedelta(days=after), 0)
    except (ValueError, OverflowError):
        raise field_invalid(name, "应为日期，如 2026-03-01", "it must be a day such as 2026-03-01") from None
