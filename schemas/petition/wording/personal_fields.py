"""What the fields of personal data are called on screens, in files and in refusals; code and data use the English key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PERSONAL_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "name": ("姓名", "Name"),
    "phone": ("电话", "Telephone"),
    "id_number": ("证件号码", "Identity number"),
    "address": ("住址", "Address"),
    "guardian": ("监护人", "Guardian"),
    "guardian_phone": ("监护人电话", "Guardian’s telephone"),
}
"""Field → (Chinese, English), in the order in which people are asked for them."""

_TO_FILL_IN: Final[Mapping[str, tuple[str, str]]] = {"guardian": ("监护人（未成年人须填）", "Guardian (of a minor)")}
"""Where a form has to say more than a heading."""


def personal_heading(field: str) -> str:
    """The Chinese heading over what is shown; the key itself of what is no personal data."""
    return PERSONAL_FIELDS[field][0] if field in PERSONAL_FIELDS else field


def personal_label(field: str) -> tuple[str, str]:
    """Beside a box to fill in: (Chinese, English)."""
    return _TO_FILL_IN.get(field, PERSONAL_FIELDS[field])
