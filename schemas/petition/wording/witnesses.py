"""How findings name what bears witness to an event."""

from __future__ import annotations

WITNESSES: dict[str, tuple[str, str]] = {
    "commands": ("指令表", "commands"),
    "cases": ("办件表", "cases"),
    "log": ("检查点日志", "the log of checkpoints"),
    "seals": ("封存记录", "its seal"),
    "intake": ("收件登记", "intake"),
    "petitioners": ("信访人表", "petitioners"),
    "archives": ("流程历史存档", "its archive"),
    "archive": ("存档的流程历史", "the archived history"),
    "chain": ("事件链", "the chain"),
    "database": ("数据库", "the database"),
    "store": ("外部存储", "the store"),
    "note": ("其签名文本", "its signed text"),
}
"""By name: in Chinese and in English."""
