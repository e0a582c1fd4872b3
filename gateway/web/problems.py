"""How errors are told: RFC 9457 problems to machines, a page with the same sentence to people; never a stack trace."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gateway.storable import unstorable
from schemas.kernel.errors import UserError
from schemas.petition.refusals import SENTENCES

PROBLEM_JSON: Final = "application/problem+json"

STATUS: Final[dict[str, HTTPStatus]] = {
    "sign_in_needed": HTTPStatus.UNAUTHORIZED,
    "token_invalid": HTTPStatus.UNAUTHORIZED,
    "signature_invalid": HTTPStatus.UNAUTHORIZED,
    "recused": HTTPStatus.FORBIDDEN,
    "role_wrong": HTTPStatus.FORBIDDEN,
    "scope_wrong": HTTPStatus.FORBIDDEN,
    "sent_from_elsewhere": HTTPStatus.FORBIDDEN,
    "sign_in_failed": HTTPStatus.FORBIDDEN,
    "provider_refused": HTTPStatus.FORBIDDEN,
    "provider_away": HTTPStatus.BAD_GATEWAY,
    "provider_missing": HTTPStatus.NOT_FOUND,
    "person_not_here": HTTPStatus.FORBIDDEN,
    "person_shut_out": HTTPStatus.FORBIDDEN,
    "session_unknown": HTTPStatus.NOT_FOUND,
    "token_unknown": HTTPStatus.NOT_FOUND,
    "host_unknown": HTTPStatus.MISDIRECTED_REQUEST,
    "auditors_only": HTTPStatus.FORBIDDEN,
    "auditors_change_nothing": HTTPStatus.FORBIDDEN,
    "csrf_missing": HTTPStatus.FORBIDDEN,
    "door_closed": HTTPStatus.FORBIDDEN,
    "reveal_before_decision": HTTPStatus.FORBIDDEN,
    "reveal_not_needed": HTTPStatus.FORBIDDEN,
    "reveal_ceiling_reached": HTTPStatus.FORBIDDEN,
    "token_scope_missing": HTTPStatus.FORBIDDEN,
    "case_unknown": HTTPStatus.NOT_FOUND,
    "not_filed": HTTPStatus.NOT_FOUND,
    "page_unknown": HTTPStatus.NOT_FOUND,
    "command_unknown": HTTPStatus.NOT_FOUND,
    "attachment_unknown": HTTPStatus.NOT_FOUND,
    "attachment_lost": HTTPStatus.NOT_FOUND,
    "case_sealed": HTTPStatus.CONFLICT,
    "unit_out_of_reach": HTTPStatus.FORBIDDEN,
    "notice_unknown": HTTPStatus.NOT_FOUND,
    "policy_missing": HTTPStatus.NOT_FOUND,
    "organisation_missing": HTTPStatus.NOT_FOUND,
    "calendar_missing": HTTPStatus.NOT_FOUND,
    "no_checkpoint_yet": HTTPStatus.NOT_FOUND,
    "checkpoint_unknown": HTTPStatus.NOT_FOUND,
    "case_not_in_log": HTTPStatus.NOT_FOUND,
    "method_wrong": HTTPStatus.METHOD_NOT_ALLOWED,
    "request_slow": HTTPStatus.REQUEST_TIMEOUT,
    "in_flight": HTTPStatus.CONFLICT,
    "shared_answer_names_petitioner": HTTPStatus.CONFLICT,
    "calendar_changed_meanwhile": HTTPStatus.CONFLICT,
    "body_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "body_too_many_fields": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "attachment_type_wrong": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "media_type_unsupported": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "source_event_conflict": HTTPStatus.UNPROCESSABLE_ENTITY,
    "field_missing": HTTPStatus.UNPROCESSABLE_ENTITY,
    "text_too_long": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_many_representatives": HTTPStatus.UNPROCESSABLE_ENTITY,
    "received_in_future": HTTPStatus.UNPROCESSABLE_ENTITY,
    "source_time_untrusted": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_many": HTTPStatus.TOO_MANY_REQUESTS,
    "too_many_streams": HTTPStatus.TOO_MANY_REQUESTS,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
    "events_closed": HTTPStatus.FORBIDDEN,
    "event_source_foreign": HTTPStatus.FORBIDDEN,
    "attachments_too_much": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "storage_full": HTTPStatus.INSUFFICIENT_STORAGE,
    "system_not_running": HTTPStatus.SERVICE_UNAVAILABLE,
    "system_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "database_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "engine_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "board_not_ready": HTTPStatus.SERVICE_UNAVAILABLE,
    "scan_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Codes whose status is neither of the two below."""

RETRY_SECONDS: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.SERVICE_UNAVAILABLE: "5",
    HTTPStatus.TOO_MANY_REQUESTS: "30",
}
"""After how long the same request may be worth sending again."""


def status_of(error: UserError) -> HTTPStatus:
    """409 for what the lifecycle refuses, 422 for what can't be read or is not allowed as given, else by the table."""
    default = HTTPStatus.CONFLICT if error.code in SENTENCES else HTTPStatus.UNPROCESSABLE_ENTITY
    return STATUS.get(error.code, default)


def problem(error: UserError, *, instance: str = "", request_id: str = "") -> dict[str, Any]:
    """The error as an RFC 9457 problem; ``code`` is ours and stable, ``title`` Chinese, ``title_en`` English."""
    return {
        "type": f"urn:sanzhang:problem:{error.code}",
        "status": int(status_of(error)),
        "title": error.zh,
        "title_en": error.en,
        "code": error.code,
        **({"instance": instance} if instance else {}),
        **({"request_id": request_id} if request_id else {}),
        "facts": error.facts,
    }


def problem_response(request: Request, error: UserError, *, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a machine."""
    status = status_of(error)
    more = dict(headers or {})
    if status is HTTPStatus.UNAUTHORIZED:
        more["WWW-Authenticate"] = "Bearer"
    if status in RETRY_SECONDS:
        more.setdefault("Retry-After", str(error.facts.get("retry_after", RETRY_SECONDS[status])))
    body = problem(error, instance=request.url.path, request_id=getattr(request.state, "request_id", ""))
    # A sentence may quote what no encoding can carry: half of a code point.
    content = json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace")
    return Response(content, status_code=status, media_type=PROBLEM_JSON, headers=more)


def from_validation(wrong: RequestValidationError) -> UserError:
    """What is wrong with the request as sent; its values are never quoted, they may be personal data."""
    return body_invalid(wrong.errors())


def body_invalid(errors: Sequence[Mapping[str, Any]]) -> UserError:
    """The first thing wrong of those pydantic found, with all the places."""
    places = [_place(error) for error in errors]
    first, where = errors[0], places[0]
    match first["type"]:
        case "string_too_long":
            limit = first["ctx"]["max_length"]
            zh, en = SENTENCES["text_too_long"]
            return UserError(
                "text_too_long",
                zh=zh.format(field=where, limit=limit),
                en=en.format(field=where, limit=limit),
                field=where,
                where=places,
            )
        case "string_unicode":
            return unstorable(where)
        case _:
            pass
    return UserError(
        "body_invalid",
        zh=f"请求内容有误（{where}）：请按接口说明更正。",
        en=f"The request is not as described ({where}): {first['msg']}.",
        where=places,
    )


def _place(error: Mapping[str, Any]) -> str:
    # A key of the body may hold anything; a place is shown only as far as it can be.
    return ".".join(str(step) for step in error["loc"]).encode("utf-8", "backslashreplace").decode()[:200]


def from_http(error: HTTPException) -> UserError:
    """What the framework itself refuses."""
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return UserError("page_unknown", zh="没有这个页面或接口。", en="There is no such page or operation.")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return UserError(
                "method_wrong", zh="此地址不接受这种请求方法。", en="This address does not take that method."
            )
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return body_too_large()
        case _:
            return UserError(
                "body_invalid", zh="请求内容无法读取。", en="The content of the request can't be read.", where=["body"]
            )


def body_too_large(limit: int | None = None) -> UserError:
    """More bytes than this address takes."""
    zh, en = (f"（上限 {limit:,} 字节）", f" (at most {limit:,} bytes)") if limit else ("", "")
    facts = {"limit": limit} if limit else {}
    return UserError("body_too_large", zh=f"请求内容过大{zh}。", en=f"The request is too large{en}.", **facts)


def body_too_many_fields(most: int) -> UserError:
    """More values or fields than any request has."""
    return UserError(
        "body_too_many_fields",
        zh=f"请求中的项目过多（上限 {most:,} 项），请分几次提交。",
        en=f"The request has too many fields (at most {most:,}); send it in parts.",
        limit=most,
    )


def internal(request_id: str) -> UserError:
    """A defect of ours; what it was stands in the log under this id."""
    return UserError(
        "internal",
        zh=f"系统内部错误，已记录（{request_id}）。请稍后重试，或将此编号告知管理员。",
        en=f"Something went wrong here; it is logged as {request_id}. Try again later or give this id to the administrator.",
    )
