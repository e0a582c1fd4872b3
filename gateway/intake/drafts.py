"""From what was sent to the content that is filed, by the organisation and the taxonomy in force."""

from __future__ import annotations

import hashlib

from fastapi import Request

from gateway.doors import Door
from gateway.importing.proposing import Proposals
from gateway.orders.drafting import Draft, content_of, title_of
from schemas.kernel.actor import Actor
from schemas.petition.events import FiledContent
from schemas.proposals.proposal import Proposal


class Drafts:
    """Contents of one door."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def content(self, draft: Draft, actor: Actor) -> tuple[FiledContent, dict[str, Proposal]]:
        """Errors of :func:`content_of`."""
        organisation = await self._door.organisation()
        proposals = await self.proposals(title_of(draft), draft.text)
        keyring = self._door.system.keyring
        return content_of(draft, actor, organisation=organisation, proposals=proposals, keyring=keyring)

    async def proposals(self, title: str, text: str) -> Proposals:
        """What the words alone propose."""
        return await self._door.reading.proposals(title, text)


def drafts_of(request: Request, door: Door) -> Drafts:
    """The drafts of the application that answers this request."""
    kept: Drafts | None = getattr(request.app.state, "drafts", None)
    if kept is None:
        kept = request.app.state.drafts = Drafts(door)
    return kept


def form_id(message: str) -> str:
    """Under which what a form sends is filed. The form's own mark opens its code again for who repeats it, so it stands on nobody's screen."""
    return hashlib.sha256(f"form:{message}".encode()).hexdigest()[:32]
