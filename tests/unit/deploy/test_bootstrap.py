"""The bootstrap, against a small package index of its own."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import io
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[3] / "deploy" / "bootstrap.py"
TAG = "manylinux_2_17_x86_64"


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, working below `tmp_path` on an imagined platform whose wheel nobody has vouched for."""
    spec = importlib.util.spec_from_file_location("bootstrap", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TOOLS", tmp_path / "三 本" / ".tools")
    monkeypatch.setattr(module.platform, "machine", lambda: "imagined")
    monkeypatch.setattr(module, "WHEELS", {(module.platform.system(), "imagined"): (TAG, None)})
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "SSL_CERT_FILE", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    return module


class Index(BaseHTTPRequestHandler):
    def __init__(self, pages: dict[str, tuple[str, bytes]], *arguments: object) -> None:
        self._pages = pages
        super().__init__(*arguments)  # pyright: ignore[reportArgumentType]

    def do_GET(self) -> None:
        kind, content = self._pages[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called
        return


@pytest.fixture
def index() -> Iterator[tuple[str, dict[str, tuple[str, bytes]]]]:
    """Its address, and its pages to be filled: path to content type and content."""
    pages: dict[str, tuple[str, bytes]] = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Index, pages)) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/simple", pages
        server.shutdown()
        serving.join()


def wheel(version: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"uv-{version}.data/scripts/uv", f"#!/bin/sh\necho uv {version}\n")
    return content.getvalue()


def publish(pages: dict[str, tuple[str, bytes]], version: str, content: bytes, sha256: str, *, as_html: bool) -> None:
    name = f"uv-{version}-py3-none-{TAG}.whl"
    pages["/files/" + name] = ("application/octet-stream", content)
    if as_html:
        page = f'<html><a href="../../files/{name}#sha256={sha256}">{name}</a></html>'
        pages["/simple/uv/"] = ("text/html", page.encode())
    else:
        files = [{"filename": name, "url": f"../../files/{name}", "hashes": {"sha256": sha256}}]
        pages["/simple/uv/"] = ("application/vnd.pypi.simple.v1+json", json.dumps({"files": files}).encode())


@pytest.mark.parametrize("as_html", [False, True])
def test_uv_is_fetched_once_and_found_again(
    bootstrap: ModuleType, index: tuple[str, dict[str, tuple[str, bytes]]], as_html: bool
) -> None:
    address, pages = index
    content = wheel(bootstrap.UV_VERSION)
    publish(pages, bootstrap.UV_VERSION, content, hashlib.sha256(content).hexdigest(), as_html=as_html)
    assert bootstrap.find_uv() is None
    fetched = bootstrap.fetch_uv(address)
    assert bootstrap.uv_version(fetched) >= bootstrap.UV_OLDEST
    assert bootstrap.find_uv() == fetched
    assert [path.name for path in fetched.parent.iterdir()] == ["uv"]


def test_another_content_is_refused(bootstrap: ModuleType, index: tuple[str, dict[str, tuple[str, bytes]]]) -> None:
    address, pages = index
    publish(pages, bootstrap.UV_VERSION, wheel(bootstrap.UV_VERSION), "0" * 64, as_html=False)
    with pytest.raises(bootstrap.BootstrapError, match="another one"):
        bootstrap.fetch_uv(address)
    assert bootstrap.find_uv() is None


def test_an_index_without_our_version_is_named(
    bootstrap: ModuleType, index: tuple[str, dict[str, tuple[str, bytes]]]
) -> None:
    address, pages = index
    publish(pages, "0.0.1", b"", "0" * 64, as_html=False)
    with pytest.raises(bootstrap.BootstrapError, match="does not hold uv"):
        bootstrap.fetch_uv(address)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/simple", "file:///etc", "nonsense"])
def test_an_index_that_is_none_is_named(bootstrap: ModuleType, address: str) -> None:
    with pytest.raises(bootstrap.BootstrapError, match=address.replace(".", r"\.")):
        bootstrap.fetch_uv(address)


def test_a_platform_without_uv_is_named(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "abacus")
    with pytest.raises(bootstrap.BootstrapError, match="abacus"):
        bootstrap.fetch_uv(bootstrap.locked_index())


def test_an_old_python_is_told_so(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(bootstrap.BootstrapError, match=r"3\.11"):
        bootstrap.main()


def test_the_index_is_the_operators(bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured = tmp_path / ".config" / "pip" / "pip.conf"
    configured.parent.mkdir(parents=True)
    configured.write_text("[global]\nindex-url = https://mirror.example/simple/\n")
    assert bootstrap.index_url() == "https://mirror.example/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example/simple")
    assert bootstrap.index_url() == "https://pip.example/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    assert bootstrap.index_url() == "https://uv.example/simple"


def test_pips_certificates_are_uvs(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CERT", "/company.pem")
    assert bootstrap.environment_for_uv()["SSL_CERT_FILE"] == "/company.pem"
