"""How long something took, as people say it."""

from __future__ import annotations


def length_said(seconds: float) -> str:
    """``3天4小时``; the two largest units that hold something, and minutes at the least (``0分``)."""
    minutes, _ = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{number}{unit}" for number, unit in ((days, "天"), (hours, "小时"), (minutes, "分")) if number]
    return "".join(parts[:2]) or "0分"
