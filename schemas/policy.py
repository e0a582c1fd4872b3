"""All figures are policy: data, per ledger and complexity, versioned, and pinned by each case at filing.

Working days are days of the mainland work calendar in Asia/Shanghai; hours are Shanghai wall-clock hours. The statutory figures follow
信访工作条例 §§22-34.
"""

from __future__ import annotations

from typing import Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.petition.ledgers import Complexity, Ledger


class Figures(BaseModel):
    """A frozen piece of policy; unknown keys are refused so that a misspelt figure is never silently a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LadderPolicy(Figures):
    """When the rungs ring. ``reminder_share`` of the term, rounded up to a counted day, sets the reminder's day."""

    reminder_share: float = Field(default=0.5, gt=0, le=1)
    reminder_hour: int = Field(default=9, ge=0, le=23)
    yellow_hour: int = Field(default=9, ge=0, le=23)
    statute_warning_days: int = Field(default=5, ge=0, le=60)
    quiet_from: int = Field(default=21, ge=0, le=24)
    quiet_until: int = Field(default=8, ge=0, le=23)


class CasePolicy(Figures):
    """The figures one case lives by.

    ``statute_finish_working_days``: a simple first-time matter is finished within so many working days instead of calendar days.
    ``accused_days``: within so many working days it is decided who of the organisation a petition complains of.
    ``approval_implied``: the station chief's approval is implied by policy (快处理) and recorded so.
    ``no_fault_by_policy``: a satisfied case without a card, a rework or a late step is recorded as "no fault found" without a supervisor.
    """

    version: int = Field(ge=1)
    assign_days: int = Field(default=1, ge=1, le=250)
    accused_days: int = Field(default=1, ge=1, le=250)
    finish_days: int = Field(default=7, ge=1, le=250)
    rework_days: int = Field(default=5, ge=1, le=250)
    extension_days: int = Field(default=7, ge=0, le=250)
    extensions: int = Field(default=1, ge=0, le=5)
    pause_days: int = Field(default=10, ge=0, le=250)
    pause_reasons: tuple[str, ...] = ("petitioner_material", "hearing", "appraisal")
    transfer_days: int = Field(default=2, ge=1, le=60)
    statute_accept_days: int = Field(default=15, ge=1, le=366)
    statute_finish_days: int = Field(default=60, ge=1, le=366)
    statute_finish_working_days: int | None = Field(default=None, ge=1, le=250)
    statute_extension_days: int = Field(default=30, ge=0, le=366)
    decline_grounds: tuple[str, ...] = (
        "litigation",
        "already_accepted",
        "not_competent",
        "already_concluded",
    )
    disclosure_exemptions: tuple[str, ...] = (
        "privacy",
        "accuser_protection",
        "investigation",
        "secret",
        "minor",
    )
    approval_implied: bool = False
    confidential: bool = False
    no_fault_by_policy: bool = True
    ladder: LadderPolicy = LadderPolicy()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.finish_days < self.assign_days:
            raise ValueError(
                f"办结期限（{self.finish_days} 个工作日）短于交办期限（{self.assign_days} 个工作日） / "
                f"finish_days ({self.finish_days}) is shorter than assign_days ({self.assign_days})"
            )
        if self.statute_finish_days < self.statute_accept_days:
            raise ValueError(
                f"法定办结期限（{self.statute_finish_days} 日）短于法定受理期限（{self.statute_accept_days} 日） / "
                f"statute_finish_days ({self.statute_finish_days}) is shorter than statute_accept_days"
                f" ({self.statute_accept_days})"
            )
        if self.ladder.quiet_from == self.ladder.quiet_until:
            raise ValueError("静默时段的起止相同 / quiet_from equals quiet_until")
        return self


class Channel(Figures):
    """A way in. ``trusted_time``: the time a message bears itself may start the clocks."""

    name: str
    trusted_time: bool = False


class RevealPolicy(Figures):
    """How often a person sees personal data in clear on one day (Asia/Shanghai), and from where on an auditor is told.

    ``unusual_elsewhere``: different cases of other units in a day; ``unusual_other``: readings in a day for no listed reason.
    """

    daily_ceiling: int = Field(default=30, ge=1, le=1_000)
    unusual_in_an_hour: int = Field(default=15, ge=1, le=1_000)
    unusual_elsewhere: int = Field(default=5, ge=1, le=1_000)
    unusual_same_case: int = Field(default=4, ge=1, le=1_000)
    unusual_other: int = Field(default=5, ge=1, le=1_000)
    working_from: int = Field(default=8, ge=0, le=23)
    working_until: int = Field(default=20, ge=1, le=24)

    @model_validator(mode="after")
    def _hours_follow_each_other(self) -> Self:
        if self.working_from >= self.working_until:
            raise ValueError(
                f"工作时间的起（{self.working_from} 时）不早于止（{self.working_until} 时） / "
                f"working_from ({self.working_from}) is not before working_until ({self.working_until})"
            )
        return self


class DoorPolicy(Figures):
    """How long whoever has come in may stay. A policy that says nothing of it means these figures.

    ``session_idle_minutes``: a session nobody uses for so long is over; ``session_hours``: and after so long in any case. ``token_days``: how long a
    token is good for where nobody says; ``token_days_most``: the longest that may be asked for.
    """

    session_idle_minutes: int = Field(default=120, ge=5, le=720)
    session_hours: int = Field(default=12, ge=1, le=24)
    token_days: int = Field(default=90, ge=1, le=1095)
    token_days_most: int = Field(default=365, ge=1, le=1095)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.token_days > self.token_days_most:
            raise ValueError(
                f"令牌默认有效期（{self.token_days} 天）超过上限（{self.token_days_most} 天） / "
                f"token_days ({self.token_days}) is longer than token_days_most ({self.token_days_most})"
            )
        return self


LEDGERS: tuple[str, ...] = tuple(each.value for each in Ledger)
COMPLEXITIES: tuple[str, ...] = tuple(each.value for each in Complexity)


class Policy(Figures):
    """A version of the whole policy: a :class:`CasePolicy` for every ledger and complexity, the channels, how personal data is seen, and the doors."""

    version: int = Field(ge=1)
    ledgers: dict[str, dict[str, CasePolicy]]
    channels: dict[str, Channel]
    reveal: RevealPolicy = RevealPolicy()
    doors: DoorPolicy = DoorPolicy()

    @model_validator(mode="before")
    @classmethod
    def _one_version(cls, given: Any) -> Any:
        """Figures that name no version are of the policy's own."""
        if not isinstance(given, dict):
            return given  # pyright: ignore[reportUnknownVariableType]
        document = cast("dict[str, Any]", given)
        ledgers, version = document.get("ledgers"), document.get("version")
        if not isinstance(ledgers, dict) or version is None:
            return document
        return document | {
            "ledgers": {
                ledger: {name: _versioned(figures, version) for name, figures in cast("dict[str, Any]", each).items()}
                if isinstance(each, dict)
                else each
                for ledger, each in cast("dict[str, Any]", ledgers).items()
            }
        }

    @model_validator(mode="after")
    def _covers_everything(self) -> Self:
        for ledger in LEDGERS:
            for complexity in COMPLEXITIES:
                if complexity not in self.ledgers.get(ledger, {}):
                    raise ValueError(f"缺少 {ledger}/{complexity} 的办理时限 / no figures for {ledger}/{complexity}")
        unknown = set(self.ledgers) - set(LEDGERS)
        if unknown:
            raise ValueError(f"未知的账别 / unknown ledgers: {', '.join(sorted(unknown))}")
        for ledger, by_complexity in self.ledgers.items():
            for complexity, figures in by_complexity.items():
                _check_figures(f"{ledger}/{complexity}", figures, self.version, known=complexity in COMPLEXITIES)
        if not self.channels:
            raise ValueError("没有任何受理渠道 / there is no channel at all")
        return self

    def figures(self, ledger: str, complexity: str) -> CasePolicy:
        """The figures for a case of that ledger and complexity."""
        return self.ledgers[ledger][complexity]


def _versioned(figures: Any, version: object) -> Any:
    return {"version": version} | cast("dict[str, Any]", figures) if isinstance(figures, dict) else figures


def _check_figures(place: str, figures: CasePolicy, version: int, *, known: bool) -> None:
    if not known:
        raise ValueError(f"{place}：未知的难易程度 / {place}: an unknown complexity")
    if figures.version != version:
        raise ValueError(
            f"{place}：版本 {figures.version} 与政策版本 {version} 不一致 / "
            f"{place}: its version {figures.version} is not the policy's, {version}"
        )
    # n working days are never fewer than n calendar days, so these promises end after the law's own term.
    if figures.finish_days > figures.statute_finish_days:
        raise ValueError(
            f"{place}：办结承诺（{figures.finish_days} 个工作日）超过法定期限（{figures.statute_finish_days} 日） / "
            f"{place}: finish_days ({figures.finish_days}) is longer than statute_finish_days"
            f" ({figures.statute_finish_days})"
        )
    simple = figures.statute_finish_working_days
    if simple is not None and figures.finish_days > simple:
        raise ValueError(
            f"{place}：办结承诺（{figures.finish_days} 个工作日）超过简单事项的法定期限（{simple} 个工作日） / "
            f"{place}: finish_days ({figures.finish_days}) is longer than statute_finish_working_days ({simple})"
        )
