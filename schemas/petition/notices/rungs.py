"""What is said of terms and of the ladder: rungs, cards, urgings, dates that changed."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.kernel.actor import Role
from schemas.petition import events as e
from schemas.petition.notices.wording import Line, Said, awaited, by, line, on
from schemas.petition.state import Card, ClockName, Petition
from schemas.petition.wording.terms import chinese, clock_in_chinese

CLOCKS_EN = {
    ClockName.ASSIGN: "assignment",
    ClockName.FINISH: "answer",
    ClockName.ACCUSED: "decision on who is complained of",
    ClockName.STATUTE_ACCEPT: "statutory acceptance",
    ClockName.STATUTE_FINISH: "statutory answer",
}

RUNGS_EN = {"reminder": "reminder", "warning": "the statutory term is near", "breach": "the statutory term has ended"}


def clock_set(event: e.ClockSet, before: Petition | None, after: Petition) -> Said:
    """A due date moved by a new calendar or by amended figures."""
    # The other reasons are announced by the event that brought the new term.
    if event.why not in ("calendar", "amended") or event.old_due is None or event.old_due == event.clock.due:
        return
    name, old, new = event.clock.name, on(event.old_due), on(event.clock.due)
    if event.clock.running:
        yield line(
            "due_changed",
            awaited(after),
            f"{clock_in_chinese(name)}期限由 {old} 改为 {new}",
            f"the {CLOCKS_EN[name]} was due {old}, it is now due {new}",
        )


def escalated(event: e.Escalated, before: Petition | None, after: Petition) -> Said:
    """A rung of the ladder."""
    for role in _rung_roles(event, before or after):
        yield _rung(event, role)


def _rung_roles(event: e.Escalated, state: Petition) -> Iterable[Role]:
    """A rung for the office goes to those in it who can make the next step; a yellow card to the office's chief as well."""
    if event.role is not Role.HANDLER:
        return (event.role,)
    unit, role = awaited(state)
    doer = role if unit == event.unit else Role.HANDLER
    return dict.fromkeys((doer, Role.CHIEF) if event.card is Card.YELLOW else (doer,))


def _rung(event: e.Escalated, role: Role) -> Line:
    zh, en = chinese(event.rung), RUNGS_EN.get(event.rung, f"step {event.rung} of the ladder")
    if event.card is not None:
        zh, en = f"发{chinese(event.card)}，请立即处理", f"{event.card} card; act now"
    elif event.rung == "reminder":
        zh = "到期提醒，请抓紧办理"
    elif role is Role.CHIEF:
        zh, en = f"{zh}，请督促处理", f"{en}; see that it is dealt with"
    due = on(event.due)
    clock_zh, clock_en = clock_in_chinese(event.clock), CLOCKS_EN[event.clock]
    return line("escalated", (event.unit, role), f"{clock_zh}期限 {due}：{zh}", f"{clock_en} due {due}: {en}")


def urged(event: e.Urged, before: Petition | None, after: Petition) -> Said:
    """催办: to the handlers; to their chief as well when a card goes with it."""
    zh, en = by(after, ClockName.FINISH)
    card_zh = f"并发{chinese(event.card)}" if event.card else ""
    card_en = f" with a {event.card} card" if event.card else ""
    for role in (Role.HANDLER, Role.CHIEF) if event.card else (Role.HANDLER,):
        yield line("urged", (event.unit, role), f"催办{card_zh}，{zh}办结并答复", f"urged{card_en}; answer it {en}")
