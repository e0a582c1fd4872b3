"""A case at any moment, as people saw it: what stood in the record then, who did what on whose authority, and what was known of it."""

from schemas.evidence.timeline.as_of import state_as_of
from schemas.evidence.timeline.facts import Timeline
from schemas.evidence.timeline.telling import petitioners_of, timeline

__all__ = ["Timeline", "petitioners_of", "state_as_of", "timeline"]
