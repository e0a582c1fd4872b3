"""The fields of a command as command-line options, which differ from command to command and therefore are read here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.orders.fields import Field, field_invalid, field_unknown, fields_of
from schemas.kernel.errors import UserError

_YES = frozenset({"true", "yes", "1", "是", "on"})
_NO = frozenset({"false", "no", "0", "否", "off"})


def read_options(kind: str, arguments: Sequence[str]) -> dict[str, Any]:
    """``--lead XA/A3/01 --co-office A --co-office B --joint --set note=…`` as fields; repeated where a field holds many.

    Flags: ``--reached``, ``--no-reached`` or ``--reached false``. Plain field names serve too (``--co_offices``). ``UserError``:
    ``command_unknown``, ``field_unknown``, ``field_invalid``, ``option_value_missing``, ``argument_unexpected``.
    """
    fields = fields_of(kind)
    named = _names(fields)
    given: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        option, joined, value = rest.pop(0).partition("=")
        if not option.startswith("--"):
            raise _unexpected(option)
        if option == "--set":
            said = value if joined else _next(option, rest)
            option, joined, value = said.partition("=")
            option = f"--{option}"
            if not joined:
                raise field_invalid("--set", "请写成 --set 字段=值", "write --set field=value")
        field, negated = _found(option, named)
        if field is None:
            raise field_unknown(option, [each.option for each in fields])
        if field.flag:
            _put(given, field, _flag(field, value if joined else _said_next(rest), negated=negated))
        else:
            _put(given, field, _value(field, value if joined else _next(option, rest)))
    return given


def _names(fields: Sequence[Field]) -> Mapping[str, Field]:
    names: dict[str, Field] = {}
    for field in fields:
        names |= dict.fromkeys((field.option, f"--{field.name}", f"--{field.name.replace('_', '-')}"), field)
    return names


def _found(option: str, named: Mapping[str, Field]) -> tuple[Field | None, bool]:
    field = named.get(option)
    if field is None and option.startswith("--no-"):
        negated = named.get("--" + option.removeprefix("--no-"))
        return (negated, True) if negated is not None and negated.flag else (None, False)
    return field, False


def _put(given: dict[str, Any], field: Field, value: Any) -> None:
    if field.many:
        given.setdefault(field.name, []).append(value)
        return
    if field.name in given:
        raise field_invalid(field.option, "只能填一次", "it may be given once only")
    given[field.name] = value


def _value(field: Field, said: str) -> Any:
    if not field.structured:
        return said
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        raise field_invalid(field.option, "应为 JSON", "write it as JSON") from None


def _flag(field: Field, said: str, *, negated: bool) -> bool:
    if not said:
        return not negated
    if said.lower() not in _YES | _NO or negated:
        raise field_invalid(field.option, "应为 true 或 false", "write true or false")
    return said.lower() in _YES


def _said_next(rest: list[str]) -> str:
    return rest.pop(0) if rest and rest[0].lower() in _YES | _NO else ""


def _next(option: str, rest: list[str]) -> str:
    if not rest:
        raise UserError(
            "option_value_missing",
            zh=f"{option} 后面缺少内容。",
            en=f"{option} takes a value.",
            option=option,
        )
    return rest.pop(0)


def _unexpected(argument: str) -> UserError:
    return UserError(
        "argument_unexpected",
        zh=f"不明白“{argument[:60]}”：字段要写成 --字段 值，含空格的内容请加引号。",
        en=f"“{argument[:60]}” is not understood: write --field value, and quote what holds blanks.",
    )
