"""The petition as the lifecycle sees it: who answers for it, what is awaited now, by when.

The state holds only what a decision needs. Texts and personal data live in the events and in the database, never here, so that a workflow
stays small and a state can be shown to anybody who may see the case.

A unit is named by its path from the city bureau down (``XA/A3/01``). A path is pinned in the record as it was on that day; renaming a unit
later does not rewrite who answered for what.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from schemas.kernel.actor import Actor, Role
from schemas.kernel.model import Frozen
from schemas.kernel.worktime import Calendar
from schemas.petition.ledgers import Complexity, Ledger
from schemas.petition.rules_version import FIRST_RULES
from schemas.policy import CasePolicy


class Stage(StrEnum):
    """What is awaited now. ``RECEIVE`` is the stage before filing: no case stands in it."""

    RECEIVE = "receive"
    APPROVE = "approve"
    ASSIGN = "assign"
    SUPERVISE = "supervise"
    REVISIT = "revisit"
    SIGN_OFF = "sign_off"
    ARCHIVE = "archive"
    ARCHIVED = "archived"


class Outcome(StrEnum):
    """答复结论."""

    SUPPORTED = "supported"
    EXPLAINED = "explained"
    NOT_SUPPORTED = "not_supported"


class Ground(StrEnum):
    """On what ground a case was closed. Only ``SATISFIED`` counts as satisfied in any measure."""

    SATISFIED = "satisfied"
    DECLINED = "declined"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"


class ClockName(StrEnum):
    """Two clocks per case, each with its two terms: the promise and the statute (信访工作条例 §§22-34); and, where somebody of the organisation
    may be complained of, the term to decide on it.
    """

    ASSIGN = "assign"
    FINISH = "finish"
    STATUTE_ACCEPT = "statute_accept"
    STATUTE_FINISH = "statute_finish"
    ACCUSED = "accused"


class Card(StrEnum):
    """黄牌 and 红牌."""

    YELLOW = "yellow"
    RED = "red"


def petitioner_of(number: str) -> Actor:
    """群众本人 of that case: known by its tracking code and a second factor, by no name, and to no other case."""
    return Actor(id=f"petitioner-{number}", role=Role.PETITIONER, unit="", credential="public")


class Clock(Frozen):
    """One term. ``days`` includes extensions and days the clock stood still; ``due`` is aware, UTC.

    ``base`` is the moment it counts from, ``since`` the moment it was last set: no rung lies before that.
    ``met_at`` is when it stopped; ``void`` says that it stopped without having been met (withdrawn, declined, transferred).
    """

    name: ClockName
    base: datetime
    since: datetime
    days: int
    working: bool = True
    due: datetime
    last_day: date
    provisional: bool = False
    calendar: int
    met_at: datetime | None = None
    void: bool = False
    rung: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether the term is still to be met."""
        return self.met_at is None


class Accusation(Frozen):
    """Whom of the organisation a petition may complain of, by its words or by what a desk has named, until a person has decided.

    ``unit``: the nearest unit above all of them, which keeps the case and decides, by its people of the role ``decides``. ``units`` and ``persons``
    (ids) may be meant; none: the police in general; ``chiefs``: the units whose chief is. They do not see the case, but for those in ``open_to``:
    without them nobody could decide.
    ``words``: what it was read from. ``otherwise``: the unit the case would be at.
    """

    unit: str
    decides: Role = Role.SUPERVISOR
    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    chiefs: tuple[str, ...] = ()
    open_to: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    otherwise: str = ""


class Verdict(Frozen):
    """Who is accused, all in all; ``cleared``: of those who might have been meant, the ones who are not (units, people). ``unit``: where the case goes."""

    accused_units: tuple[str, ...] = ()
    accused_persons: tuple[str, ...] = ()
    conflicted_units: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    nobody: bool = False
    unit: str
    reason: str


class Pending(Frozen):
    """What one person has ordered and a second person must consent to by an order of their own, before it takes effect."""

    what: Literal["letting_off", "disclosure", "retraction"]
    by: str
    verdict: Verdict | None = None
    published: bool = False
    summary: str = ""
    exemption: str = ""
    reason: str = ""


class Party(Frozen):
    """What a merged case tells the one it follows about who must be kept apart: whom it complains of or may complain of, and the units it is at."""

    number: str
    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    chiefs: tuple[str, ...] = ()
    at: tuple[str, ...] = ()


class CoOffice(Frozen):
    """协办 and whether its report is in, or the supervisor waived it."""

    unit: str
    reported: bool = False
    waived: bool = False


class Objection(Frozen):
    """A pending return (退回): who objects."""

    unit: str
    at: datetime


class Extension(Frozen):
    """A requested extension awaiting the chief."""

    days: int


class Standstill(Frozen):
    """A pause: since when, for which listed reason, and until when at the latest (policy cap)."""

    since: datetime
    reason: str
    until: datetime


class Offer(Frozen):
    """A transfer (转送) offered to an outside authority, which must acknowledge it by ``until``."""

    to: str
    until: datetime


class Answered(Frozen):
    """One reply: of which round, when, whether inside that round's own term."""

    round: int
    at: datetime
    due: datetime
    on_time: bool
    outcome: Outcome
    unit: str


class RatingDoor(StrEnum):
    """Where the petitioner's own answer came in: given by themselves on the public's page, or written down by an operator at one of these."""

    PUBLIC = "public_page"
    DESK = "desk"
    API = "api"
    COMMAND_LINE = "command_line"


class Rating(Frozen):
    """What the petitioner said at the revisit; the petition office and the handling unit are rated apart."""

    at: datetime
    solved: bool
    satisfied_with_office: bool
    satisfied_with_unit: bool

    @property
    def satisfied(self) -> bool:
        """群众满意: settled, and satisfied with the unit that handled it."""
        return self.solved and self.satisfied_with_unit


class OwnRating(Rating):
    """What the petitioner answered of their own accord; ``taken_down``: to an operator, who wrote it down."""

    taken_down: bool = False


class CodeIssue(Frozen):
    """A tracking code that was issued anew: the how-manieth, by whom, when."""

    issue: int
    by: str
    at: datetime


class CardShown(Frozen):
    """A card, to whom, for which clock, at which instant."""

    colour: Card
    unit: str
    at: datetime
    clock: ClockName | None = None


class Span(Frozen):
    """A stretch of the case's life that belongs to exactly one unit and stage; open when ``until`` is None."""

    unit: str
    stage: Stage
    paused: bool = False
    since: datetime
    until: datetime | None = None


class Petition(Frozen):
    """A case, as folded from its events. ``seq`` counts the events folded; ``rules``: by which release's it is decided (:mod:`schemas.petition.rules_version`).

    ``code``: the latest that was issued after the filing's own; ``contradicted``: the revisits (from 1) that the petitioner says were otherwise.
    ``held``: until it is decided who is complained of; ``complains``: it was held once; ``cleared``: who was let off then. ``minor``: one of the petitioners is not of age. ``parties``: of the ``members`` those that told whom to keep out.
    """

    number: str
    seq: int = 0
    ledger: Ledger
    complexity: Complexity
    channel: str
    category: str = ""
    confidential: bool = False
    unit: str
    registrar: str
    accountable: str
    accused_units: tuple[str, ...] = ()
    accused_persons: tuple[str, ...] = ()
    conflicted_units: tuple[str, ...] = ()
    held: Accusation | None = None
    complains: bool = False
    cleared: tuple[str, ...] = ()
    pending: Pending | None = None
    persons: tuple[str, ...] = ()
    minor: bool = False
    policy: CasePolicy
    calendar: Calendar
    rules: str = FIRST_RULES
    touched_at: datetime
    stage: Stage = Stage.APPROVE
    approved_by_policy: bool = False
    run: int = 1
    round: int = 1
    received_at: datetime
    clocks: tuple[Clock, ...] = ()
    lead: str = ""
    co_offices: tuple[CoOffice, ...] = ()
    joint: bool = False
    accepted_at: datetime | None = None
    objection: Objection | None = None
    refused_returns: tuple[str, ...] = ()
    extension: Extension | None = None
    extended: int = 0
    statute_extended: bool = False
    stood_still: int = 0
    standstill: Standstill | None = None
    offer: Offer | None = None
    answers: tuple[Answered, ...] = ()
    rating: Rating | None = None
    own_rating: OwnRating | None = None
    revisits: int = 0
    contradicted: tuple[int, ...] = ()
    code: CodeIssue | None = None
    ground: Ground | None = None
    signed_by: tuple[str, ...] = ()
    disclosed: bool | None = None
    disclosure_retracted: bool = False
    accounted: bool = False
    merged_into: str = ""
    members: tuple[str, ...] = ()
    parties: tuple[Party, ...] = ()
    urged: int = 0
    cards: tuple[CardShown, ...] = ()
    spans: tuple[Span, ...] = ()

    def clock(self, name: ClockName) -> Clock | None:
        """The term of that name, or None where the policy sets none."""
        for clock in self.clocks:
            if clock.name is name:
                return clock
        return None

    @property
    def open(self) -> bool:
        """Open means not yet sealed."""
        return self.stage is not Stage.ARCHIVED

    @property
    def sealed_at(self) -> datetime | None:
        """When it was struck off the ledger; None while it is open."""
        return None if self.open else self.touched_at

    @property
    def paused(self) -> bool:
        """Whether the promise clock stands still now."""
        return self.standstill is not None

    @property
    def offices(self) -> tuple[str, ...]:
        """Lead office first, then co-offices."""
        return (self.lead, *(office.unit for office in self.co_offices)) if self.lead else ()
