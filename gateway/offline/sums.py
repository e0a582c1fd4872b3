"""Whether the files of a dossier are those that were packed. Unsigned, so it finds what the way has damaged; what somebody altered is found by
the chains and the proof.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from gateway.offline.given import Given
from gateway.offline.report import Report

SUMS: Final = "SHA256SUMS"

# As sha256sum writes it for plain names: those of a dossier, and none that leads out of it.
_LINE: Final = re.compile(r"(?P<sum>[0-9a-f]{64}) [ *](?P<name>[^/\\\s.][^/\\\s]*)")


def check_sums(given: Given, report: Report) -> None:
    """Every file the sums speak of; files they do not speak of are noted."""
    content = given.read(SUMS)
    if content is None:
        report.note(
            "sums_absent",
            f"卷宗中没有 {SUMS}，各文件是否完整未核对",
            f"The dossier has no {SUMS}: whether its files are whole was not checked",
        )
        return
    lines = content.decode(errors="replace").splitlines()
    listed: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None or found["name"] in listed:
            report.bad("sums_unreadable", f"{SUMS} 无法读取", f"{SUMS} cannot be read")
            return
        listed[found["name"]] = found["sum"]
    for name, said in listed.items():
        file = given.read(name)
        if file is None:
            report.bad("file_missing", f"卷宗缺少 {name}", f"The dossier lacks {name}", file=name)
        elif hashlib.sha256(file).hexdigest() != said:
            report.bad(
                "file_altered", f"{name} 与 {SUMS} 不符", f"{name} is not the file that {SUMS} speaks of", file=name
            )
    for name in sorted(given.names() - listed.keys() - {SUMS}):
        report.note("file_unlisted", f"{SUMS} 中没有 {name}", f"{SUMS} does not speak of {name}", file=name)
    if not {"file_missing", "file_altered"} & report.found:
        report.good("files_whole", f"{len(listed)} 个文件完整", f"{len(listed)} files are whole", count=len(listed))
