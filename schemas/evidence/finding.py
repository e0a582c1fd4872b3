"""What a check of the record can find: a stable code, the place down to the field where it can be named, and a sentence in both languages."""

from __future__ import annotations

from typing import Any

from schemas.kernel.model import Frozen


class Finding(Frozen):
    """Something that does not hold.

    ``seq``: the event of the case; where no case is meant, the journal's entry, the checkpoint or the leaf by its number. ``field`` is a
    path into that row (``payload.text``). ``found`` is what stands there, ``expected`` what must have stood there, where that is proven or
    told by another witness.
    """

    code: str
    case_number: str = ""
    seq: int | None = None
    field: str = ""
    found: str | None = None
    expected: str | None = None
    zh: str
    en: str


SENTENCES: dict[str, tuple[str, str]] = {
    "event_altered": (
        "{case} 第 {seq} 条事件被改动{field_zh}{values_zh}{or_zh}。",
        "{case}: event {seq} was altered{field_en}{values_en}{or_en}.",
    ),
    "event_unreadable": (
        "{case} 第 {seq} 条事件无法读取：{reason}。",
        "{case}: event {seq} cannot be read: {reason}.",
    ),
    "column_disagrees": (
        "{case} 第 {seq} 条事件的 {field} 列是“{found}”，而链上内容是“{expected}”。",
        "{case}: column {field} of event {seq} says “{found}”, the chained content “{expected}”.",
    ),
    "event_missing": (
        "{case} 缺第 {seq} 条事件（共缺 {count} 条），被删除{renumbered_zh}。",
        "{case}: event {seq} is missing ({count} in all), deleted{renumbered_en}.",
    ),
    "event_inserted": (
        "{case} 第 {seq} 条事件是插入的：链在其前后相接，与它无关。",
        "{case}: event {seq} was inserted: the chain goes on before and after without it.",
    ),
    "event_appended": (
        "{case} 第 {seq} 条事件是末尾添加的：没有任何指令写过它。",
        "{case}: event {seq} was added at the end: no command wrote it.",
    ),
    "events_swapped": (
        "{case} 第 {seq} 条与第 {other} 条事件被对调：换回后链即相接。",
        "{case}: events {seq} and {other} were exchanged: put back, the chain holds.",
    ),
    "events_truncated": (
        "{case} 末尾的事件被删除：现到第 {last} 条，应到第 {expected} 条（{witnesses_zh}为证）。",
        "{case}: the last events were deleted: the record ends at {last}, it went to {expected} (by {witnesses}).",
    ),
    "case_deleted": (
        "{case} 的事件被整件删除（{witnesses_zh}为证）。",
        "{case}: all its events were deleted (by {witnesses}).",
    ),
    "case_exchanged": (
        "{case} 名下的事件其实是 {other} 的：两件的事件被对调或改挂。",
        "{case}: the events under this number are those of {other}: exchanged or moved.",
    ),
    "event_exchanged": (
        "{case} 第 {seq} 条事件的内容来自 {other} 第 {other_seq} 条。",
        "{case}: event {seq} carries the content of event {other_seq} of {other}.",
    ),
    "chain_rewritten": (
        "{case} 的链自某条事件起被整段重算：改动在第 {seq} 条至第 {until} 条之间（{witness_zh}所记第 {until} 条的链值不同）。",
        "{case}: its chain was recomputed from a forged event on: between events {seq} and {until} (by the link of event {until} in {witness}).",
    ),
    "event_backdated": (
        "{case} 第 {seq} 条事件写着 {found} 记入，而此后的第 {due} 号检查点没有它：是事后补写的，或曾对检查点日志隐瞒。",
        "{case}: event {seq} says it was written down at {found}, yet checkpoint {due}, made after that, knows nothing of it: it was written later, "
        "or kept from the log.",
    ),
    "decision_differs": (
        "{case} 第 {seq} 条事件的 {field}：记录为“{found}”，流程引擎历史为“{expected}”。",
        "{case}, event {seq}, field {field}: the record says “{found}”, the engine's history says “{expected}”.",
    ),
    "head_missing": (
        "{case} 有事件，但 cases 表没有这一件。",
        "{case} has events, but no row in cases.",
    ),
    "head_disagrees": (
        "{case} 在 cases 表的 {field} 是 {found}，与链 {expected} 不符。",
        "{case}: {field} in cases is {found}, the chain says {expected}.",
    ),
    "command_missing": (
        "{case} 第 {seq} 条事件没有写它的指令：commands 表中的行被删除或改动。",
        "{case}: no command covers event {seq}: its row in commands was deleted or altered.",
    ),
    "command_altered": (
        "{case} 指令 {command} 的 {field} 是 {found}，应为 {expected}。",
        "{case}: {field} of command {command} is {found}, it must be {expected}.",
    ),
    "command_inserted": (
        "{case} 的指令 {command} 没有写过任何事件却占用第 {seq} 条：是插入的。",
        "{case}: command {command} claims event {seq}, which another wrote: it was inserted.",
    ),
    "intake_missing": (
        "{case} 在 intake 表的收件登记被删除。",
        "{case}: its row in intake was deleted.",
    ),
    "intake_altered": (
        "{case} 收件登记（intake）的 {field} 与建档事件不符。",
        "{case}: {field} of its row in intake disagrees with the filing.",
    ),
    "petitioner_altered": (
        "{case} 第 {seq} 位信访人在 petitioners 表的 {field} 与事件不符。",
        "{case}: {field} of petitioner {seq} in petitioners disagrees with the events.",
    ),
    "number_missing": (
        "{case}：编号已发出（series 到 {last}），但收件登记和事件均已不存在。",
        "{case}: the number was given out (series goes to {last}), but neither intake nor any event knows it.",
    ),
    "series_altered": (
        "编号序列 {series} 记到 {found}，但已发出 {expected}：序列被改回。",
        "Series {series} says {found}, but {expected} was given out: the series was set back.",
    ),
    "seal_altered": (
        "{case} 第 {seq} 次办理的封存记录 {field} 与{witness_zh}不符{values_zh}。",
        "{case}: {field} of the seal of run {seq} disagrees with {witness}{values_en}.",
    ),
    "seal_missing": (
        "{case} 第 {seq} 次办理早已销号，却没有封存记录。",
        "{case}: run {seq} was closed long ago but has no seal.",
    ),
    "seal_unfounded": (
        "{case} 有第 {seq} 次办理的封存记录，而事件中没有这次销号。",
        "{case}: there is a seal of run {seq}, but no event closes that run.",
    ),
    "archive_missing": (
        "{case} 第 {seq} 次办理的流程历史存档被删除。",
        "{case}: the archived history of run {seq} was deleted.",
    ),
    "archive_altered": (
        "{case} 第 {seq} 次办理的流程历史存档被替换：与封存的散列值不符。",
        "{case}: the archived history of run {seq} was replaced: it has not the hash that was sealed.",
    ),
    "archive_unreadable": (
        "{case} 第 {seq} 次办理的流程历史存档打不开：被改动，或不是为这一件封存的。",
        "{case}: the archived history of run {seq} does not open: altered, or sealed for another case.",
    ),
    "archive_locked": (
        "{case} 第 {seq} 次办理的存档未能核验：{reason_zh}",
        "{case}: the archive of run {seq} was not checked: {reason}",
    ),
    "archive_unsealed": (
        "{case} 第 {seq} 次办理有存档而无封存记录：封存记录被删除，或存档是添加的。",
        "{case}: run {seq} has an archive but no seal: the seal was deleted, or the archive added.",
    ),
    "leaf_missing": (
        "检查点日志缺第 {seq} 片叶（{count} 片），被删除。",
        "Leaf {seq} of the log is missing ({count} in all), deleted.",
    ),
    "leaf_altered": (
        "检查点日志第 {seq} 片叶被改动{values_zh}。",
        "Leaf {seq} of the log was altered{values_en}.",
    ),
    "leaf_inserted": (
        "检查点日志第 {seq} 片叶是插入的：没有检查点包含它。",
        "Leaf {seq} of the log was inserted: no checkpoint includes it.",
    ),
    "leaf_misfiled": (
        "检查点日志第 {seq} 片叶的 {field} 列是“{found}”，应为“{expected}”。",
        "Column {field} of leaf {seq} of the log says “{found}”, it must be “{expected}”.",
    ),
    "checkpoint_missing": (
        "第 {seq} 号检查点在数据库中缺失，而外部存储中有：被删除。",
        "Checkpoint {seq} is missing in the database but stands in the store: it was deleted.",
    ),
    "checkpoint_lost": (
        "第 {seq} 号检查点在外部存储中缺失：被删除，或存储不是原来的。",
        "Checkpoint {seq} is missing in the store: it was deleted, or this is another store.",
    ),
    "checkpoint_altered": (
        "第 {seq} 号检查点的 {field} 与{witness_zh}不符{values_zh}。",
        "{field} of checkpoint {seq} disagrees with {witness}{values_en}.",
    ),
    "checkpoint_unsigned": (
        "第 {seq} 号检查点（{place_zh}）的签名不成立：内容被改动，或不是本系统的密钥签的。",
        "The signature of checkpoint {seq} ({place}) does not hold: its text was altered, or another key signed it.",
    ),
    "checkpoint_root": (
        "由全部叶重算，第 {seq} 号检查点的树根不符：它不是前一个的延续，或其叶在数据库和外部存储中都被改动。",
        "Recomputed from the leaves, the root of checkpoint {seq} differs: it does not continue the one before, or leaves were altered in database and store.",
    ),
    "store_empty": (
        "外部存储中没有任何检查点，而数据库有 {expected} 个：存储被清空，或指向了别处。",
        "The store holds no checkpoint at all, the database {expected}: it was emptied, or this is another store.",
    ),
    "database_older": (
        "外部存储有第 {expected} 号检查点，而数据库只到第 {found} 号：数据库是恢复的旧备份，或其检查点被整段删除。",
        "The store holds checkpoint {expected}, the database ends at {found}: an old backup was restored, or its last checkpoints were deleted.",
    ),
    "tile_altered": (
        "外部存储中的 {path} 被改动或缺失。",
        "{path} in the store was altered or is missing.",
    ),
    "journal_altered": (
        "日志第 {seq} 条被改动{field_zh}{values_zh}。",
        "Entry {seq} of the journal was altered{field_en}{values_en}.",
    ),
    "journal_missing": (
        "日志缺第 {seq} 条（共缺 {count} 条），被删除。",
        "Entry {seq} of the journal is missing ({count} in all), deleted.",
    ),
    "journal_inserted": (
        "日志第 {seq} 条是插入的：链在其前后相接，与它无关。",
        "Entry {seq} of the journal was inserted: the chain goes on before and after without it.",
    ),
    "journal_truncated": (
        "日志末尾被删除：现到第 {found} 条，检查点记到第 {expected} 条。",
        "The end of the journal was deleted: it ends at {found}, a checkpoint knows {expected}.",
    ),
    "journal_rewritten": (
        "日志自某条起被整段重算：改动在第 {seq} 条至第 {until} 条之间（检查点所记第 {until} 条的链值不同）。",
        "The journal was recomputed from a forged entry on: between entries {seq} and {until} (by the link of entry {until} in a checkpoint).",
    ),
}
"""By code, never renamed: what was found, in Chinese and in English."""


def finding(
    code: str,
    case_number: str = "",
    seq: int | None = None,
    *,
    field: str = "",
    found: str | None = None,
    expected: str | None = None,
    **facts: Any,
) -> Finding:
    """The finding of that code, worded. ``KeyError`` where a fact its sentence speaks of is not given."""
    zh, en = SENTENCES[code]
    told = {
        "case": case_number,
        "seq": seq,
        "field": field,
        "found": found,
        "expected": expected,
        "field_zh": f"，字段 {field}" if field else "",
        "field_en": f", field {field}" if field else "",
        "or_zh": "",
        "or_en": "",
        "values_zh": _values(found, expected, "：现为“{}”", "，原为“{}”"),
        "values_en": _values(found, expected, ": it says “{}”", ", it said “{}”"),
    } | facts
    return Finding(
        code=code,
        case_number=case_number,
        seq=seq,
        field=field,
        found=found,
        expected=expected,
        zh=zh.format_map(told),
        en=en.format_map(told),
    )


def _values(found: str | None, expected: str | None, now: str, before: str) -> str:
    told = "" if found is None else now.format(_short(found))
    return told + ("" if expected is None else before.format(_short(expected)))


def _short(said: str) -> str:
    return said if len(said) <= 80 else said[:79] + "…"
