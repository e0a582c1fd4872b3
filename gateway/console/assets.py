"""Static files: the console's own and htmx, addressed by their content so that a browser fetches each version once."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Request, Response

from schemas.kernel.errors import UserError

MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=60"
"""For an address without the content's hash, or with that of another version."""


@dataclass(frozen=True)
class Asset:
    """A file as it is served. ``digest``: the first digits of its SHA-256."""

    body: bytes
    packed: bytes
    media_type: str
    digest: str


@cache
def assets() -> Mapping[str, Asset]:
    """Every static file by its path under ``/static/``; read once."""
    return {name: _asset(path) for name, path in _found()}


def _found() -> Iterator[tuple[str, Path]]:
    own = Path(str(files("gateway.console") / "static"))
    for path in sorted(own.iterdir()):
        if path.suffix in MEDIA_TYPES:
            yield f"console/{path.name}", path
    yield "htmx/htmx.js", _htmx() / "htmx-2.min.js"


def _htmx() -> Path:
    """Where the package that carries htmx lies. Only found, never imported: its code wants a framework we have not."""
    spec = find_spec("django_htmx")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package django-htmx, which carries htmx, is not installed")
    return Path(spec.origin).parent / "static" / "django_htmx"


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(
        body=body,
        packed=gzip.compress(body, 9, mtime=0),
        media_type=MEDIA_TYPES[path.suffix],
        digest=hashlib.sha256(body).hexdigest()[:12],
    )


def address(name: str) -> str:
    """Where a file is fetched. ``KeyError`` for one that is not there."""
    return f"/static/{name}?v={assets()[name].digest}"


def static_router() -> APIRouter:
    """Serves the files under ``/static/``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{name:path}")
    async def static(request: Request, name: str, v: str = "") -> Response:  # pyright: ignore[reportUnusedFunction]
        asset = assets().get(name)
        if asset is None:
            raise UserError("page_unknown", zh="没有这个文件。", en="There is no such file.")
        packs = "gzip" in request.headers.get("accept-encoding", "")
        headers = {"cache-control": FOREVER if v == asset.digest else BRIEFLY, "vary": "accept-encoding"}
        if packs:
            headers["content-encoding"] = "gzip"
        return Response(asset.packed if packs else asset.body, media_type=asset.media_type, headers=headers)

    return router
