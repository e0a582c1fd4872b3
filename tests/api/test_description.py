"""The description is kept: whatever is sent, no defect and no answer that is not described (schemathesis, over the whole OpenAPI)."""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis import checks
from schemathesis.specs.openapi import checks as described
from standardwebhooks import Webhook

from activities.record.reference import ReferenceStore
from gateway.api.linking import LEADS
from gateway.orders.fields import HUMAN
from schemas.kernel.actor import Role
from schemas.petition.rules import RULES
from tests.api.conftest import SECRET, Api, listening, petition
from tests.api.test_events import event
from tests.pages.city import awake_policy

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHECKS: list[Any] = [
    checks.not_a_server_error,
    described.status_code_conformance,
    described.content_type_conformance,
    described.response_headers_conformance,
    described.response_schema_conformance,
]
PEOPLE = ("he-xiaoyun", "cao-jianhua", "gu-feng", "sun-lihua", "wei-guodong", "fu-zhiyuan", "hotline-12345", "")
ENDLESS = "/api/v1/stream"
EXAMPLES = 3
"""Of each operation: with all of them a few hundred requests."""

QUIET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=cast("list[HealthCheck]", list(HealthCheck)),
)


async def in_a_thread(work: Callable[[], None]) -> None:
    # schemathesis waits for its answers where it stands; the application answers from this loop.
    await asyncio.to_thread(work)


def description(api: Api) -> Any:
    """Read by schemathesis, whose classes leave their type parameters open."""
    return schemathesis.openapi.from_dict(copy.deepcopy(api.app.openapi()))


async def test_every_operation_answers_as_described(api: Api) -> None:
    people = itertools.cycle(PEOPLE)
    met: set[int] = set()

    async with listening(api.app) as port:
        base_url = f"http://127.0.0.1:{port}"
        schema = description(api)

        def every() -> None:
            for result in schema.get_all_operations():
                operation = result.ok()
                if operation.path == ENDLESS:
                    continue

                @QUIET
                @given(case=operation.as_strategy())
                def one(case: Any) -> None:
                    answer = case.call(base_url=base_url, headers={"X-Test-Person": next(people)})
                    met.add(answer.status_code)
                    case.validate_response(answer, checks=CHECKS)

                one()

        await in_a_thread(every)
    assert {200, 401, 403, 404, 422} <= met


def caller_of(operation: str) -> str:
    """Somebody to whom that operation is open."""
    if operation.startswith("audit_"):
        return "fu-zhiyuan"
    if operation.startswith("import_"):
        return "lu-zhengping"
    if operation.startswith("act_"):
        # Nobody with an account may do what only the petitioner may, who comes by the public page: the operator is refused.
        people = RULES[operation.removeprefix("act_")].people
        return next((BY_ROLE[role] for role in Role if role in people and role in BY_ROLE), BY_ROLE[Role.OPERATOR])
    return BY_ROLE[Role.OPERATOR]


BY_ROLE = {
    Role.OPERATOR: "he-xiaoyun",
    Role.SUPERVISOR: "cao-jianhua",
    Role.CHIEF: "lu-zhengping",
    Role.HANDLER: "gu-feng",
    Role.VISITOR: "sun-lihua",
    Role.UPSTREAM: "hotline-12345",
}


class Signed(AuthBase):
    """Signs what is sent as an upstream system does: events get past the signature."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if (request.path_url or "").startswith("/api/v1/events"):
            body = request.body or b""
            sent = body.encode() if isinstance(body, str) else body
            assert isinstance(sent, bytes)
            at, message = datetime.now(UTC), uuid4().hex
            signed = {
                "webhook-id": message,
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": Webhook(SECRET).sign(message, at, sent.decode("utf-8", "replace")),
            }
            request.headers.update(signed)
        return request


def operation_id(case: Any) -> str:
    return case.operation.definition.raw["operationId"]


async def test_every_chain_of_operations_answers_as_described(api: Api) -> None:
    async with listening(api.app) as port:
        base_url = f"http://127.0.0.1:{port}"
        schema = description(api).exclude(path=ENDLESS)

        class Chains(schema.as_state_machine()):
            def get_call_kwargs(self, case: Any) -> dict[str, Any]:
                return {
                    "base_url": base_url,
                    "headers": {"X-Test-Person": caller_of(operation_id(case))},
                    "auth": Signed(),
                }

            def validate_response(self, response: Any, case: Any, **more: Any) -> None:
                case.validate_response(response, checks=CHECKS)

        await in_a_thread(lambda: Chains.run(settings=settings(QUIET, max_examples=8, stateful_step_count=8)))


async def test_links_lead_to_every_operation(api: Api) -> None:
    """Nothing stands apart: an operation that needs something of another's answer is led to from there."""
    links, needing = set[str](), set[str]()
    for path, methods in api.app.openapi()["paths"].items():
        for each in methods.values():
            if "{" in path:
                needing.add(each["operationId"])
            for answer in each["responses"].values():
                links |= {link["operationId"] for link in answer.get("links", {}).values()}
    assert needing <= links


async def test_every_link_is_walked(api: Api) -> None:
    """From a real answer of each operation that leads on, to every operation it leads to, which finds what it is led to."""
    # The chains of calls may have taken over a policy of the usual hours, and by night nobody would be told before the morning.
    await ReferenceStore(api.door.system.database).add_policy(awake_policy())
    number = await api.filed()
    assert (await api.act(number, "cao-jianhua", "assign", lead="WC/QH/02")).status_code == 200
    while True:
        if (await api("gu-feng").get("/api/v1/inbox")).json()["notices"]:
            break
        await asyncio.sleep(0.02)
    rules = {
        name: json.dumps((await api("lu-zhengping").get(f"/api/v1/{name}")).json()[name])
        for name in ("policy", "organisation")
    }
    begun: dict[str, dict[str, Any]] = {
        "file_petition": {"body": petition(), "headers": {"Idempotency-Key": uuid4().hex}},
        "take_events": {"body": event(), "media_type": "application/cloudevents+json"},
        "list_petitions": {},
        "attach": {"path_parameters": {"number": number}, **as_file("附件")},
        "reveal": {"path_parameters": {"number": await api.filed()}, "body": {"reason": "call_back"}},
        "read_inbox": {},
        "read_board": {},
        "read_policy": {},
        "read_organisation": {},
        "read_calendar": {},
        "import_policy": {"body": {"document": rules["policy"]}},
        "import_organisation": {"body": {"document": rules["organisation"]}},
        "audit_verify": {"path_parameters": {"number": number}},
        "act_urge": {"path_parameters": {"number": number}, "body": {"text": "请抓紧"}},
    }
    left = {"import_calendar", *(f"act_{kind}" for kind in HUMAN)} - {"act_urge"}
    assert set(LEADS) == begun.keys() | left, "say how a new beginning is begun"

    async with listening(api.app) as port:
        base_url = f"http://127.0.0.1:{port}"
        schema = description(api)

        def called(name: str, **given: Any) -> Any:
            case = schema.find_operation_by_id(name).Case(**given)
            # Who filed it sees the case at every stage; what else it takes is not asked here.
            clerk = BY_ROLE[Role.OPERATOR] if name.startswith("act_") and name != "act_urge" else caller_of(name)
            person = "gu-feng" if name in ("read_inbox", "mark_read") else clerk
            answer = case.call(base_url=base_url, headers={"X-Test-Person": person}, auth=Signed())
            case.validate_response(answer, checks=CHECKS)
            return answer

        def walk() -> None:
            for name, given_ in begun.items():
                operation = schema.find_operation_by_id(name)
                answer = called(name, **copy.deepcopy(given_))
                assert answer.status_code < 300, (name, answer.text)
                links = operation.definition.raw["responses"][str(answer.status_code)].get("links", {})
                for to, link in links.items():
                    led = {
                        parameter: resolved(expression, given_, answer.json())
                        for parameter, expression in link["parameters"].items()
                    }
                    found = called(to, **sent_to(schema.find_operation_by_id(to), led))
                    # Of the log nothing is to be had yet, and the example names no case to merge into.
                    assert found.status_code != 404 or to in ("audit_proof", "act_merge"), (name, to, found.text)

        await in_a_thread(walk)


def resolved(expression: str, request: dict[str, Any], body: Any) -> Any:
    """What a runtime expression (OpenAPI 3.1 §4.8.20.3) stands for."""
    where, _, path = expression.partition("#/")
    if where == "$response.body":
        for step in path.split("/"):
            body = body[int(step) if isinstance(body, list) else step]
        return body
    return request["path_parameters"][expression.removeprefix("$request.path.")]


def as_file(text: str) -> dict[str, Any]:
    return {"body": {"file": text.encode()}, "multipart_content_types": {"file": "text/plain"}}


def sent_to(operation: Any, led: dict[str, Any]) -> dict[str, Any]:
    """The parameters where they belong, with the body of the description's own example."""
    raw = operation.definition.raw
    sent: dict[str, Any] = {"path_parameters": {}, "query": {}}
    for name, value in led.items():
        sent["path_parameters" if f"{{{name}}}" in operation.path else "query"][name] = value
    if raw["operationId"] == "read_cases_behind":
        sent["query"]["of"] = "open"
    match raw.get("requestBody", {}).get("content", {}):
        case {"application/json": {"example": example}}:
            sent["body"] = copy.deepcopy(example)
        case {"multipart/form-data": _}:
            sent |= as_file("另一附件")
        case {"application/json": _}:
            sent["body"] = {"reason": "回访致电信访人"}
        case _:
            pass
    return sent


async def test_the_description_is_complete(api: Api) -> None:
    told = api.app.openapi()
    assert told["openapi"].startswith("3.1")
    operations = [(path, method, each) for path, methods in told["paths"].items() for method, each in methods.items()]
    assert {f"/api/v1/petitions/{{number}}/actions/{kind}" for kind in HUMAN} <= told["paths"].keys()
    for path, method, each in operations:
        assert each.get("summary") and each.get("description"), (method, path)
        assert {"401", "403", "422", "500", "503"} <= each["responses"].keys(), (method, path)
        for status, answer in each["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
        if "requestBody" in each and "multipart/form-data" not in each["requestBody"]["content"]:
            assert {"408", "413", "415"} <= each["responses"].keys(), (method, path)
    assert len({each["operationId"] for _, _, each in operations}) == len(operations)
