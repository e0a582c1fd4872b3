"""Why an order is not carried out: a stable code, and a sentence in each language that says what to do instead."""

from __future__ import annotations

from schemas.kernel.model import Frozen


class Refusal(Frozen):
    """A command that is not allowed now. Nothing has changed and nothing is written."""

    code: str
    zh: str
    en: str
