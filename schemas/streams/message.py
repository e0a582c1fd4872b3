"""What one case tells another: an order for it, and what follows where that can't be carried out."""

from __future__ import annotations

from typing import Generic, TypeVar

from schemas.kernel.model import Frozen

OrderT = TypeVar("OrderT", bound=Frozen)
"""The orders of the case that is told."""


class CaseMessage(Frozen, Generic[OrderT]):
    """An order for the case that ``workflow_id`` carries, of the kind whose orders stand in the brackets (an alias, not a subclass: it holds itself); ``command_id`` is the same however often it is told.

    ``otherwise`` goes back if that case refuses it; ``undelivered`` is carried out by the sender if the other is gone.
    """

    workflow_id: str
    command_id: str
    order: OrderT
    otherwise: CaseMessage[OrderT] | None = None
    undelivered: OrderT | None = None
