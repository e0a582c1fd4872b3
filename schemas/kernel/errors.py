"""What a person did wrong, said so that they can mend it.

Every error a person can cause carries a stable ``code`` (lower snake case, never renamed), one sentence in Chinese, one in English, and the
facts the sentences speak of. Doors print the sentences; machines branch on the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast


class UserError(Exception):
    """A mistake of the person (or upstream system) at the door; nothing has been written.

    ``zh`` and ``en`` say what is wrong, where, and what to do about it.
    """

    def __init__(self, code: str, *, zh: str, en: str, **facts: Any) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.zh = zh
        self.en = en
        self.facts = facts

    def __reduce__(self) -> tuple[Any, ...]:
        """As it goes from one process to another."""
        return _again, (self.code, self.zh, self.en, self.facts)

    def as_dict(self) -> dict[str, Any]:
        """The same facts for machines: ``code``, ``zh``, ``en``, ``facts``."""
        return {"code": self.code, "zh": self.zh, "en": self.en, "facts": self.facts}


def _again(code: str, zh: str, en: str, facts: dict[str, Any]) -> UserError:
    return UserError(code, zh=zh, en=en, **facts)


def first_of(errors: Sequence[BaseException]) -> BaseException:
    """The first error of those that ended several tasks at once (a ``BaseExceptionGroup``'s ``exceptions``), out of whatever groups it is in."""
    first = errors[0]
    return (
        first_of(cast("Sequence[BaseException]", first.exceptions)) if isinstance(first, BaseExceptionGroup) else first
    )
