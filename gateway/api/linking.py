"""What an answer leads to, as OpenAPI links: a client, or a test that walks them, gets from an answer to the next operation by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from gateway.orders.fields import HUMAN

OF_A_CASE: Final = (
    "read_petition",
    "read_history",
    "read_clocks",
    "list_attachments",
    "attach",
    "reveal",
    "audit_timeline",
    "audit_verify",
    "audit_proof",
    *(f"act_{kind}" for kind in HUMAN),
)
"""Operations whose address bears the number of a case."""


class Lead(NamedTuple):
    """From an answer of that status to operations, with parameters as runtime expressions (OpenAPI 3.1 §4.8.20.3)."""

    status: int
    to: Iterable[str]
    parameters: Mapping[str, str]


def _number(expression: str) -> dict[str, str]:
    return {"number": expression}


def _same_case(*to: str, status: int = 200) -> Lead:
    return Lead(status, to, _number("$request.path.number"))


LEADS: Final[Mapping[str, tuple[Lead, ...]]] = {
    "file_petition": (
        Lead(201, OF_A_CASE, _number("$response.body#/number")),
        Lead(201, ("audit_access",), {"case": "$response.body#/number"}),
    ),
    "take_events": (Lead(202, ("read_petition", "act_amend"), _number("$response.body#/events/0/number")),),
    "list_petitions": (Lead(200, ("read_petition", "read_history"), _number("$response.body#/cases/0/number")),),
    "attach": (
        _same_case("list_attachments", status=201),
        Lead(
            201,
            ("read_attachment",),
            {"number": "$response.body#/case_number", "digest": "$response.body#/digest"},
        ),
    ),
    "reveal": (Lead(200, ("audit_access",), {"case": "$response.body#/number"}),),
    "read_inbox": (
        Lead(200, ("mark_read",), {"notice_id": "$response.body#/notices/0/notice_id"}),
        Lead(200, ("read_petition",), _number("$response.body#/notices/0/case_number")),
    ),
    "read_board": (Lead(200, ("read_measures", "read_cases_behind"), {"unit": "$response.body#/unit"}),),
    "read_policy": (Lead(200, ("read_policy",), {"version": "$response.body#/versions/0"}),),
    "read_organisation": (Lead(200, ("read_organisation",), {"version": "$response.body#/versions/0"}),),
    "read_calendar": (Lead(200, ("read_calendar",), {"version": "$response.body#/version"}),),
    "import_policy": (Lead(200, ("read_policy",), {"version": "$response.body#/old_version"}),),
    "import_organisation": (Lead(200, ("read_organisation",), {"version": "$response.body#/old_version"}),),
    "import_calendar": (Lead(200, ("read_calendar",), {"version": "$response.body#/old_version"}),),
    "audit_verify": (_same_case("audit_timeline", "audit_proof"),),
    **{f"act_{kind}": (_same_case("read_petition", "read_history", "read_clocks"),) for kind in HUMAN},
}
"""By operation."""


def add_links(told: dict[str, Any]) -> None:
    """Writes the links into a description. ``KeyError`` for an operation or an answer that is not there."""
    operations = {each["operationId"]: each for methods in told["paths"].values() for each in methods.values()}
    for name, leads in LEADS.items():
        for lead in leads:
            links = operations[name]["responses"][str(lead.status)].setdefault("links", {})
            for to in lead.to:
                links[operations[to]["operationId"]] = {"operationId": to, "parameters": dict(lead.parameters)}
