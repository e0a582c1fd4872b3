"""Who acts: a person or a machine in a role, at a unit."""

from __future__ import annotations

from enum import StrEnum

from schemas.kernel.model import Frozen


class Role(StrEnum):
    """Who may do what; the scope (own unit, subtree) is a matter of the actor's paths."""

    OPERATOR = "operator"
    UPSTREAM = "upstream"
    CHIEF = "chief"
    SUPERVISOR = "supervisor"
    HANDLER = "handler"
    VISITOR = "visitor"
    AUDITOR = "auditor"
    PETITIONER = "petitioner"
    SYSTEM = "system"


class Actor(Frozen):
    """Who acts, as the door has established it.

    ``unit`` is the actor's own unit; ``scope`` the subtree the actor's office extends to where it is wider (a department acts for the unit
    it hangs off). ``complaints``: this person decides, within that reach, who is complained of: a complaints officer 督察/纪检, or the operator of
    a unit that has none. ``credential``: by what the door knew them, never a secret: a session ``s-…``, a token ``t-…``, or the kind of door (``cli``,
    ``public``, ``events``); empty for the system itself and in what was recorded before.
    """

    id: str
    role: Role
    unit: str
    scope: str = ""
    complaints: bool = False
    credential: str = ""

    @property
    def reach(self) -> str:
        """The path whose subtree this actor may act over."""
        return self.scope or self.unit


SYSTEM = Actor(id="system", role=Role.SYSTEM, unit="")
