"""Where the system of this machine is to be found: ``DIR/runtime.json``, written by ``sanzhang up``.

The other commands read it to learn the addresses. Whether the system still runs is asked of the lock that
``up`` holds for as long as it lives, never of process numbers, which the machine gives out again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from schemas.kernel.errors import UserError

DEFAULT_FOLDER = Path("var") / "sanzhang"
DEFAULT_NAMESPACE = "sanzhang"


class Runtime(BaseModel):
    """A running system, as its clients need to know it.

    `temporal` is ``host:port``; `ui` the address of the engine's pages, None when the engine is not ours; `gateway` that of our own;
    `pids` the process number of every part ``up`` started, and of ``up`` itself; `started_at` is in UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temporal: str
    namespace: str
    ui: str | None
    gateway: str | None = None
    database_dsn: str
    pids: Mapping[str, int]
    started_at: AwareDatetime | None


def runtime_file(data_dir: Path) -> Path:
    return data_dir / "runtime.json"


def lock_file(data_dir: Path) -> Path:
    """The file ``up`` keeps locked (``flock``, exclusive) as long as it lives."""
    return data_dir / "up.lock"


def write_runtime(data_dir: Path, runtime: Runtime) -> None:
    """Replace the file in one step, readable by its owner only: the address of a foreign database may hold a
    password.
    """
    # mkstemp makes the file with mode 0600
    number, name = tempfile.mkstemp(dir=data_dir, prefix=".runtime-")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(runtime.model_dump_json(indent=2) + "\n")
    Path(name).replace(runtime_file(data_dir))


def remove_runtime(data_dir: Path) -> None:
    runtime_file(data_dir).unlink(missing_ok=True)


def data_folder(given: Path | None, environment: Mapping[str, str]) -> Path:
    """The data folder: the one given, else ``SANZHANG_DATA_DIR``, else ``var/sanzhang`` below the current
    folder. Absolute.
    """
    named = environment.get("SANZHANG_DATA_DIR")
    return (given or (Path(named) if named else DEFAULT_FOLDER)).expanduser().absolute()


def find_system(data_dir: Path | None = None, environment: Mapping[str, str] = os.environ) -> Runtime:
    """The system to talk to.

    Without `data_dir`, ``SANZHANG_TEMPORAL`` together with ``SANZHANG_DATABASE_DSN`` name one that runs on
    other machines. Otherwise the data folder is asked (see `data_folder`). Refuses with
    ``system_not_running`` when nothing runs there and ``runtime_unreadable`` when the file may not be read
    or is not ours.
    """
    temporal, dsn = environment.get("SANZHANG_TEMPORAL"), environment.get("SANZHANG_DATABASE_DSN")
    if data_dir is None and temporal and dsn:
        namespace = environment.get("SANZHANG_NAMESPACE", DEFAULT_NAMESPACE)
        return Runtime(temporal=temporal, namespace=namespace, ui=None, database_dsn=dsn, pids={}, started_at=None)
    folder = data_folder(data_dir, environment)
    file = runtime_file(folder)
    try:
        running = is_running(folder)
        text = file.read_text(encoding="utf-8") if running else None
    except FileNotFoundError:
        text = None
    except OSError as error:
        raise _unreadable(file, error.strerror or str(error)) from error
    if text is None:
        raise UserError(
            "system_not_running",
            zh=(
                f"数据目录 {folder} 里没有正在运行的系统。请先运行 sanzhang up，或用 --data-dir / "
                "SANZHANG_DATA_DIR 指明它的数据目录。"
            ),
            en=(
                f"No system is running on the data folder {folder}. Start one with `sanzhang up`, or name "
                "its folder with --data-dir or SANZHANG_DATA_DIR."
            ),
            data_dir=str(folder),
        )
    try:
        return Runtime.model_validate_json(text)
    except ValidationError as error:
        raise _unreadable(file, f"{error.error_count()} fields are not as `sanzhang up` writes them") from error


def is_running(data_dir: Path) -> bool:
    """Whether an ``up`` lives on `data_dir`. Raises OSError when the lock may not be looked at."""
    with contextlib.suppress(FileNotFoundError), lock_file(data_dir).open("rb") as lock:
        try:
            # A shared lock, let go at once: two who look at the same moment do not disturb each other.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _unreadable(file: Path, reason: str) -> UserError:
    return UserError(
        "runtime_unreadable",
        zh=f"无法读取 {file}：{reason}。请用启动 sanzhang up 的同一用户执行；若文件已损坏，请重启 sanzhang up。",
        en=(
            f"{file} cannot be read: {reason}. Use the account that started `sanzhang up`; if the file is "
            "damaged, restart it."
        ),
        file=str(file),
        reason=reason,
    )
