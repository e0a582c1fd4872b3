"""The description is kept: whatever is sent, no defect and no answer that is not described (schemathesis, over the whole OpenAPI)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.orders.fields import HUMAN
from tests.api.conftest import Api, listening

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
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
    suppress_health_check=list(HealthCheck),
)


async def in_a_thread(work: Callable[[], None]) -> None:
    # schemathesis waits for its answers where it stands; the application answers from this loop.
    await asyncio.to_thread(work)


async def test_every_operation_answers_as_described(api: Api) -> None:
    people = itertools.cycle(PEOPLE)
    met: set[int] = set()

    async with listening(api.app) as port:
        base_url = f"http://127.0.0.1:{port}"
        schema = schemathesis.openapi.from_dict(api.app.openapi())

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


async def test_every_chain_of_operations_answers_as_described(api: Api) -> None:
    async with listening(api.app) as port:
        base_url = f"http://127.0.0.1:{port}"
        schema = schemathesis.openapi.from_dict(api.app.openapi()).exclude(path=ENDLESS)

        class Chains(schema.as_state_machine()):  # type: ignore[misc]
            def get_call_kwargs(self, case: Any) -> dict[str, Any]:
                return {"base_url": base_url, "headers": {"X-Test-Person": "he-xiaoyun"}}

            def validate_response(self, response: Any, case: Any, **more: Any) -> None:
                case.validate_response(response, checks=CHECKS)

        await in_a_thread(lambda: Chains.run(settings=settings(QUIET, max_examples=8, stateful_step_count=6)))


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
