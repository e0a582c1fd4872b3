"""The commands people may give, as fields to fill in: derived from the command models, so that no door keeps a list of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.kernel.tagged import Tagged
from schemas.petition import commands as c
from schemas.petition.refusals import refuse
from schemas.petition.rules import RULES
from schemas.policy import CasePolicy

HUMAN: tuple[str, ...] = tuple(kind for kind, rule in RULES.items() if rule.people)
"""The commands people give to a filed case, in the order of the lifecycle."""

FILLED_BY_THE_DOOR = frozenset({"kind", "policy", "calendar", "rules", "accusation", "door", "factor"})
"""Fields that nobody types: they follow from the rules in force."""

FIELDS_ZH: Mapping[str, str] = {
    "reason": "理由",
    "title": "标题",
    "text": "正文",
    "category": "分类",
    "ledger": "账别",
    "complexity": "难易",
    "unit": "单位",
    "accused_units": "被反映单位",
    "accused_persons": "被反映人",
    "conflicted_units": "负责人须回避的单位",
    "mentioned_units": "仅被提及的单位",
    "mentioned_persons": "仅被提及的人员",
    "nobody": "与我方单位、人员无关",
    "agreed": "同意",
    "petitioners": "信访人",
    "note": "说明",
    "ground": "法定理由",
    "notice": "告知书文号",
    "to": "接收机关",
    "accepted": "是否接收",
    "reference": "回执号",
    "lead": "主办单位",
    "co_offices": "协办单位",
    "joint": "双组长",
    "days": "工作日数",
    "told": "告知群众的内容",
    "statute": "法定期限一并延长",
    "card": "牌",
    "outcome": "结论",
    "measures": "措施",
    "reached": "已联系到",
    "solved": "已解决",
    "satisfied_with_office": "对信访工作满意",
    "satisfied_with_unit": "对办理单位满意",
    "comment": "群众意见",
    "remark": "群众的话",
    "revisit": "第几次回访",
    "words": "群众的话",
    "basis": "依据",
    "review": "复查文号",
    "re_review": "复核文号",
    "published": "公开",
    "summary": "公开摘要",
    "exemption": "不公开理由",
    "countersigned_by": "复核人（旧件）",
    "findings": "问责情况",
    "no_fault": "无责任问题",
    "into": "主件编号",
    "facts": "新的事实",
    "acknowledged": "已知其中有可认出某一位信访人的内容，仍发给并案各方（对他人以掩码显示）",
}


class Field(Frozen):
    """One thing to fill in. ``many``: may be given repeatedly; ``flag``: yes or no; ``structured``: JSON. ``option``: its name on a command line."""

    name: str
    option: str
    zh: str
    required: bool
    many: bool
    flag: bool
    structured: bool
    choices: tuple[str, ...]


def fields_of(kind: str) -> tuple[Field, ...]:
    """What a person fills in for a command. ``UserError`` ``command_unknown``."""
    model = command_model(kind)
    return tuple(_field(name, info) for name, info in model.model_fields.items() if name not in FILLED_BY_THE_DOOR)


def listed_choices(kind: str, field: str, policy: CasePolicy) -> tuple[str, ...]:
    """What may be chosen for a field by the policy a case lives by; nothing where the policy has no say."""
    if field == "ground" and kind == "decline":
        return policy.decline_grounds
    if field == "exemption":
        return policy.disclosure_exemptions
    return policy.pause_reasons if field == "reason" and kind == "pause" else ()


def command_model(kind: str) -> type[Tagged]:
    """The model of a command people give. ``UserError`` ``command_unknown``."""
    if kind not in HUMAN:
        raise UserError(
            "command_unknown",
            zh=f"没有操作“{kind}”，可选：{'、'.join(HUMAN)}。",
            en=f"There is no command “{kind}”; choose one of: {', '.join(HUMAN)}.",
            command=kind,
        )
    return c.COMMAND_MODELS[kind]


def read_command(kind: str, given: Mapping[str, Any], filled: Mapping[str, Any] | None = None) -> c.Command:
    """The command with these fields; ``filled``: what is the door's to fill in, and nobody else's.

    ``UserError``: ``field_unknown``, ``field_missing``, ``text_too_long``, ``field_invalid``; values are never quoted.
    """
    model = command_model(kind)
    known = [field.name for field in fields_of(kind)]
    for name in given:
        if name not in model.model_fields or name in FILLED_BY_THE_DOOR:
            raise field_unknown(name, known)
    try:
        command: Any = model.model_validate({**given, **(filled or {})})
    except ValidationError as wrong:
        raise field_error(wrong) from None
    return command


def field_unknown(name: str, known: Iterable[str]) -> UserError:
    """A field no such command has."""
    listed = list(known)
    return UserError(
        "field_unknown",
        zh=f"没有“{name}”这一项，可填：{'、'.join(listed) or '（无）'}。",
        en=f"There is no field “{name}”; fields are: {', '.join(listed) or '(none)'}.",
        field=name,
        known=listed,
    )


def field_error(wrong: ValidationError) -> UserError:
    """What is wrong with the first field that is, without its value: it may be personal data."""
    error = wrong.errors(include_url=False, include_input=False, include_context=True)[0]
    field = ".".join(str(step) for step in error["loc"]) or "?"
    context: dict[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "missing":
            refusal = refuse("field_missing", field=field)
        case "string_too_long":
            refusal = refuse("text_too_long", field=field, limit=context["max_length"])
        case "enum" | "literal_error":
            return field_invalid(field, f"可选：{context['expected']}", f"choose one of: {context['expected']}")
        case _:
            return field_invalid(field, "请检查格式", error["msg"])
    return UserError(refusal.code, zh=refusal.zh, en=refusal.en, field=field)


def field_invalid(field: str, zh: str, en: str) -> UserError:
    """A value that cannot be."""
    return UserError(
        "field_invalid",
        zh=f"“{field}”的内容无效：{zh}。",
        en=f"The value of “{field}” is not valid: {en}.",
        field=field,
    )


def _field(name: str, info: FieldInfo) -> Field:
    wanted = _bare(info.annotation)
    many = get_origin(wanted) is tuple
    item = get_args(wanted)[0] if many else wanted
    singular = name.removesuffix("s") if many else name
    return Field(
        name=name,
        option="--" + singular.replace("_", "-"),
        zh=FIELDS_ZH.get(name, name),
        required=info.is_required(),
        many=many,
        flag=wanted is bool,
        structured=isinstance(item, type) and issubclass(item, BaseModel),
        choices=_choices(item),
    )


def _bare(annotation: Any) -> Any:
    """Without ``| None`` and without ``Annotated``."""
    if get_origin(annotation) in (Union, UnionType):
        return next(_bare(each) for each in get_args(annotation) if each is not type(None))
    return _bare(get_args(annotation)[0]) if hasattr(annotation, "__metadata__") else annotation


def _choices(item: Any) -> tuple[str, ...]:
    if get_origin(item) is Literal:
        return tuple(each for each in get_args(item) if each)
    if isinstance(item, type) and issubclass(item, Enum):
        return tuple(str(each.value) for each in item)
    return ()
