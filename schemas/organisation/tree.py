"""The kinds of units and how they hang together; one unit, one person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.kernel.actor import Role

Kind = Literal["bureau", "branch", "station", "community", "department"]

ANSWERABLE = ("bureau", "branch", "station")
"""The kinds of unit that have a chief (三长) and on which cases are filed."""

KINDS_ZH: Mapping[Kind, str] = {
    "bureau": "市局",
    "branch": "分县局",
    "station": "派出所",
    "community": "社区警务室",
    "department": "部门",
}

HANGS_BELOW: Mapping[Kind, tuple[Kind, ...]] = {
    "bureau": (),
    "branch": ("bureau",),
    "station": ("branch", "bureau"),
    "community": ("station",),
    "department": ("bureau", "branch", "station"),
}

_COMPLAINTS = re.compile("督察|纪检|纪委|监察")

_SEGMENT = "[A-Za-z0-9_-]{1,40}"


class Unit(BaseModel):
    """One unit. ``aliases`` are the names by which texts mention it or the place it serves (``A3区``).

    ``complaints``: whether its supervisors and operators decide who is complained of (督察, 纪检); None: as its name says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, Field(pattern=rf"^{_SEGMENT}(/{_SEGMENT}){{0,7}}$")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    kind: Kind
    aliases: tuple[Annotated[str, Field(min_length=1, max_length=50)], ...] = ()
    complaints: bool | None = None

    @property
    def hears_complaints(self) -> bool:
        """Whether it is a complaints office."""
        return bool(_COMPLAINTS.search(self.name)) if self.complaints is None else self.complaints


class Person(BaseModel):
    """Somebody (or an upstream system) who may act; ``unit`` is the path of the unit they serve in, ``aliases`` are nicknames people know them by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,80}$")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Role
    unit: str
    aliases: tuple[Annotated[str, Field(min_length=1, max_length=50)], ...] = ()
