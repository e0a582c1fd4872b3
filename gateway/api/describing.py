"""The description of the API as OpenAPI 3.1, beyond what the routes say of themselves."""

from __future__ import annotations

from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.api.answers import Problem
from gateway.api.linking import add_links

SECURITY = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sanzhang_session",
        "description": "People, signed in by browser",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "Machines; sanzhang token"},
    "webhook": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Upstream systems; Standard Webhooks",
    },
}

DESCRIPTION = """三本账的接口。时间均带时区；个人信息只进不出（出为掩码）；错误为 RFC 9457 problem，`code` 稳定。

The API of the three ledgers. Times bear their offset; personal data goes in in clear and comes out masked; errors are RFC 9457 problems whose
`code` is stable. What is repeated with the same Idempotency-Key takes effect once."""


def inlined(schema: Any, definitions: dict[str, Any] | None = None) -> Any:
    """The schema with everything it refers to in its place."""
    if isinstance(schema, list):
        return [inlined(each, definitions) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    fields = cast("dict[str, Any]", schema)
    known: dict[str, Any] = definitions if definitions is not None else fields.get("$defs", {})
    if "$ref" in fields:
        return inlined(known[fields["$ref"].rpartition("/")[2]], known)
    return {name: inlined(each, known) for name, each in fields.items() if name != "$defs"}


def describe(app: FastAPI) -> None:
    """Makes the application tell its whole description; built once, when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    # As FastAPI documents it: the method is replaced on the instance.
    app.openapi = openapi  # pyright: ignore[reportAttributeAccessIssue]


def _described(app: FastAPI) -> dict[str, Any]:
    told = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=app.routes,
        tags=[
            {"name": "petitions", "description": "诉求：建档、办理、查询"},
            {"name": "work", "description": "待办与看板"},
            {"name": "reference", "description": "日历、政策、组织机构"},
            {"name": "audit", "description": "审计与证据"},
            {"name": "upstream", "description": "上游系统"},
        ],
    )
    parts: dict[str, Any] = told.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = inlined(Problem.model_json_schema())
    # FastAPI's own shapes of a wrong body are never sent here.
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    parts["securitySchemes"] = SECURITY
    add_links(told)
    told["security"] = [{"token": []}, {"session": []}]
    return told
