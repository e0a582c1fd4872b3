"""The operating-system accounts the embedded database and the embedded engine run under.

PostgreSQL refuses to run as root, and the engine has no need to. An ordinary user runs them as themselves; root runs each as a system
account of its own, without login. That account must be able to reach the program and its data, both of which may lie under a closed folder
such as ``/root``; nothing else of the data folder can be read by it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

DATABASE_ACCOUNT = "pgserver"
ENGINE_ACCOUNT = "sanzhang-engine"
_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"  # a bare PATH leaves out the folder of useradd


@dataclass(frozen=True)
class Account:
    """A user and group, by number."""

    uid: int
    gid: int


def server_account(home: Path, name: str) -> Account | None:
    """The account to run the server of `home` under, by default the one of that `name`; None means the present user.

    An existing `home` keeps the account that owns it, so that data survives a change of accounts on the
    machine. Where no account can be made (a read-only ``/etc``), ``nobody`` serves.
    """
    if os.geteuid() != 0:
        return None
    if home.exists() and (owner := home.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    entry = _find(name) or _create(name) or _find("nobody")
    if entry is None:
        raise RuntimeError("this machine has neither a way to add a system account nor the account 'nobody'")
    return Account(entry.pw_uid, entry.pw_gid)


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _create(name: str) -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path=_PATH)
    if useradd is None:
        return None
    command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - fixed words, no shell
    # asked again whatever useradd said: another `up` may have won the race for the same account
    return _find(name)


def give(root: Path, account: Account) -> None:
    """Make `root` and all below it belong to `account`. Links are not followed."""
    # The folder last: it stands for all of it when this is asked again after a crash.
    for path in (*root.rglob("*"), root):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def open_path(target: Path, account: Account) -> list[Path]:
    """Let `account` pass through the folders above `target`; returns those that had to be opened.

    Only the right to pass (``o+x``) is given, never the right to list or read.
    """
    opened: list[Path] = []
    for folder in target.resolve().parents:
        seen = folder.stat()
        if _may(seen, account, stat.S_IXUSR):
            continue
        folder.chmod(stat.S_IMODE(seen.st_mode) | stat.S_IXOTH)
        opened.append(folder)
    return opened


def open_tree(root: Path, account: Account) -> None:
    """Let `account` read what lies under `root`, and run what its owner may run (programs installed under a
    strict umask).
    """
    for path in (root, *root.rglob("*")):
        if path.is_symlink():
            continue
        seen = path.stat()
        wanted = stat.S_IROTH | (stat.S_IXOTH if seen.st_mode & stat.S_IXUSR else 0)
        if not _may(seen, account, stat.S_IRUSR):
            path.chmod(stat.S_IMODE(seen.st_mode) | wanted)


def _may(seen: os.stat_result, account: Account, owner_bit: int) -> bool:
    if seen.st_uid == account.uid:
        return bool(seen.st_mode & owner_bit)
    if seen.st_gid == account.gid:
        return bool(seen.st_mode & (owner_bit >> 3))
    return bool(seen.st_mode & (owner_bit >> 6))
