"""Prepares this folder to run: fetches ``uv``, and with it everything ``uv.lock`` names, into ``.venv``.

For a bare machine: it needs the standard library of python3 >= 3.11 and nothing else, neither pip nor venv. ``uv``
comes from PATH when it is new enough, else from the package index, and is compared with the SHA-256 written here
(or, on a rarer platform, with the one the index states). A second run finds its mark and returns at once.

Honoured: ``UV_DEFAULT_INDEX``, ``UV_INDEX_URL``, ``PIP_INDEX_URL`` and pip's own configuration for the index;
``SSL_CERT_FILE`` and ``PIP_CERT`` for its certificates; the usual proxy variables.
"""

from __future__ import annotations

import configparser
import hashlib
import html.parser
import io
import json
import os
import platform
import shutil
import ssl
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
MARK = VENV / ".bootstrapped"

UV_VERSION = "0.13.9"
UV_OLDEST = (0, 9)  # reads the revision of our lock file
PYTHON_OLDEST = (3, 11)
# (part of the wheel's name, SHA-256 if we vouch for it), by platform
WHEELS = {
    ("Linux", "x86_64"): (
        "manylinux_2_17_x86_64",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    ("Linux", "aarch64"): (
        "manylinux_2_17_aarch64",
        "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    ),
    ("Linux", "ppc64le"): ("manylinux_2_17_ppc64le", None),
    ("Linux", "s390x"): ("manylinux_2_17_s390x", None),
    ("Darwin", "arm64"): ("macosx_11_0_arm64", None),
    ("Darwin", "x86_64"): ("macosx_10_12_x86_64", None),
}
CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
SECONDS = 60


class BootstrapError(Exception):
    """Something the person at the machine can mend; its text says how."""


def main() -> None:
    if sys.version_info < PYTHON_OLDEST:
        raise BootstrapError(
            f"需要 python3 >= 3.11，此处为 {platform.python_version()}。"
            f"python3 >= 3.11 is needed, this is {platform.python_version()}: make PYTHON=/path/to/newer/python3"
        )
    wanted = state_wanted()
    if MARK.exists() and MARK.read_text(encoding="utf-8") == wanted and (VENV / "bin" / "sanzhang").exists():
        return
    index = index_url()
    environment = environment_for_uv()
    install(find_uv() or fetch_uv(index), index, environment)
    MARK.write_text(wanted, encoding="utf-8")
    print(f"就绪 ready: {VENV / 'bin' / 'sanzhang'}")


def state_wanted() -> str:
    """What the mark must say: the lock, the project, the interpreter, and the place, for an environment cannot be
    moved.
    """
    digest = hashlib.sha256()
    for name in ("uv.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return f"{digest.hexdigest()} {sys.version_info[:3]} {sys.executable} {ROOT}\n"


def index_url() -> str:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if os.environ.get(name):
            return os.environ[name].rstrip("/")
    home = Path(os.environ.get("HOME") or "/nonexistent")
    files = [home / ".config" / "pip" / "pip.conf", home / ".pip" / "pip.conf", Path("/etc/pip.conf")]
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
            return parser.get("global", "index-url").strip().rstrip("/")
        except (OSError, UnicodeDecodeError, configparser.Error):
            continue
    return locked_index()


def locked_index() -> str:
    """The index the lock was made from: the one place where it is named."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    return next(package["source"]["registry"] for package in lock["package"] if "registry" in package["source"])


def environment_for_uv() -> dict[str, str]:
    environment = dict(os.environ)
    # an activated environment of somebody else must not become ours
    environment.pop("VIRTUAL_ENV", None)
    environment["UV_PROJECT_ENVIRONMENT"] = str(VENV)
    certificates = environment.get("SSL_CERT_FILE") or environment.get("PIP_CERT")
    if certificates:
        environment["SSL_CERT_FILE"] = certificates
    elif any(Path(bundle).exists() for bundle in CERTIFICATES):
        # what the machine trusts, which may be more than uv brings along (a company's own proxy)
        environment["UV_SYSTEM_CERTS"] = "1"
    home = Path(environment.get("HOME") or "/nonexistent")
    if not environment.get("UV_CACHE_DIR") and not os.access(home, os.W_OK):
        environment["UV_CACHE_DIR"] = str(TOOLS / "cache")
    return environment


def find_uv() -> Path | None:
    for candidate in (TOOLS / f"uv-{UV_VERSION}" / "uv", shutil.which("uv")):
        if candidate and Path(candidate).exists() and uv_version(Path(candidate)) >= UV_OLDEST:
            return Path(candidate)
    return None


def uv_version(program: Path) -> tuple[int, ...]:
    try:
        said = subprocess.run([str(program), "--version"], check=True, capture_output=True, text=True)  # noqa: S603
        return tuple(int(number) for number in said.stdout.split()[1].split(".")[:2])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return ()


def fetch_uv(index: str) -> Path:
    tag, pinned = WHEELS.get((platform.system(), platform.machine()), (None, None))
    if tag is None:
        raise BootstrapError(
            f"没有为 {platform.system()} {platform.machine()} 准备的 uv，请自行安装 uv 并放入 PATH。"
            f"No uv is known for {platform.system()} {platform.machine()}: install uv yourself and put it on PATH."
        )
    url, stated = find_wheel(index, tag, trusted=pinned is None)
    print(f"下载 fetching uv {UV_VERSION}: {urllib.parse.urlsplit(url).hostname}", flush=True)
    wheel, _ = download(url, "*/*", trusted=pinned is None)
    expected = pinned or stated
    if hashlib.sha256(wheel).hexdigest() != expected:
        raise BootstrapError(
            f"下载的 uv 与校验值不符（{url}），请检查软件源。The uv from {url} is another one: check the index."
        )
    folder = TOOLS / f"uv-{UV_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive, tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        file.write(archive.read(f"uv-{UV_VERSION}.data/scripts/uv"))
    Path(file.name).chmod(0o755)
    # renamed when whole: two who prepare the same folder at once do not meet a half of it
    return Path(file.name).replace(folder / "uv")


def find_wheel(index: str, tag: str, *, trusted: bool) -> tuple[str, str | None]:
    """The address of the wheel for `tag` and the SHA-256 the index states, from either form of the simple API."""
    accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
    page, content_type = download(f"{index}/uv/", accept, trusted=trusted)
    if "json" in content_type:
        files = [(file["url"], file["hashes"].get("sha256")) for file in json.loads(page)["files"]]
    else:
        links = Links()
        links.feed(page.decode("utf-8"))
        files = [(link.partition("#")[0], link.partition("#sha256=")[2] or None) for link in links.found]
    for url, sha256 in files:
        name = urllib.parse.unquote(url.rpartition("/")[2])
        if name.startswith(f"uv-{UV_VERSION}-") and name.endswith(".whl") and tag in name:
            return urllib.parse.urljoin(f"{index}/uv/", url), sha256
    raise BootstrapError(
        f"软件源 {index} 里没有 uv {UV_VERSION}（{tag}）。The index {index} does not hold uv {UV_VERSION} for {tag}."
    )


class Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def download(url: str, accept: str, *, trusted: bool) -> tuple[bytes, str]:
    """The content and its type. `trusted` asks for a server whose certificate holds: needed when no hash of ours
    vouches.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise BootstrapError(f"软件源地址不是 http(s)：{url}。The address of the index is not http(s): {url}.")
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "sanzhang"})  # noqa: S310
    certificates = os.environ.get("SSL_CERT_FILE") or os.environ.get("PIP_CERT")
    try:
        context = ssl.create_default_context(cafile=certificates or None)
        try:
            return _read(request, context)
        except urllib.error.URLError as error:
            if trusted or not isinstance(error.reason, ssl.SSLCertVerificationError):
                raise
            # A bare machine may lack the package ca-certificates. What is fetched here is then vouched for by our
            # own SHA-256 alone, which is enough.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return _read(request, context)
    except OSError as error:  # the network's, the server's and the certificates' errors alike
        raise BootstrapError(
            f"无法从 {url} 下载：{error}。请检查网络；内网可用 PIP_INDEX_URL 指定软件源，SSL_CERT_FILE 指定证书。"
            f"{url} cannot be fetched: {error}. Check the network, or name an index with PIP_INDEX_URL "
            "and its certificates with SSL_CERT_FILE."
        ) from error


def _read(request: urllib.request.Request, context: ssl.SSLContext) -> tuple[bytes, str]:
    with urllib.request.urlopen(request, timeout=SECONDS, context=context) as response:  # noqa: S310
        return response.read(), response.headers.get("Content-Type", "")


def install(uv: Path, index: str, environment: dict[str, str]) -> None:
    """Exactly what the lock names. Its addresses are those of PyPI; another index is asked for the same files by
    hash.
    """
    # our interpreter and no other: uv would fetch one from elsewhere
    choice = ["--python", sys.executable, "--no-python-downloads"]
    if index == locked_index():
        run([str(uv), "sync", "--frozen", *choice], environment)
        return
    listing = TOOLS / "requirements.txt"
    listing.parent.mkdir(exist_ok=True)
    run([str(uv), "venv", "--allow-existing", "--quiet", *choice, str(VENV)], environment)
    run([str(uv), "export", "--frozen", "--quiet", "--no-emit-project", "-o", str(listing), *choice], environment)
    target = ["--python", str(VENV / "bin" / "python"), "--default-index", index]
    run([str(uv), "pip", "sync", "--require-hashes", *target, str(listing)], environment)
    run([str(uv), "pip", "install", "--no-deps", *target, "-e", str(ROOT)], environment)


def run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment)  # noqa: S603 - no shell
    if done.returncode != 0:
        raise BootstrapError(
            "安装依赖失败，原因见上。请检查网络与磁盘空间后重试。"
            "Installing the dependencies failed for the reason above. Check network and disk, then try again."
        )


if __name__ == "__main__":
    try:
        main()
    except BootstrapError as error:
        sys.exit(str(error))
