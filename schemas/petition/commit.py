"""A commit of a petition."""

from __future__ import annotations

from schemas.petition.events import Event
from schemas.streams import commit


class CommitOrder(commit.CommitOrder[Event]):
    """See base class."""


class Committed(commit.Committed[Event]):
    """See base class."""
