"""The commit as Temporal sees it: a local activity, so that a step of a case costs one marker instead of three events."""

from __future__ import annotations

from temporalio import activity

from activities.record.case_record import CaseRecord
from schemas.petition.commit import CommitOrder, Committed


class CommitActivities:
    """Bound to one record; registered on the workers that carry petitions."""

    def __init__(self, record: CaseRecord) -> None:
        self._record = record

    @activity.defn(name="commit")
    async def commit(self, order: CommitOrder) -> Committed:
        """See :meth:`CaseRecord.commit`. Database errors are raised and retried by the engine."""
        return await self._record.commit(order)
