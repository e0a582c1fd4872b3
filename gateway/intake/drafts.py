"""From what was sent to the content that is filed, by the organisation and the taxonomy in force."""

from __future__ import annotations

import hashlib

from fastapi import Request

from gateway.doors import Door
from gateway.importing.proposing import Proposals, Proposer, load_taxonomy
from gateway.orders.drafting import Draft, content_of
from schemas.events import FiledContent
from schemas.organisation import Organisation
from schemas.petition import Actor
from schemas.proposals.proposal import Proposal


class Drafts:
    """Keeps the indexes behind proposals: they are built once for a version of the organisation, not for each petition."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._proposer: tuple[int, Proposer] | None = None

    async def content(self, draft: Draft, actor: Actor) -> tuple[FiledContent, dict[str, Proposal]]:
        """Errors of :func:`content_of`."""
        organisation, proposer = await self._in_force()
        return content_of(draft, actor, organisation=organisation, proposer=proposer, keyring=self._door.system.keyring)

    async def proposals(self, title: str, text: str) -> Proposals:
        """What the words alone propose."""
        _, proposer = await self._in_force()
        return proposer.propose(title, text)

    async def _in_force(self) -> tuple[Organisation, Proposer]:
        organisation = await self._door.organisation()
        if self._proposer is None or self._proposer[0] != organisation.version:
            taxonomy = load_taxonomy(self._door.system.settings.taxonomy_file)
            self._proposer = organisation.version, Proposer(organisation, taxonomy)
        return organisation, self._proposer[1]


def drafts_of(request: Request, door: Door) -> Drafts:
    """The drafts of the application that answers this request."""
    kept: Drafts | None = getattr(request.app.state, "drafts", None)
    if kept is None:
        kept = request.app.state.drafts = Drafts(door)
    return kept


def form_id(message: str) -> str:
    """Under which what a form sends is filed. The form's own mark opens its code again for who repeats it, so it stands on nobody's screen."""
    return hashlib.sha256(f"form:{message}".encode()).hexdigest()[:32]
