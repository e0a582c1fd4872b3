"""A petition as a machine sends it: by API, as an event, over a broker. Personal data is in clear here and nowhere after."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from gateway.orders.drafting import Draft
from gateway.orders.reading import GUARDIAN_FIELDS, PERSONAL_FIELDS
from schemas.kernel.model import Frozen
from schemas.petition.state import Complexity, Ledger

Name = Annotated[str, Field(max_length=200)]
Moment = Annotated[
    AwareDatetime,
    Field(
        ge=datetime(1950, 1, 1, tzinfo=UTC),
        le=datetime(2190, 1, 1, tzinfo=UTC),
        examples=["2026-03-02T09:00:00+08:00"],
    ),
]
"""A moment with its offset, in years that can be counted in."""


class PetitionerGiven(Frozen):
    """群众/信访人, in clear; sealed before it is kept. Nothing given: anonymous."""

    name: str = Field(default="", max_length=100, repr=False, examples=["王小明"])
    phone: str = Field(default="", max_length=50, repr=False, examples=["13800000000"])
    id_number: str = Field(default="", max_length=50, repr=False)
    address: str = Field(default="", max_length=300, repr=False)
    guardian: str = Field(default="", max_length=100, repr=False, description="监护人姓名 / of a minor")
    guardian_phone: str = Field(default="", max_length=50, repr=False, description="监护人电话 / of a minor")
    minor: bool = Field(default=False, description="未成年人，须有监护人 / not of age; takes a guardian")
    alias: str = Field(default="", max_length=100, description="来源系统的用户号 / what the source calls them")
    representative: bool = True


class PetitionGiven(Frozen):
    """A petition to file. What is left out is proposed from its words and told in the answer."""

    title: str = Field(default="", max_length=500, examples=["路灯不亮"])
    text: str = Field(min_length=1, max_length=20_000, examples=["路口的路灯坏了一个月，晚上行人很不安全。"])
    channel: Name = Field(default="walk_in", examples=["12345"])
    ledger: Ledger | None = None
    complexity: Complexity | None = None
    category: Name = ""
    unit: Name = Field(default="", description="路径、名称或别名 / path, name or alias", examples=["XA/A3/01"])
    confidential: bool | None = None
    submitted_at: Moment | None = None
    received_at: Moment | None = Field(default=None, description="仅限可信渠道 / trusted channels only")
    accused_units: tuple[Name, ...] = Field(default=(), max_length=50)
    accused_persons: tuple[Name, ...] = Field(default=(), max_length=50)
    petitioners: tuple[PetitionerGiven, ...] = Field(default=(), max_length=100, repr=False)

    def draft(self, source: str, source_event_id: str) -> Draft:
        """As the desk is told, under the source's own id."""
        return Draft(
            **self.model_dump(exclude={"petitioners", "received_at"}),
            source=source,
            source_event_id=source_event_id,
            petitioners=tuple(_person(each.model_dump()) for each in self.petitioners),
        )


def _person(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in (*PERSONAL_FIELDS, *GUARDIAN_FIELDS) or value}
