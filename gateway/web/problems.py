"""How errors are told: RFC 9457 problems to machines, a page with the same sentence to people; never a stack trace."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse

from schemas.errors import UserError
from schemas.refusals import SENTENCES

PROBLEM_JSON: Final = "application/problem+json"

STATUS: Final[dict[str, HTTPStatus]] = {
    "sign_in_needed": HTTPStatus.UNAUTHORIZED,
    "token_invalid": HTTPStatus.UNAUTHORIZED,
    "recused": HTTPStatus.FORBIDDEN,
    "role_wrong": HTTPStatus.FORBIDDEN,
    "scope_wrong": HTTPStatus.FORBIDDEN,
    "auditors_only": HTTPStatus.FORBIDDEN,
    "auditors_change_nothing": HTTPStatus.FORBIDDEN,
    "case_unknown": HTTPStatus.NOT_FOUND,
    "page_unknown": HTTPStatus.NOT_FOUND,
    "source_event_conflict": HTTPStatus.UNPROCESSABLE_ENTITY,
    "system_not_running": HTTPStatus.SERVICE_UNAVAILABLE,
    "system_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "database_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "engine_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Codes whose status is neither of the two below."""


def status_of(error: UserError) -> HTTPStatus:
    """409 for what the lifecycle refuses, 422 for what can't be read or is not allowed as given, else by the table."""
    default = HTTPStatus.CONFLICT if error.code in SENTENCES else HTTPStatus.UNPROCESSABLE_ENTITY
    return STATUS.get(error.code, default)


def problem(error: UserError, *, instance: str = "") -> dict[str, Any]:
    """The error as an RFC 9457 problem; ``code`` is ours and stable, ``title`` Chinese, ``title_en`` English."""
    status = status_of(error)
    told = error.as_dict()
    return {
        "type": f"urn:sanzhang:problem:{error.code}",
        "status": int(status),
        "title": error.zh,
        "title_en": error.en,
        "code": error.code,
        **({"instance": instance} if instance else {}),
        "facts": {key: value for key, value in told.items() if key not in ("code", "zh", "en")},
    }


def problem_response(request: Request, error: UserError) -> JSONResponse:
    """The answer to a machine."""
    headers = {"WWW-Authenticate": "Bearer"} if status_of(error) is HTTPStatus.UNAUTHORIZED else None
    body = problem(error, instance=request.url.path)
    return JSONResponse(body, status_code=status_of(error), media_type=PROBLEM_JSON, headers=headers)
