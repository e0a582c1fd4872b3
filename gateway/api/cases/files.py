"""Attachments of a case: sent as a form, answered by their hash, read back exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Request, Response, UploadFile
from pydantic import Field

from activities.attachments.kept import Attachment, Attachments, Quota
from activities.attachments.store import AttachmentStore
from gateway.api.answers import SENDING, problems
from gateway.api.entering import CaseReader, CaseWorker
from gateway.doors import Door
from gateway.storable import check_text
from gateway.visible import visible_case
from gateway.web.problems import body_too_large
from gateway.web.viewer import CallerFirst, Readings, TheDoor
from schemas.evidence.journal import EntryKind
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.media_types import media_type

router = APIRouter(route_class=CallerFirst)

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AttachmentList(Frozen):
    """Oldest first."""

    number: str
    attachments: tuple[Attachment, ...]


@router.post(
    "/petitions/{number}/attachments",
    status_code=201,
    response_model=Attachment,
    operation_id="attach",
    responses=problems(
        *SENDING,
        "case_unknown",
        "case_sealed",
        "attachment_empty",
        "attachment_type_wrong",
        "attachment_refused",
        "attachments_too_many",
        "attachments_too_much",
        "storage_full",
        "scan_unavailable",
        "body_invalid",
    ),
)
async def attach(
    number: str,
    file: Annotated[UploadFile, File(description="附件 / the file")],
    request: Request,
    viewer: CaseWorker,
    readings: Readings,
    door: TheDoor,
) -> Attachment:
    """附件 / attach a file; the same content again is the attachment there is."""
    state = (await visible_case(readings, number, viewer.actor)).state
    if not state.open:
        raise UserError(
            "case_sealed", zh="此件已销号，不能再附材料。", en="The case is sealed; nothing can be attached any more."
        )
    limit = door.system.settings.attachment_limit
    content = await file.read(limit + 1)
    if len(content) > limit:
        raise body_too_large(limit)
    name = file.filename or ""
    check_text(name, "file")
    sent_as = media_type(file.content_type)
    kept = attachments_of(request, door)
    added = await kept.add(
        state.number,
        content,
        name=name,
        media_type=sent_as,
        person=viewer.actor.id,
        hear=lambda words: door.desk.heard_besides(state, words),
    )
    return (await door.redacting.of_case(state.number, viewer.actor)).model(added)


@router.get(
    "/petitions/{number}/attachments",
    response_model=AttachmentList,
    operation_id="list_attachments",
    responses=problems("case_unknown"),
)
async def list_attachments(
    number: str, request: Request, viewer: CaseReader, readings: Readings, door: TheDoor
) -> AttachmentList:
    """附件列表 / what is attached."""
    own = (await visible_case(readings, number, viewer.actor)).state.number
    redactor = await door.redacting.of_case(own, viewer.actor)
    return redactor.model(AttachmentList(number=own, attachments=tuple(await attachments_of(request, door).of(own))))


@router.get(
    "/petitions/{number}/attachments/{digest}",
    operation_id="read_attachment",
    response_class=Response,
    responses={
        200: {"description": "The file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
        **problems("case_unknown", "attachment_unknown", "attachment_lost", "body_invalid"),
    },
)
async def read_attachment(
    number: str, digest: Digest, request: Request, viewer: CaseReader, readings: Readings, door: TheDoor
) -> Response:
    """附件内容 / the file itself, to be saved and never shown in place."""
    own = (await visible_case(readings, number, viewer.actor)).state.number
    kept = attachments_of(request, door)
    found = await kept.find(own, digest)
    if found is None:
        raise UserError(
            "attachment_unknown", zh="此件没有这个附件。", en="The case has no such attachment.", digest=digest
        )
    name = (await door.redacting.of_case(own, viewer.actor)).text(found.name)
    content = await kept.content(found)
    await door.trail.record(EntryKind.ATTACHMENT_READ, viewer.actor, {"digest": digest}, case_number=own)
    return Response(
        content,
        media_type=found.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
            "Cache-Control": "private, no-store",
        },
    )


def attachments_of(request: Request, door: Door) -> Attachments:
    """The attachments of the installation this application serves."""
    kept: Attachments | None = getattr(request.app.state, "attachments", None)
    if kept is None:
        settings = door.system.settings
        kept = Attachments(
            door.system.database,
            AttachmentStore.at(settings.attachment_place),
            door.system.keyring,
            types=settings.attachment_types,
            scanner=settings.attachment_scan,
            quota=Quota(
                case=settings.attachment_case_limit,
                day=settings.attachment_day_limit,
                total=settings.attachment_total_limit,
                free=settings.attachment_free_space,
                folder=None if "://" in settings.attachment_place else Path(settings.attachment_place),
            ),
        )
        request.app.state.attachments = kept
    return kept
