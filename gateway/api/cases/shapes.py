"""What is sent about a petition and what is answered. Personal data goes in in clear and comes out as masks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from activities.record.views import CaseView, HistoryLine, PetitionerView
from schemas.access.revealing import Need
from schemas.kernel.model import Frozen
from schemas.kernel.refusal import Refusal
from schemas.petition.state import (
    Accusation,
    Answered,
    CardShown,
    Clock,
    Complexity,
    CoOffice,
    Extension,
    Ground,
    Ledger,
    Objection,
    Offer,
    OwnRating,
    Pending,
    Petition,
    Rating,
    Span,
    Stage,
    Standstill,
)
from schemas.proposals.proposal import Proposal
from schemas.sealing.factors import Factor


class Filed(Frozen):
    """What was filed under this key: the same whenever it is asked again.

    ``tracking_code`` is for the petitioner alone, and shown here only: again to who repeats the request within a day, unless it has been used or
    re-issued; null from then on. ``second_factor``: what the public page asks for besides. ``pin``: that, where no number that was given serves.
    """

    number: str = Field(examples=["XA-2026-C-000123"])
    tracking_code: str | None = Field(examples=["7K2MPQ9XW4HT"])
    second_factor: Factor
    pin: str | None = Field(examples=["402913"])
    received_at: datetime
    ledger: Ledger
    complexity: Complexity
    category: str
    unit: str
    assign_due: datetime | None
    finish_due: datetime | None
    proposed: dict[str, Proposal]


class CaseState(Frozen):
    """A case as it stands, without its figures and its calendar."""

    number: str
    seq: int
    stage: Stage
    open: bool
    ledger: Ledger
    complexity: Complexity
    channel: str
    category: str
    confidential: bool
    minor: bool
    unit: str
    registrar: str
    accountable: str
    accused_units: tuple[str, ...]
    accused_persons: tuple[str, ...]
    conflicted_units: tuple[str, ...]
    held: Accusation | None
    pending: Pending | None
    run: int
    round: int
    received_at: datetime
    touched_at: datetime
    clocks: tuple[Clock, ...]
    lead: str
    co_offices: tuple[CoOffice, ...]
    joint: bool
    accepted_at: datetime | None
    objection: Objection | None
    extension: Extension | None
    extended: int
    stood_still: int
    standstill: Standstill | None
    offer: Offer | None
    answers: tuple[Answered, ...]
    rating: Rating | None
    own_rating: OwnRating | None
    revisits: int
    ground: Ground | None
    signed_by: tuple[str, ...]
    disclosed: bool | None
    disclosure_retracted: bool
    accounted: bool
    merged_into: str
    members: tuple[str, ...]
    urged: int
    cards: tuple[CardShown, ...]
    spans: tuple[Span, ...]
    policy_version: int
    calendar_version: int

    @classmethod
    def of(cls, state: Petition) -> CaseState:
        """The same facts."""
        facts: dict[str, Any] = {name: getattr(state, name) for name in cls.model_fields if hasattr(state, name)}
        return cls.model_construct(
            **facts, policy_version=state.policy.version, calendar_version=state.calendar.version
        )


class CaseAnswer(Frozen):
    """One case for one viewer. ``actions``: for each command null where the viewer may give it now, else why not."""

    state: CaseState
    title: str
    text: str
    submitted_at: datetime | None
    updated_at: datetime
    source: str
    source_event_id: str
    tracking_code: None = Field(
        default=None, description="始终为空：查询码只在登记时显示一次 / always null: shown at filing only"
    )
    petitioners: tuple[PetitionerView, ...]
    actions: dict[str, Refusal | None]

    @classmethod
    def of(cls, view: CaseView, *, actions: dict[str, Refusal | None]) -> CaseAnswer:
        """The same facts."""
        return cls(
            state=CaseState.of(view.state),
            title=view.title,
            text=view.text,
            submitted_at=view.submitted_at,
            updated_at=view.updated_at,
            source=view.source,
            source_event_id=view.source_event_id,
            petitioners=view.petitioners,
            actions=actions,
        )


class HistoryEvent(HistoryLine):
    """An event with all it holds; of sealed personal data only the masks."""

    event: dict[str, Any]


class History(Frozen):
    """Everything that happened, oldest first."""

    number: str
    events: tuple[HistoryEvent, ...]


class ActionAnswer(Frozen):
    """The order was carried out: the case stands in ``stage`` after its event ``seq``.

    ``tracking_code``, ``second_factor`` and ``pin`` of `reissue_code` only, and as of the filing: for the petitioner, shown this once.
    """

    number: str
    command: str
    seq: int
    stage: Stage
    tracking_code: str | None = Field(default=None, repr=False)
    second_factor: Factor | None = None
    pin: str | None = Field(default=None, repr=False)


class RevealReason(Frozen):
    """Why personal data must be seen in clear, by a listed reason; it is recorded before anything is shown. ``words``: of ``other`` only.

    A reason that is none of the list is taken for the words of ``other``.
    """

    reason: str = Field(min_length=1, max_length=500, description="、".join(Need), examples=["call_back"])
    words: str = Field(default="", max_length=500, description="所列理由都不合适时填写 / where none of the list fits")


class RevealedPetitioner(Frozen):
    """A petitioner in clear; of a minor the guardian's telephone instead of the child's."""

    alias: str
    representative: bool
    name: str | None
    phone: str | None
    id_number: str | None
    address: str | None
    guardian: str | None
    guardian_phone: str | None


class RevealAnswer(Frozen):
    """``entry``: the number under which the journal keeps that this was seen. Title and text as they were written, without masks."""

    number: str
    title: str
    text: str
    petitioners: tuple[RevealedPetitioner, ...]
    entry: int
    at: datetime
