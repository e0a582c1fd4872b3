"""The straight path of a case: what is filed, and the human actions that carry it to its seal."""

from __future__ import annotations

from random import randrange
from uuid import uuid4

from gateway.case_service import CaseService
from schemas.kernel.actor import Actor, Role
from schemas.petition import commands as c
from schemas.petition.events import FiledContent
from schemas.petition.state import Complexity, Ledger, Outcome, Stage
from schemas.policy import CasePolicy, Channel, Policy

_FIGURES = {
    "simple": CasePolicy(version=1, approval_implied=True, statute_finish_working_days=10),
    "complex": CasePolicy(version=1),
}
POLICY = Policy(
    version=1,
    ledgers=dict.fromkeys(("suggestion", "claim", "complaint"), _FIGURES),
    channels={"12345": Channel(name="热线")},
)

TITLE_LETTERS, TEXT_LETTERS = 8, 112
ANSWER = "已派员到现场检查，更换灯头两个，当晚恢复照明，并与路灯管理所建立巡查机制。"
UNIT = "XA/A3/01"
OFFICE = "XA/A3/02"

OPERATOR = Actor(id="op", role=Role.OPERATOR, unit="XA/xf", scope="XA")
SUPERVISOR = Actor(id="sup", role=Role.SUPERVISOR, unit="XA/dc", scope="XA")
VISITOR = Actor(id="vis", role=Role.VISITOR, unit="XA/xf", scope="XA")
HANDLER = Actor(id="han", role=Role.HANDLER, unit=OFFICE)
CHIEFS = {
    Complexity.SIMPLE: Actor(id="chief", role=Role.CHIEF, unit=UNIT),
    Complexity.COMPLEX: Actor(id="chief", role=Role.CHIEF, unit="XA/A3"),
}


def wording(letters: int) -> str:
    """Words as little like any others as a stranger's are: among thousands that say the same, looking for duplicates is all the work."""
    return "".join(chr(0x4E00 + randrange(3_000)) for _ in range(letters))


def message(complexity: Complexity = Complexity.SIMPLE) -> FiledContent:
    """A message as a source sends it, with an id and words of its own."""
    return FiledContent(
        source="bench",
        source_event_id=uuid4().hex,
        channel="12345",
        title=wording(TITLE_LETTERS),
        text=wording(TEXT_LETTERS),
        ledger=Ledger.CLAIM,
        complexity=complexity,
        unit=UNIT,
    )


def actions(complexity: Complexity) -> list[tuple[Actor, c.Command]]:
    """What people do after the filing, each by whom."""
    chief = CHIEFS[complexity]
    satisfied = c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True)
    path: list[tuple[Actor, c.Command]] = [
        (SUPERVISOR, c.Assign(lead=OFFICE)),
        (HANDLER, c.Accept()),
        (HANDLER, c.Reply(outcome=Outcome.SUPPORTED, text=ANSWER)),
        (VISITOR, satisfied),
        (chief, c.SignOff()),
        (SUPERVISOR, c.Disclose(published=False, exemption="privacy")),
        (OPERATOR, c.Countersign(agreed=True)),
    ]
    return path if complexity is Complexity.SIMPLE else [(chief, c.Approve()), *path]


async def lifecycle(desk: CaseService, complexity: Complexity) -> str:
    """One case from filing to seal; its number."""
    number = (await desk.file(OPERATOR, message(complexity))).number
    stage = None
    for actor, command in actions(complexity):
        stage = (await desk.act(number, actor, command)).stage
    if stage != Stage.ARCHIVED:
        raise RuntimeError(f"case {number} ended in {stage}")
    return number
