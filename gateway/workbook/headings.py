"""Which column is which: the headings of real workbooks, recognised or named by the person who imports."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from gateway.workbook.cells import Cell, clean_line
from schemas.kernel.errors import UserError

HEADING_ROWS_SEARCHED = 10
"""Titles, notes and units of measure stand above the headings; nobody needs more rows for them."""

REQUIRED = ("message_id", "submitted_at", "text")

FIELDS: dict[str, tuple[str, ...]] = {
    "message_id": (
        "留言编号", "信件编号", "来信编号", "信访编号", "信访件编号", "工单编号", "工单号", "诉求编号",
        "案件编号", "事项编号", "受理编号", "问题编号", "流水号", "编号", "messageid", "petitionid",
        "ticketid", "caseid", "id",
    ),
    "user": (
        "留言用户", "用户", "用户名", "用户id", "用户编号", "网友", "昵称", "留言人", "发帖人", "username",
        "userid", "user", "author",
    ),
    "subject": (
        "留言主题", "留言标题", "主题", "标题", "诉求标题", "诉求主题", "信件标题", "来信标题", "工单标题",
        "问题标题", "事由", "subject", "title",
    ),
    "submitted_at": (
        "留言时间", "留言日期", "来信时间", "来信日期", "信访时间", "信访日期", "提交时间", "受理时间",
        "登记时间", "收件时间", "诉求时间", "来电时间", "发布时间", "反映时间", "投诉时间", "创建时间",
        "收到时间", "receivedat", "submittedat", "createdat", "received", "submitted", "日期", "时间",
        "date", "time",
    ),
    "text": (
        "留言详情", "留言内容", "详情", "内容", "信件内容", "来信内容", "诉求内容", "诉求详情", "问题描述",
        "问题内容", "反映内容", "主要内容", "投诉内容", "工单内容", "具体内容", "正文", "描述", "text",
        "content", "body", "message", "description",
    ),
    "reply": (
        "答复意见", "答复内容", "答复", "回复内容", "回复意见", "回复", "办理结果", "处理结果", "办理情况",
        "reply", "answer", "response",
    ),
    "replied_at": (
        "答复时间", "答复日期", "回复时间", "回复日期", "办结时间", "办结日期", "办理时间", "repliedat",
        "answeredat", "replytime",
    ),
    "likes": (
        "点赞数", "点赞", "赞同数", "支持数", "likes",
    ),
    "dislikes": (
        "反对数", "反对", "点踩数", "踩", "dislikes",
    ),
    "name": (
        "姓名", "信访人", "信访人姓名", "来信人", "联系人", "诉求人", "投诉人", "反映人", "真实姓名",
        "name",
    ),
    "phone": (
        "电话", "联系电话", "手机", "手机号", "手机号码", "电话号码", "联系方式", "来电号码", "phone",
        "mobile", "tel",
    ),
    "id_number": (
        "身份证号", "身份证", "身份证号码", "公民身份号码", "证件号码", "证件号", "idnumber", "idcard",
    ),
    "address": (
        "地址", "住址", "联系地址", "家庭住址", "事发地址", "事发地点", "现住址", "户籍地址", "address",
    ),
    "channel": (
        "渠道", "来源", "来信渠道", "信访渠道", "诉求来源", "受理渠道", "信访形式", "channel", "source",
    ),
}  # fmt: skip
"""Every field with the headings it goes by, the surest first: a workbook with both 编号 and 留言编号 means
the latter.

序号 is left out on purpose: it starts at 1 in every file, so two files would claim the same ids. ``--map
message_id=序号`` still takes it.
"""

_NOISE = re.compile(r"[\W_]+")
_REMARK = re.compile(r"\((?:必填|选填|可选|可空|格式.*|如.*|例.*|required|optional)\)")


class Columns(BaseModel):
    """Where the headings stand: ``row`` and the ``columns`` count from 0; ``headings`` gives each field's
    heading as written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row: int
    columns: dict[str, int]
    headings: dict[str, str]
    ignored: tuple[str, ...]


def normalise_heading(value: Cell) -> str:
    """A heading without case, width, spaces, punctuation and remarks such as （必填）."""
    text = unicodedata.normalize("NFKC", clean_line(value)).casefold()
    return _NOISE.sub("", _REMARK.sub("", text))


_FIELD_OF = {heading: (field, rank) for field, known in FIELDS.items() for rank, heading in enumerate(known)}


def parse_map(text: str) -> dict[str, str]:
    """``field=HEADING,field=HEADING`` (a heading with a comma in double quotes) as a mapping of field to
    heading.

    Refuses, as ``UserError``: ``workbook_map_malformed``, ``workbook_map_unknown`` (no such field; the
    sentence lists those that exist), ``workbook_map_twice`` (one field, two headings).
    """
    mapping: dict[str, str] = {}
    try:
        lines = list(csv.reader([_quotes_around_pair(text)], skipinitialspace=True, strict=True))
    except csv.Error as wrong:
        raise _malformed(text) from wrong
    for part in (part for line in lines for part in line):
        field, equals, heading = part.replace("＝", "=", 1).partition("=")
        field, heading = field.strip().lower(), heading.strip()
        if not equals or not field or not normalise_heading(heading):
            raise _malformed(part)
        if field not in FIELDS:
            raise UserError(
                "workbook_map_unknown",
                zh=f"--map 中没有字段“{field}”；可用字段：{'、'.join(FIELDS)}。",
                en=f"--map: there is no field “{field}”; the fields are {', '.join(FIELDS)}.",
                field=field,
                known=list(FIELDS),
            )
        if field in mapping:
            raise UserError(
                "workbook_map_twice",
                zh=f"--map 中字段“{field}”给了两次；每个字段只能对应一列。",
                en=f"--map names the field “{field}” twice; each field is one column.",
                field=field,
            )
        mapping[field] = heading
    if not mapping:
        raise _malformed(text)
    return mapping


def _quotes_around_pair(text: str) -> str:
    # people quote the heading alone (text="a,b"); csv wants the quotes around the whole part
    return re.sub(r'([^,="\s]{1,100}\s{0,9}[=＝])\s{0,9}"((?:[^"]|""){0,2000})"', r'"\1\2"', text)


def _malformed(part: str) -> UserError:
    return UserError(
        "workbook_map_malformed",
        zh=(f"--map 写法有误：“{part.strip()}”；应为 字段=列名，多个用英文逗号隔开，如 text=内容,message_id=编号。"),
        en=(
            f"--map cannot be read at “{part.strip()}”; write field=HEADING, separated by commas, such as "
            "text=内容,message_id=编号."
        ),
    )


def find_columns(rows: Sequence[Sequence[Cell]], mapping: Mapping[str, str] | None = None) -> Columns:
    """The heading row among the first ten rows, and the column of each field.

    ``mapping`` (field → heading) goes before recognition. Refuses, as ``UserError``:
    ``workbook_headings_unknown`` (a required field has no column; the sentence lists what was found),
    ``workbook_map_unknown`` (a heading of ``mapping`` is not in the sheet).
    """
    candidates = [_columns_of(index, row, mapping or {}) for index, row in enumerate(rows[:HEADING_ROWS_SEARCHED])]
    # more fields first; among equals, the upper row
    best = max(candidates, key=lambda found: (len(found.columns), -found.row), default=None)
    if best is None or not best.columns:
        raise _unknown_headings(REQUIRED, _headings_seen(rows))
    seen = [clean_line(cell) for cell in rows[best.row] if clean_line(cell)]
    for field, heading in (mapping or {}).items():
        if field not in best.columns:
            raise UserError(
                "workbook_map_unknown",
                zh=f"--map 指定的列“{heading}”不在表头中；第 {best.row + 1} 行的表头有：{'、'.join(seen)}。",
                en=(f"--map: the heading “{heading}” is not in the sheet; row {best.row + 1} has {', '.join(seen)}."),
                heading=heading,
                known=seen,
            )
    missing = [field for field in REQUIRED if field not in best.columns]
    if missing:
        raise _unknown_headings(missing, seen)
    return best


def _columns_of(index: int, row: Sequence[Cell], mapping: Mapping[str, str]) -> Columns:
    written = [clean_line(cell) for cell in row]
    names = [normalise_heading(cell) for cell in row]
    columns: dict[str, int] = {}
    for field, heading in mapping.items():
        if normalise_heading(heading) in names:
            columns[field] = names.index(normalise_heading(heading))
    taken = set(columns.values())
    ranks: dict[str, int] = {}
    for column, name in enumerate(names):
        field, rank = _FIELD_OF.get(name, ("", 0))
        if not field or field in mapping or column in taken:
            continue
        if rank < ranks.get(field, len(_FIELD_OF)):
            ranks[field], columns[field] = rank, column
    used = set(columns.values())
    return Columns(
        row=index,
        columns=columns,
        headings={field: written[column] for field, column in columns.items()},
        ignored=tuple(heading for column, heading in enumerate(written) if heading and column not in used),
    )


def _headings_seen(rows: Sequence[Sequence[Cell]]) -> list[str]:
    for row in rows[:HEADING_ROWS_SEARCHED]:
        seen = [clean_line(cell)[:20] for cell in row if clean_line(cell)]
        if len(seen) > 1:
            return seen[:20]
    return []


def _unknown_headings(missing: Sequence[str], seen: Sequence[str]) -> UserError:
    hints = "、".join(f"{field}（如“{FIELDS[field][0]}”）" for field in missing)
    hints_en = ", ".join(f"{field} (such as “{FIELDS[field][0]}”)" for field in missing)
    found = "、".join(seen) or "无"
    return UserError(
        "workbook_headings_unknown",
        zh=(
            f"前 {HEADING_ROWS_SEARCHED} 行中找不到这些列：{hints}；看到的表头：{found}。请改表头，或用 "
            "--map 字段=列名 指定。"
        ),
        en=(
            f"These columns are not in the first {HEADING_ROWS_SEARCHED} rows: {hints_en}; headings seen: "
            f"{', '.join(seen) or 'none'}."
            " Rename the headings or name them with --map field=HEADING."
        ),
        missing=list(missing),
        seen=list(seen),
    )
