"""Doors and sight: which pages and readings are open to whom, and the marks by which a database tells who sees a case."""

from schemas.access.areas import (
    AREAS_ZH,
    Area,
    TokenScope,
    check_scopes,
    check_sending,
    enter,
    opens,
)
from schemas.access.places import place_of
from schemas.access.sight import EVERY_CASE, Eyes, Sight, eyes, named, sight

__all__ = [
    "AREAS_ZH",
    "EVERY_CASE",
    "Area",
    "Eyes",
    "Sight",
    "TokenScope",
    "check_scopes",
    "check_sending",
    "enter",
    "eyes",
    "named",
    "opens",
    "place_of",
    "sight",
]
