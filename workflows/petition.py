"""The petition as the engine carries it; what is special of it is told by its type, :data:`schemas.petition.case_type.PETITION`."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from schemas.petition.case_type import PETITION
    from schemas.petition.state import Petition
    from schemas.streams.case_type import CaseType
    from workflows.case import CaseWorkflow
    from workflows.contract import PetitionStart


@workflow.defn(name=PETITION.kind)
class PetitionWorkflow(CaseWorkflow):
    """One petition."""

    case_type: ClassVar[CaseType[Any, Any]] = PETITION

    @workflow.init
    def __init__(self, start: PetitionStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: PetitionStart) -> None:
        """Until it is sealed."""
        await self.carry()

    def start_afresh(self, number: str, state: Petition) -> NoReturn:
        """See base class."""
        workflow.continue_as_new(PetitionStart(number=number, state=state))
