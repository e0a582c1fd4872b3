"""The command ``sanzhang-verify``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gateway.offline.chain import Chain, check_events, check_seals
from gateway.offline.given import KEY, PROOF, Given, open_given, read_keys
from gateway.offline.inclusion import check_kept, check_leaf, check_proof
from gateway.offline.report import Report, UnreadableError
from gateway.offline.sums import check_sums
from gateway.offline.tree import check_log, own_keys, reader
from schemas.evidence.checkpoint import PublicKey
from schemas.evidence.proof import ProofBundle, ProofError

HOLDS: Final = 0
FOUND: Final = 1
USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit code 0: all of it holds; 1: something does not; 2: nothing could be checked."""
    options = _options().parse_args(arguments)
    if options.given is None and options.log is None:
        _options().error("请给出卷宗、证明或 --log 目录 / give a dossier, a proof, or a log with --log")
    report = Report()
    try:
        _check(options, report)
    except UnreadableError as error:
        sys.stderr.write(f"✗ {error.zh}\n  {error.en}\n")
        sys.exit(USAGE)
    report.show(sys.stdout, as_json=options.json)
    sys.exit(HOLDS if report.holds else FOUND)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sanzhang-verify",
        description="离线核验卷宗、证明或整个检查点日志，不需要服务器、数据库和网络。/ "
        "Checks a dossier, a proof or a whole log; needs neither server nor database nor network.",
    )
    parser.add_argument(
        "given",
        nargs="?",
        type=Path,
        help="卷宗（.zip 或目录）或证明（.json）/ a dossier (.zip or folder) or a proof (.json)",
    )
    parser.add_argument(
        "--key", help="另行取得的公钥（文本或文件）/ the public key as obtained elsewhere (text or file)"
    )
    parser.add_argument(
        "--checkpoint", type=Path, help="您以前保存的检查点 / a checkpoint that you kept from an earlier day"
    )
    parser.add_argument(
        "--log", type=Path, help="检查点日志的目录；单独给出时核验整个日志 / the log's folder; alone: all of it"
    )
    parser.add_argument("--json", action="store_true", help="输出 JSON / print JSON for machines")
    return parser


def _check(options: argparse.Namespace, report: Report) -> None:
    log: Path | None = options.log
    path: Path | None = options.given
    kept = _text(options.checkpoint) if options.checkpoint is not None else None
    if path is None:
        folder = log or Path()
        reader(folder)
        keys = _keys(options.key, lambda: own_keys(folder), report)
        check_log(folder, keys, kept, report, _progress(quiet=options.json))
        return
    given = open_given(path)
    keys = _keys(options.key, lambda: _enclosed(given), report)
    chain, sealed = Chain(), dict[int, str]()
    if given.dossier:
        check_sums(given, report)
        chain = check_events(given, report)
        sealed = check_seals(given, chain, report)
    content = given.read(PROOF)
    if content is None:
        report.bad(
            "no_proof",
            f"卷宗中没有 {PROOF}：事件之间虽可互证，却没有任何检查点为其作证",
            f"The dossier has no {PROOF}: the events agree with each other, but no checkpoint vouches for them",
        )
        return
    checked = check_proof(content, keys, report)
    if checked is None:
        return
    proof, head = checked
    if given.dossier:
        check_leaf(proof, chain, sealed, report)
    if kept is not None:
        check_kept(kept, proof, head, keys, reader(log) if log is not None else None, report)


def _keys(said: str | None, beside: Callable[[], list[PublicKey]], report: Report) -> list[PublicKey]:
    if said is not None:
        return read_keys(said)
    keys = beside()
    report.note(
        "key_not_independent",
        "公钥取自被核验的材料本身，并非另行取得：签名只说明材料内部一致。请用 --key 给出另行取得的公钥",
        "The public key comes with what is checked and was not obtained elsewhere: the signature only shows that it agrees "
        "with itself. Give the key as obtained elsewhere with --key",
        keys=[key.vkey for key in keys],
    )
    return keys


def _enclosed(given: Given) -> list[PublicKey]:
    content = given.read(KEY)
    if content is not None:
        return read_keys(content.decode(errors="replace"))
    try:
        key = ProofBundle.parse(given.read(PROOF) or b"").key
    except ProofError:
        return []
    return read_keys(key) if key else []


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"无法读取 {path}：{error}", f"{path} cannot be read: {error}") from error


def _progress(*, quiet: bool) -> Callable[[int, int], None]:
    def tell(done: int, leaves: int) -> None:
        if done % 4096 < 256 or done == leaves:
            sys.stderr.write(f"\r{done}/{leaves}" + ("\n" if done == leaves else ""))

    return tell if not quiet and sys.stderr.isatty() else lambda done, leaves: None
