"""What the answers of the API have in common: how a problem looks, and which problems an operation may meet."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from pydantic import Field

from gateway.web.problems import PROBLEM_JSON, STATUS
from schemas.kernel.model import Frozen
from schemas.petition.refusals import SENTENCES


class Problem(Frozen):
    """RFC 9457 (application/problem+json). ``code`` is stable, ``title`` Chinese, ``title_en`` English; ``facts`` are what the sentences speak of."""

    type: str = Field(examples=["urn:sanzhang:problem:case_unknown"])
    status: int = Field(examples=[404])
    title: str = Field(examples=["没有编号为 XA-2026-C-000001 的件，请核对编号。"])
    title_en: str = Field(examples=["There is no case XA-2026-C-000001; check the number."])
    code: str = Field(examples=["case_unknown"])
    instance: str = ""
    request_id: str = ""
    facts: dict[str, Any] = Field(default_factory=dict)


REFERENCE: Final = {"$ref": "#/components/schemas/Problem"}

ALWAYS: Final = (
    "sign_in_needed",
    "token_invalid",
    "door_closed",
    "token_scope_missing",
    "csrf_missing",
    "body_invalid",
    "text_unstorable",
    "too_many",
    "internal",
    "system_unavailable",
)
"""What every operation may meet."""

SENDING: Final = (
    "body_too_large",
    "body_too_many_fields",
    "media_type_unsupported",
    "request_slow",
    "text_too_long",
    "auditors_change_nothing",
)
"""What every operation with a body may meet."""


def problems(*codes: str, examples: bool = True) -> dict[int | str, dict[str, Any]]:
    """The documented problems of an operation, by status; each with its codes as examples."""
    by_status: dict[HTTPStatus, list[str]] = {}
    for code in codes:
        default = HTTPStatus.CONFLICT if code in SENTENCES else HTTPStatus.UNPROCESSABLE_ENTITY
        by_status.setdefault(STATUS.get(code, default), []).append(code)
    return {
        int(status): {
            "description": "、".join(named),
            "content": {PROBLEM_JSON: {"schema": REFERENCE} | (_examples(named, status) if examples else {})},
        }
        for status, named in sorted(by_status.items())
    }


def _examples(codes: list[str], status: HTTPStatus) -> dict[str, Any]:
    return {"examples": {code: {"value": _example(code, status)} for code in codes}}


def _example(code: str, status: HTTPStatus) -> dict[str, Any]:
    zh, en = SENTENCES.get(code, ("……", "…"))
    return {
        "type": f"urn:sanzhang:problem:{code}",
        "status": int(status),
        "title": zh,
        "title_en": en,
        "code": code,
        "facts": {},
    }
