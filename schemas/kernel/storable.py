"""Which text can be kept: PostgreSQL holds no NUL, and half of a code point is no text anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from pydantic import BaseModel

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def is_storable(value: Any) -> bool:
    """Whether every text in a value can be kept: in a JSON value or a model, however deep, names of fields included."""
    # Not recursion: what strangers send may be nested deeper than the stack.
    waiting: list[Any] = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if _UNSTORABLE.search(each):
                return False
        elif isinstance(each, BaseModel):
            waiting.extend(each.__dict__.values())
        elif isinstance(each, Mapping):
            named = cast("Mapping[Any, Any]", each)
            waiting.extend((*named.keys(), *named.values()))
        elif isinstance(each, list | tuple | set | frozenset):
            waiting.extend(cast("Iterable[Any]", each))
    return True
