"""``POST /petitions/{number}/actions/{command}``: one operation for each command people may give, derived from the command itself."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Header, Request
from pydantic.json_schema import models_json_schema

from gateway.api.answers import SENDING, problems
from gateway.api.cases.shapes import ActionAnswer, RevealAnswer, RevealedPetitioner, RevealReason
from gateway.api.describing import inlined
from gateway.api.entering import CaseWorker, as_json, check_depth, entered
from gateway.orders.carrying import execute_command
from gateway.orders.codes import REISSUE, reissue
from gateway.orders.fields import FIELDS_ZH, FILLED_BY_THE_DOOR, HUMAN, command_model
from gateway.orders.given import PetitionerGiven
from gateway.storable import check_text
from gateway.visible import visible_case
from gateway.web.problems import body_invalid
from gateway.web.viewer import CallerFirst, Principal, Readings, TheDoor
from schemas.access import Area
from schemas.kernel.actor import Role
from schemas.kernel.errors import UserError
from schemas.petition.commands import COMMAND_MODELS
from schemas.petition.refusals import SENTENCES
from schemas.petition.rules import RULES
from schemas.petition.state import RatingDoor, Stage
from schemas.sealing.personal import PersonalData

router = APIRouter(route_class=CallerFirst)

CommandId = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="同键重发只办一次 / the same key takes effect once.",
    ),
]

MET_BY_EVERY_COMMAND = (
    *SENDING,
    "case_unknown",
    "recused",
    "role_wrong",
    "scope_wrong",
    "stage_wrong",
    "merged_follow",
    "shared_answer_names_petitioner",
    "field_missing",
    "field_invalid",
    "field_unknown",
    "unit_unknown",
    "person_unknown",
    "body_invalid",
    "text_unstorable",
)


def _operation(kind: str) -> Callable[..., Awaitable[ActionAnswer]]:
    async def act(
        number: str,
        request: Request,
        viewer: CaseWorker,
        readings: Readings,
        door: TheDoor,
        command_id: CommandId = None,
    ) -> ActionAnswer:
        if viewer.actor.role is not Role.UPSTREAM:
            # An authority outside answers what it was offered, and sees nothing else of the case.
            await visible_case(readings, number, viewer.actor)
        given = await _fields(request)
        if kind == REISSUE:
            issued = await reissue(door, number, viewer.actor, given, command_id=command_id)
            return ActionAnswer(
                number=issued.number,
                command=kind,
                seq=issued.seq,
                stage=Stage(issued.stage),
                tracking_code=issued.tracking_code,
                second_factor=issued.factor,
                pin=issued.pin or None,
            )
        answer = await execute_command(
            door, number, viewer.actor, kind, given, command_id=command_id, came_by=RatingDoor.API
        )
        return ActionAnswer(number=answer.number, command=kind, seq=answer.seq, stage=Stage(answer.stage))

    act.__name__ = f"act_{kind}"
    act.__doc__ = " ".join((COMMAND_MODELS[kind].__doc__ or kind).split())
    return act


async def _fields(request: Request) -> dict[str, Any]:
    body = await request.body()
    if not body.strip():
        return {}
    try:
        given: object = json.loads(body)
    except (ValueError, RecursionError):
        raise body_invalid([{"type": "json_invalid", "loc": ("body",), "msg": "it is not JSON"}]) from None
    if not isinstance(given, dict):
        raise body_invalid([{"type": "dict_type", "loc": ("body",), "msg": "it must be an object of fields"}])
    check_depth(given, "body")
    check_text(given, "body")
    return cast("dict[str, Any]", given)


def _body_schemas() -> dict[str, dict[str, Any]]:
    """By command, the schema of its fields as people fill them in."""
    models = [(COMMAND_MODELS[kind], "validation") for kind in HUMAN]
    models.append((cast("Any", PetitionerGiven), "validation"))
    placed, shared = models_json_schema(cast("Any", models), ref_template="#/$defs/{model}")
    definitions = cast("dict[str, Any]", shared["$defs"])
    people = {"type": "array", "maxItems": 100, "items": definitions["PetitionerGiven"]}
    by_kind: dict[str, dict[str, Any]] = {}
    for kind in HUMAN:
        own = definitions[placed[(cast("Any", COMMAND_MODELS[kind]), "validation")]["$ref"].rpartition("/")[2]]
        fields = {name: each for name, each in own["properties"].items() if name not in FILLED_BY_THE_DOOR}
        if "petitioners" in fields:
            fields["petitioners"] = people
        by_kind[kind] = {
            "type": "object",
            "title": COMMAND_MODELS[kind].__name__,
            "properties": {
                name: inlined(each, definitions) | {"title": FIELDS_ZH.get(name, name)} for name, each in fields.items()
            },
            "required": [name for name in own.get("required", ()) if name in fields],
            "additionalProperties": False,
        }
    return by_kind


def _example(schema: dict[str, Any]) -> dict[str, Any]:
    """The required fields, filled in."""
    return {name: _sample(schema["properties"][name]) for name in schema["required"]}


def _sample(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "boolean":
            return True
        case "integer":
            return 3
        case "array":
            return []
        case _:
            return "XA/A3/02" if schema["title"] in ("主办单位", "单位") else "……"


def _add_operations() -> None:
    refusals = problems(*SENTENCES, examples=False)
    for kind, schema in _body_schemas().items():
        required = bool(schema["required"])
        router.add_api_route(
            f"/petitions/{{number}}/actions/{kind}",
            _operation(kind),
            methods=["POST"],
            response_model=ActionAnswer,
            response_model_exclude_none=kind != REISSUE,
            operation_id=f"act_{kind}",
            summary=f"{kind}（{'、'.join(stage.value for stage in RULES[kind].stages)}）",
            dependencies=[Depends(_json_if_any)],
            responses=problems(*MET_BY_EVERY_COMMAND, examples=False) | {409: refusals[409]},
            openapi_extra={
                "requestBody": {
                    "required": required,
                    "content": {"application/json": {"schema": schema, "example": _example(schema)}},
                }
            },
        )


async def _json_if_any(request: Request) -> None:
    if request.headers.get("content-type"):
        await as_json(request)


_add_operations()


@router.post("/petitions/{number}/actions/{command}", include_in_schema=False)
async def act_unknown(number: str, command: str, viewer: CaseWorker) -> None:
    """There is no such command."""
    command_model(command)
    raise UserError("page_unknown", zh="没有这个接口。", en="There is no such operation.")


@router.post(
    "/petitions/{number}/reveal",
    response_model=RevealAnswer,
    operation_id="reveal",
    dependencies=[Depends(as_json)],
    responses=problems(
        *SENDING,
        "case_unknown",
        "door_closed",
        "reveal_before_decision",
        "reveal_not_needed",
        "reveal_ceiling_reached",
        "reason_missing",
        "reveal_reason_unknown",
        "reveal_words_missing",
        "reveal_words_unwanted",
        "nothing_to_reveal",
        "body_invalid",
    ),
)
async def reveal(
    number: str,
    given: RevealReason,
    viewer: Annotated[Principal, Depends(entered(Area.REVEAL, writing=True))],
    readings: Readings,
    door: TheDoor,
) -> RevealAnswer:
    """查看个人信息 / a petitioner's personal data in clear, for whose work needs it; first it is recorded who looks and why."""
    check_text(given.reason, "reason")
    check_text(given.words, "words")
    view = await visible_case(readings, number, viewer.actor)
    own = view.state.number
    revealed = await (await door.revealer()).reveal(own, viewer.actor, given.reason, given.words)
    return RevealAnswer(
        number=own,
        title=view.title,
        text=view.text,
        petitioners=tuple(
            RevealedPetitioner(
                alias=each.alias,
                representative=each.representative,
                **(each.data.model_dump() if each.data is not None else dict.fromkeys(PersonalData.model_fields)),
            )
            for each in revealed.petitioners
        ),
        entry=revealed.entry.number,
        at=revealed.entry.at,
    )
