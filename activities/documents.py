"""Policy and organisation as people write them: YAML, read whole, or refused with the place and the reason in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from schemas.kernel.errors import UserError
from schemas.organisation import Organisation
from schemas.policy import Policy

SIZE_LIMIT = 5_000_000
"""Characters of a document; an organisation of fifty thousand people stays below it."""

NODE_LIMIT = 1_000_000
"""Values a document may hold once its anchors are written out: a few lines of nested anchors can stand for billions."""

DEPTH_LIMIT = 24
"""Levels of a document; the parser is recursive and written in C, so that some thousands of brackets would end the process."""

ALIAS_LIMIT = 10_000
"""References to anchors."""

SCALAR_LIMIT = 20_000
"""Characters of one value: YAML makes numbers of long rows of digits and colons, and takes minutes to."""

Document = TypeVar("Document", bound=BaseModel)

_TITLES = {"policy": "政策文件", "organisation": "组织机构文件", "petitions": "示例来件文件"}

_WRONG: Mapping[str, tuple[str, str]] = {
    "missing": ("缺少此项", "it is missing"),
    "extra_forbidden": ("没有这一项，请检查拼写", "there is no such item; check its spelling"),
    "int_type": ("应为整数", "it must be a whole number"),
    "int_parsing": ("应为整数", "it must be a whole number"),
    "int_from_float": ("应为整数", "it must be a whole number"),
    "float_type": ("应为数字", "it must be a number"),
    "float_parsing": ("应为数字", "it must be a number"),
    "bool_type": ("应为 true 或 false", "it must be true or false"),
    "bool_parsing": ("应为 true 或 false", "it must be true or false"),
    "string_type": ("应为文字（数字请加引号）", "it must be text (put numbers in quotation marks)"),
    "string_too_short": ("不能为空", "it must not be empty"),
    "string_too_long": ("超过 {max_length} 字", "it has more than {max_length} characters"),
    "string_pattern_mismatch": ("写法不对，应符合 {pattern}", "it must be of the form {pattern}"),
    "greater_than": ("应大于 {gt}", "it must be greater than {gt}"),
    "greater_than_equal": ("不能小于 {ge}", "it must be at least {ge}"),
    "less_than_equal": ("不能大于 {le}", "it must be at most {le}"),
    "literal_error": ("只能是 {expected}", "it must be {expected}"),
    "enum": ("只能是 {expected}", "it must be {expected}"),
    "tuple_type": ("应为列表", "it must be a list"),
    "dict_type": ("应为若干“名称: 值”", "it must be names with values"),
    "model_type": ("应为若干“名称: 值”", "it must be names with values"),
}


def read_policy(text: str) -> Policy:
    """A policy from YAML. ``UserError``: ``policy_unreadable`` (not YAML, or not of its shape), ``policy_contradiction`` (well-formed, but it does
    not agree with itself). ``facts``: ``where`` (``ledgers/claim/simple/finish_days``) and ``line``, counted from 1."""
    return read_document(text, Policy, "policy")


def read_organisation(text: str) -> Organisation:
    """An organisation from YAML. ``UserError``: ``organisation_unreadable``, or the code of what is unsound (``organisation_chief_missing`` …)."""
    return read_document(text, Organisation, "organisation")


def read_document(text: str, model: type[Document], kind: str) -> Document:
    """A document of that kind (its codes begin with it). ``UserError`` as told in :func:`read_policy`."""
    root, given = _parsed(text, kind)
    try:
        return model.model_validate(given)
    except ValidationError as wrong:
        raise _refused(wrong, root, kind) from wrong


class _Loader(yaml.CSafeLoader):
    """YAML's safe subset, in which a name may stand once only: of two values the later would silently win."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for name, _ in node.value:
        if isinstance(name, yaml.ScalarNode) and name.value != "<<":
            if name.value in seen:
                raise _NameTwiceError(name.value, name.start_mark.line + 1)
            seen.add(name.value)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


class _NameTwiceError(Exception):
    def __init__(self, name: str, line: int) -> None:
        super().__init__(name)
        self.name = name
        self.line = line


def _parsed(text: str, kind: str) -> tuple[yaml.Node, Any]:
    if len(text) > SIZE_LIMIT:
        raise _unreadable(
            kind,
            f"有 {len(text):,} 字，超过上限 {SIZE_LIMIT:,} 字",
            f"it has {len(text):,} characters, over {SIZE_LIMIT:,}",
        )
    loader: _Loader | None = None
    try:
        _check_layout(text, kind)
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            raise _unreadable(kind, "没有内容", "it is empty")
        if not isinstance(root, yaml.MappingNode):
            raise _unreadable(kind, "应由若干“名称: 值”组成", "it must consist of names with values", line=1)
        if _size(root, {}) > NODE_LIMIT:
            raise _unreadable(
                kind, f"展开引用后超过 {NODE_LIMIT:,} 项", f"written out it holds more than {NODE_LIMIT:,} values"
            )
        return root, loader.construct_document(root)
    except _NameTwiceError as wrong:
        raise _unreadable(
            kind, f"“{wrong.name}”写了两次，请只保留一个", f"“{wrong.name}” is given twice; keep one", line=wrong.line
        ) from wrong
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        raise _unreadable(
            kind,
            "不是正确的 YAML，请检查缩进、冒号和引号",
            f"it is not YAML there ({wrong.problem}); check indentation, colons and quotation marks",
            # what is never closed is missed only past the last line
            line=min(mark.line, text.count("\n")) + 1 if mark else None,
        ) from wrong
    except (yaml.YAMLError, ValueError, RecursionError) as wrong:
        # control characters, impossible dates (2026-02-30), nesting without end
        raise _unreadable(
            kind, "含有无法识别的字符或内容", "it holds characters or values that can't be read"
        ) from wrong
    finally:
        if loader is not None:
            loader.dispose()


def _check_layout(text: str, kind: str) -> None:
    """Counts what the document would become, event by event, before anything is built of it."""
    depth = nodes = aliases = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.DocumentEndEvent):
            return
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, (yaml.CollectionStartEvent, yaml.ScalarEvent))
        aliases += isinstance(event, yaml.AliasEvent)
        line = event.start_mark.line + 1 if event.start_mark else None
        if depth > DEPTH_LIMIT:
            raise _unreadable(
                kind, f"层次超过 {DEPTH_LIMIT} 层", f"it is nested deeper than {DEPTH_LIMIT} levels", line=line
            )
        if nodes > NODE_LIMIT or aliases > ALIAS_LIMIT:
            raise _unreadable(kind, f"超过 {NODE_LIMIT:,} 项", f"it holds more than {NODE_LIMIT:,} values", line=line)
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > SCALAR_LIMIT:
            raise _unreadable(
                kind,
                f"有一项超过 {SCALAR_LIMIT:,} 字",
                f"one of its values has more than {SCALAR_LIMIT:,} characters",
                line=line,
            )


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Values below the node with anchors written out; a node inside itself counts as too many."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = NODE_LIMIT + 1
        children: Sequence[Any] = node.value
        if isinstance(node, yaml.MappingNode):
            children = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_size(child, known) for child in children)
    return known[id(node)]


class _Place(NamedTuple):
    where: str
    line: int | None


def _refused(wrong: ValidationError, root: yaml.Node, kind: str) -> UserError:
    error = wrong.errors(include_url=False, include_input=False)[0]
    context: dict[str, Any] = error.get("ctx", {})
    place = _place(root, error["loc"], context)
    if error["type"] == "value_error":
        zh, _, en = str(context["error"]).partition(" / ")
        return _sentence(f"{kind}_contradiction", kind, zh, en or zh, place)
    if "zh" in context:
        return _sentence(error["type"], kind, context["zh"], context["en"], place)
    zh, en = _WRONG.get(error["type"], ("内容不合要求", error["msg"]))
    return _sentence(f"{kind}_unreadable", kind, zh.format(**context), en.format(**context), place)


def _place(root: yaml.Node, loc: tuple[int | str, ...], context: Mapping[str, Any]) -> _Place:
    node, line = root, None
    for step in loc:
        below = _child(node, step)
        if below is None:
            break
        node, line = below, below.start_mark.line + 1
    if not loc and (named := context.get("person") or context.get("unit")):
        line = _line_of(root, "people" if context.get("person") else "units", str(named))
    return _Place("/".join(str(step + 1 if isinstance(step, int) else step) for step in loc), line)


def _child(node: yaml.Node, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == str(step)), None)
    return None


def _line_of(root: yaml.Node, group: str, named: str) -> int | None:
    """The line of the last entry that bears this path or id: of two namesakes the later is the odd one."""
    entries = _child(root, group)
    if not isinstance(entries, yaml.SequenceNode):
        return None
    lines = [
        entry.start_mark.line + 1
        for entry in entries.value
        for key in ("path", "id")
        if (value := _child(entry, key)) is not None and value.value == named
    ]
    return lines[-1] if lines else None


def _unreadable(kind: str, zh: str, en: str, *, line: int | None = None) -> UserError:
    return _sentence(f"{kind}_unreadable", kind, zh, en, _Place("", line))


def _sentence(code: str, kind: str, zh: str, en: str, place: _Place) -> UserError:
    at_zh = (f"第 {place.line} 行" if place.line else "") + (f"（{place.where}）" if place.where else "")
    at_en = (f", line {place.line}" if place.line else "") + (f" ({place.where})" if place.where else "")
    return UserError(
        code,
        zh=f"{_TITLES[kind]}{at_zh}：{zh}。",
        en=f"The {kind} file{at_en}: {en}.",
        where=place.where,
        line=place.line,
    )
