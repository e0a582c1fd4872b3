"""What was checked, one sentence for each check."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

MOST: Final = 20
"""Findings of one kind that are told one by one; the rest are counted."""


class UnreadableError(Exception):
    """What was given cannot be read at all, so nothing was checked."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Check:
    """``holds`` None: nothing was found, and something is to be known about what this check can say."""

    code: str
    holds: bool | None
    zh: str
    en: str
    facts: dict[str, Any]


@dataclass
class Report:
    """The checks in the order they were made."""

    checks: list[Check] = field(default_factory=list[Check])
    _found: dict[str, int] = field(default_factory=dict[str, int])

    def good(self, code: str, zh: str, en: str, **facts: Any) -> None:
        """This holds."""
        self.checks.append(Check(code, True, zh, en, facts))

    def bad(self, code: str, zh: str, en: str, **facts: Any) -> None:
        """This does not hold."""
        self._found[code] = self._found.get(code, 0) + 1
        if self._found[code] <= MOST:
            self.checks.append(Check(code, False, zh, en, facts))

    def note(self, code: str, zh: str, en: str, **facts: Any) -> None:
        """This is to be known."""
        self.checks.append(Check(code, None, zh, en, facts))

    @property
    def found(self) -> set[str]:
        """The kinds of what did not hold."""
        return set(self._found)

    @property
    def findings(self) -> int:
        """How many checks did not hold."""
        return sum(self._found.values())

    @property
    def holds(self) -> bool:
        """Whether something was checked, and all of it holds."""
        return not self.findings and any(check.holds for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """The same facts for machines."""
        checks = [
            {"code": each.code, "holds": each.holds, "zh": each.zh, "en": each.en, "facts": each.facts}
            for each in self.checks
        ]
        return {"holds": self.holds, "findings": self.findings, "checks": checks}

    def show(self, out: TextIO, *, as_json: bool) -> None:
        """For a person, or for a machine."""
        if as_json:
            out.write(json.dumps(self.as_dict(), ensure_ascii=False, indent=2) + "\n")
            return
        for each in self.checks:
            sign = {True: "✓", False: "✗", None: "·"}[each.holds]
            out.write(f"{sign} {each.zh}\n  {each.en}\n")
        told = sum(each.holds is False for each in self.checks)
        if told < self.findings:
            more = self.findings - told
            out.write(f"✗ 另有 {more} 处同类问题\n  and {more} more of the same kinds\n")
        verdict = ("✓ 全部成立", "All of it holds.") if self.holds else ("✗ 不能成立", "It does not hold.")
        out.write(f"\n{verdict[0]}\n{verdict[1]}\n")
