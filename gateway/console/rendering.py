"""Templates to pages: the environment they share, and what every one of them is told."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, cast
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gateway.console.assets import address
from gateway.console.due import due_state
from gateway.console.navigation import home_of, places_of
from gateway.web.viewer import Language, Principal
from schemas.petition.wording.commands import COMMANDS
from schemas.petition.wording.lengths import length_said
from schemas.petition.wording.moments import due_by, local
from schemas.petition.wording.narration import word_zh
from schemas.petition.wording.terms import chinese, clock_in_chinese

Theme = Literal["auto", "light", "dark"]
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")
WORTH_PACKING = 1_000
"""Bytes from which a page is compressed."""


@dataclass(frozen=True)
class Manner:
    """How a reader wants the pages: language and colours."""

    language: Language
    theme: Theme

    def say(self, zh: str, en: str) -> str:
        """The sentence in the reader's language."""
        return en if self.language == "en" else zh


def manner_of(request: Request, viewer: Principal | None) -> Manner:
    """By the reader's own choice; else as the session or the installation has it: Chinese, and the colours of the machine."""
    chosen = request.cookies.get("language", "")
    language: Language = "en" if (chosen or (viewer.language if viewer else "zh")) == "en" else "zh"
    theme = request.cookies.get("theme", "auto")
    return Manner(language=language, theme=theme if theme in THEMES else "auto")


@cache
def environment() -> Environment:
    """The environment of all templates. What people wrote is escaped, always; a name that is not there is an error, not a blank."""
    made = Environment(
        loader=PackageLoader("gateway.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cast("dict[str, Any]", made.filters).update(local=local, due_by=due_by, length_in=length_in)
    cast("dict[str, Any]", made.globals).update(
        icon=icon, address=address, address_with=address_with, due_state=due_state
    )
    return made


def length_in(seconds: float, language: Language) -> str:
    """How long something took."""
    said = length_said(seconds)
    for zh, en in (("天", " d "), ("小时", " h "), ("分", " min ")) if language == "en" else ():
        said = said.replace(zh, en)
    return said.strip()


def icon(name: str, label: str = "") -> Markup:
    """An icon of the sprite; without a label it says nothing that the text beside it does not say."""
    told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {}><use href="{}#{}"></use></svg>').format(
        told, address("console/icons.svg"), name
    )


def address_with(path: str, given: Mapping[str, Any], **changes: Any) -> str:
    """An address with its query; what is empty is left out."""
    query = [
        (name, each)
        for name, value in {**given, **changes}.items()
        for each in (cast("list[Any]", value) if isinstance(value, (list, tuple)) else [value])
        if each not in ("", None, False)
    ]
    return f"{path}?{urlencode(query)}" if query else path


def english(word: str) -> str:
    """A key of the code as an English reader sees it."""
    return word.replace("_", " ")


def words_of(manner: Manner) -> dict[str, Callable[..., Any]]:
    """The words of the field in the reader's language."""
    in_english = manner.language == "en"

    def term(word: str | None) -> str:
        return "" if not word else english(word) if in_english else word_zh(chinese(word))

    def clock(name: str) -> str:
        return english(name) if in_english else clock_in_chinese(name)

    def order(kind: str) -> str:
        zh, en = COMMANDS.get(kind, (kind, english(kind)))
        return manner.say(zh, en)

    def both(zh: str, en: str) -> Markup:
        """Both languages, the reader's own first."""
        first, second = (en, zh) if in_english else (zh, en)
        return Markup('{}<small class="other" lang="{}">{}</small>').format(
            first, "zh-CN" if in_english else "en", second
        )

    return {"say": manner.say, "term": term, "clock_name": clock, "order_name": order, "both": both}


def render(
    request: Request,
    viewer: Principal | None,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **page: Any,
) -> HTMLResponse:
    """A page, or a part of one for htmx. ``page`` is what the template shows."""
    manner = manner_of(request, viewer)
    told = (
        environment()
        .get_template(template)
        .render(
            **words_of(manner),
            language=manner.language,
            theme=manner.theme,
            viewer=viewer,
            role=viewer.actor.role if viewer else None,
            places=places_of(viewer.actor) if viewer else (),
            home=home_of(viewer.actor) if viewer else "/public",
            csrf=viewer.csrf if viewer else "",
            status=status,
            path=request.url.path,
            here=_here(request),
            now=datetime.now(UTC),
            **page,
        )
    )
    return packed(request, told.encode(), status=status, headers=headers)


def packed(
    request: Request, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """A page as it is sent: compressed where the browser takes it, and kept by nobody on the way."""
    sent = {"cache-control": "no-store", "vary": "accept-encoding, cookie, hx-request", **(headers or {})}
    if len(body) > WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 5)
        sent["content-encoding"] = "gzip"
    return HTMLResponse(body, status_code=status, headers=sent)


def _here(request: Request) -> str:
    """This page's own address, for links that lead back to it."""
    if request.method != "GET":
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def wants_part(request: Request) -> bool:
    """Whether htmx asks for a part of the page only."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers
