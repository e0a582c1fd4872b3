"""The figures of a policy stand on the page and on the command line alike."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import Request

from activities.defaults import default_policy
from gateway.cli import documents
from gateway.console.reference.routes import policy_page
from gateway.doors import Door
from gateway.web.viewer import Principal
from schemas.petition.wording.figures import FIGURES
from schemas.policy import Policy
from tests import strategies as s


class _Reference:
    """Holds one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def policy(self, version: int | None = None) -> Policy:
        return self._policy

    async def stored(self, kind: str) -> list[Any]:
        return []

    async def versions(self, kind: str) -> list[int]:
        return [self._policy.version]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_page_and_command_line_tell_the_same_rows(
    language: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = default_policy()
    door = cast("Door", SimpleNamespace(system=SimpleNamespace(reference=_Reference(policy))))
    headers = [(b"cookie", f"language={language}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/policy", "query_string": b"", "headers": headers}
    page = await policy_page(Request(scope), Principal(s.SUPERVISOR, "", language=language), door)
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', bytes(page.body).decode())
    told = {html.unescape(name): re.findall(r'<td class="right">(.*?)</td>', cells) for name, cells in rows}
    columns = [each for complexities in policy.ledgers.values() for each in complexities.values()]
    english = language == "en"
    assert told == {
        (figure.en if english else figure.zh): [figure.said(each)[english] for each in columns] for figure in FIGURES
    }
    monkeypatch.setenv("COLUMNS", "200")
    documents._print_policy(policy, policy.version)  # pyright: ignore[reportPrivateUsage]
    printed = capsys.readouterr().out
    for figure in FIGURES:
        assert figure.zh in printed


def test_what_is_not_set_or_holds_is_told_in_words() -> None:
    said = {figure.zh: figure.said(default_policy().figures("complaint", "complex")) for figure in FIGURES}
    assert said["保密"] == ("是", "yes")
    assert said["视同批准"] == ("否", "no")
    assert said["法定办结·简单（工作日）"] == ("—", "—")
    assert said["延期上限（工作日×次）"] == ("7×1", "7×1")
