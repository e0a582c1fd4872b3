"""``sanzhang-verify``: holds on what is as it must be, names what is not, and needs nothing but itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.offline import main
from schemas.evidence.checkpoint import checkpoint_path
from schemas.evidence.links import encoded, genesis, link
from schemas.evidence.tiles import bundled, unbundled
from tests.unit.gateway.offline.laid_out import CASE, OTHER, SIGNER, Laid, log


def verified(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """The exit code, and the facts of the checks by their code: those that hold, those that don't, what is to be known."""
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments), "--json"])
    report = json.loads(capsys.readouterr().out)
    codes: dict[str, Any] = {"good": [], "bad": [], "note": []}
    for check in report["checks"]:
        assert check["zh"]
        assert check["en"]
        codes[{True: "good", False: "bad", None: "note"}[check["holds"]]].append(check["code"])
    assert report["holds"] is (not codes["bad"])
    return int(str(ended.value.code)), codes


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_a_dossier_that_is_as_it_must_be(tmp_path: Path, capsys: pytest.CaptureFixture[str], algorithm: str) -> None:
    laid = Laid(algorithm)
    folder = laid.write(tmp_path / "dossier")
    wanted = ["files_whole", "chain", "seal", "history", "signature", "signature", "inclusion", "consistency", "leaf"]
    wanted.append("leaf_and_seal")
    for given in (folder, laid.pack(tmp_path / "a.zip"), laid.pack(tmp_path / "b.zip", inside=f"{CASE}/")):
        code, found = verified(capsys, given, "--key", SIGNER.key.vkey)
        assert (code, found["bad"], found["note"]) == (0, [], ["after_the_checkpoint"])
        assert sorted(found["good"]) == sorted(wanted)
    code, found = verified(capsys, folder)
    assert (code, found["note"]) == (0, ["key_not_independent", "after_the_checkpoint"])


def test_a_dossier_of_an_open_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laid = Laid(sealed=0, covered=6)
    code, found = verified(capsys, laid.write(tmp_path / "open"), "--key", SIGNER.key.vkey)
    assert (code, found["bad"], found["note"]) == (0, [], [])
    laid.files["history.json"] = encoded({"case": CASE, "run": 1, "histories": []})
    code, found = verified(capsys, laid.write(tmp_path / "open"), "--key", SIGNER.key.vkey)
    assert (code, found["note"]) == (0, ["history_not_sealed"])


def test_a_proof_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laid = Laid()
    path = tmp_path / "proof.json"
    path.write_text(laid.proof.as_json())
    (tmp_path / "key").write_text(f"\n{OTHER.key.vkey}\n{SIGNER.key.vkey}\n")
    assert verified(capsys, path)[0] == 0
    code, found = verified(capsys, path, "--key", tmp_path / "key")
    assert (code, found["good"], found["note"]) == (
        0,
        ["signature", "signature", "inclusion", "consistency"],
        [],
    )
    assert verified(capsys, path, "--key", OTHER.key.vkey) == (
        1,
        {"good": ["inclusion", "consistency"], "bad": ["signature", "signature"], "note": []},
    )
    path.write_text(replace(laid.proof, key="", earlier="", consistency=()).as_json())
    assert verified(capsys, path)[1]["bad"] == ["signature"]


def rows(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[Laid], object]:
    return lambda laid: change(laid.rows)


def proof(**changes: Any) -> Callable[[Laid], object]:
    def change(laid: Laid) -> None:
        laid.proof = replace(laid.proof, **changes)

    return change


def file(name: str, content: bytes | None) -> Callable[[Laid], object]:
    return lambda laid: laid.files.pop(name) if content is None else laid.files.update({name: content})


def rechained(laid: Laid) -> None:
    """A forger who recomputes the chain from an altered event on, seal and all."""
    forged = Laid()
    forged.rows[1]["body"]["event"]["text"] = "改"
    previous = genesis(CASE)
    for row in forged.rows:
        previous = link(previous, encoded(row["body"]))
        row["link"] = previous.hex()
    laid.rows = forged.rows
    seal = json.loads(laid.files["seal.json"])
    seal[0]["link"] = laid.rows[3]["link"]
    laid.files["seal.json"] = encoded(seal)


def seal(**changes: Any) -> Callable[[Laid], object]:
    def change(laid: Laid) -> None:
        laid.files["seal.json"] = encoded([json.loads(laid.files["seal.json"])[0] | changes])

    return change


ALTERATIONS: list[tuple[str, Callable[[Laid], object]]] = [
    ("event_altered", rows(lambda rows: rows[2]["body"]["event"].update(text="改"))),
    ("event_altered", rows(lambda rows: rows[2].update(link="00" * 32))),
    ("event_altered", rows(lambda rows: rows[0].update(algorithm="sm3"))),
    ("event_unreadable", rows(lambda rows: rows[2].update(algorithm="md5"))),
    ("event_unreadable", rows(lambda rows: rows[2].pop("body"))),
    ("event_out_of_place", rows(lambda rows: rows.pop(2))),
    ("event_out_of_place", rows(lambda rows: rows.insert(2, rows[3]))),
    ("event_out_of_place", rows(lambda rows: rows.reverse())),
    ("event_out_of_place", rows(lambda rows: rows[3]["body"].update(case="XA-2026-S-000124"))),
    ("leaf_and_chain_differ", rows(lambda rows: [rows.pop(), rows.pop()])),
    ("leaf_and_chain_differ", rechained),
    ("no_events", rows(lambda rows: rows.clear())),
    ("event_unreadable", file("events.jsonl", b'{"body":{"case":"a","case":"b"}}\n')),
    ("history_altered", file("history.json", encoded({"case": CASE, "run": 1, "histories": [1]}))),
    ("history_altered", file("history.json", encoded({"case": "XA-2026-S-000124", "run": 1, "histories": []}))),
    ("history_unreadable", file("history.json", b"{}")),
    ("history_missing", file("history.json", None)),
    ("seal_and_chain_differ", seal(seq=3)),
    ("seal_and_chain_differ", seal(seq=99)),
    ("leaf_and_seal_differ", seal(history="00" * 32)),
    ("leaf_and_seal_differ", file("seal.json", None)),
    ("seal_unreadable", file("seal.json", b"{}")),
    ("seal_unreadable", file("seal.json", b"[{}]")),
    ("no_proof", file("proof.json", None)),
    ("proof_unreadable", file("proof.json", b"{}")),
    ("proof_unreadable", proof(checkpoint="not a note")),
    ("proof_unreadable", proof(leaf="{}")),
    ("proof_unreadable", proof(earlier="not a note")),
    ("not_included", proof(index=8)),
    ("not_consistent", proof(consistency=())),
    ("leaf_of_another", lambda laid: setattr(laid, "proof", another(laid))),
    ("signature", lambda laid: setattr(laid, "proof", forged(laid))),
    ("signed_for_another_log", lambda laid: setattr(laid, "proof", of_another_log(laid))),
]


def another(laid: Laid) -> Any:
    return replace(laid.proof, leaf=laid.proof.leaf.replace(CASE, "XA-2026-S-000124"))


def forged(laid: Laid) -> Any:
    """A whole log made anew, by somebody without the key."""
    _, notes = log([300, 300, 900], laid.proof.leaf, laid.algorithm, OTHER)
    return replace(laid.proof, checkpoint=notes[2], earlier=notes[0])


def of_another_log(laid: Laid) -> Any:
    text = replace(laid.proof.head(), origin="sanzhang.example/another").text
    return replace(laid.proof, checkpoint=SIGNER.sign(text))


@pytest.mark.parametrize(("code", "alter"), ALTERATIONS, ids=[f"{n}-{code}" for n, (code, _) in enumerate(ALTERATIONS)])
def test_an_altered_dossier_is_found_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, alter: Callable[[Laid], object]
) -> None:
    laid = Laid()
    if code == "no_proof":
        laid.write(tmp_path / "first")
    alter(laid)
    folder = laid.write(tmp_path / "dossier")
    if code == "no_proof":
        (folder / "proof.json").unlink(missing_ok=True)
    ended, found = verified(capsys, folder, "--key", SIGNER.key.vkey)
    assert ended == 1
    assert code in found["bad"]


Alter = Callable[[Path], object]
FILES_ALTERED: list[tuple[str, str, Alter]] = [
    ("bad", "file_altered", lambda folder: (folder / "README.md").write_bytes(b"damaged on the way")),
    ("bad", "file_missing", lambda folder: (folder / "README.md").unlink()),
    ("bad", "sums_unreadable", lambda folder: (folder / "SHA256SUMS").write_text("no sums\n")),
    ("bad", "sums_unreadable", lambda folder: (folder / "SHA256SUMS").write_text(f"{'0' * 64}  ../dossier/key\n")),
    ("bad", "sums_unreadable", lambda folder: (folder / "SHA256SUMS").write_text(f"{'0' * 64}  a\n" * 2)),
    ("note", "sums_absent", lambda folder: (folder / "SHA256SUMS").unlink()),
    ("note", "file_unlisted", lambda folder: (folder / "another.pdf").write_bytes(b"")),
]


@pytest.mark.parametrize(("kind", "code", "alter"), FILES_ALTERED)
def test_each_file_of_a_dossier_is_held_against_its_sum(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, code: str, alter: Alter
) -> None:
    folder = Laid().write(tmp_path / "dossier")
    alter(folder)
    pack = tmp_path / "packed.zip"
    with zipfile.ZipFile(pack, "w") as written:
        for file in folder.iterdir():
            written.write(file, f"{CASE}/{file.name}")
    for given in (folder, pack):
        ended, found = verified(capsys, given, "--key", SIGNER.key.vkey)
        assert (ended, code in found[kind]) == (1 if kind == "bad" else 0, True)
        assert ("files_whole" in found["good"]) is (code == "file_unlisted")


def test_what_came_after_the_checkpoint_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laid = Laid()
    first = json.loads(laid.files["seal.json"])[0]
    laid.files["seal.json"] = encoded([first, first | {"run": 2, "seq": 6, "link": laid.rows[5]["link"]}])
    code, found = verified(capsys, laid.write(tmp_path / "dossier"), "--key", SIGNER.key.vkey)
    assert code == 0
    assert found["note"] == ["history_of_another_run", "after_the_checkpoint", "sealed_after_the_checkpoint"]


def test_a_checkpoint_one_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laid = Laid()
    folder, files = laid.write(tmp_path / "dossier"), laid.write_log(tmp_path / "log")

    def checked(note: str, *more: str | Path, dossier: Path = folder) -> tuple[int, list[str]]:
        kept = tmp_path / "kept"
        kept.write_text(note)
        code, found = verified(capsys, dossier, "--key", SIGNER.key.vkey, "--checkpoint", kept, *more)
        return code, found["bad"]

    assert checked(laid.notes[2]) == (0, [])
    assert checked(laid.notes[0]) == (0, [])
    assert checked(laid.notes[1]) == (1, ["kept_not_connected"])
    assert checked(laid.notes[1], "--log", files) == (0, [])
    _, rewritten = log([310, 310, 900], laid.proof.leaf.replace(CASE, "XA-2026-S-000124"), "sha256")
    assert checked(rewritten[0], "--log", files) == (1, ["not_consistent"])
    (files / "tile/1/000.p/3").unlink()
    assert checked(laid.notes[1], "--log", files) == (1, ["log_unreadable"])


def test_a_whole_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laid = Laid()
    files = laid.write_log(tmp_path / "log")
    (files / "tile/0/.draft-of-a-killed-process").write_bytes(b"")
    code, found = verified(capsys, "--log", files)
    assert (code, found) == (0, {"good": ["signatures", "log"], "bad": [], "note": ["key_not_independent"]})
    (files / "tile/0/001.p/44").unlink()
    (tmp_path / "kept").write_text(laid.notes[1])
    code, found = verified(capsys, "--log", files, "--key", SIGNER.key.vkey, "--checkpoint", tmp_path / "kept")
    assert (code, found["good"], found["bad"]) == (0, ["signatures", "signature", "has_kept", "log"], [])


def leaf_changed(files: Path) -> None:
    path = files / "tile/entries/000"
    entries = unbundled(path.read_bytes())
    path.write_bytes(bundled([*entries[:5], entries[5].replace(b"00", b"01"), *entries[6:]]))


def cut(files: Path) -> None:
    (files / checkpoint_path(3)).unlink()
    for path in ("tile/0/001", "tile/0/002", "tile/0/003.p/132", "tile/1/000.p/3"):
        (files / path).unlink()
    for path in ("tile/entries/001", "tile/entries/002", "tile/entries/003.p/132"):
        (files / path).unlink()


LOGS_ALTERED: list[tuple[set[str], Alter]] = [
    ({"root", "file_altered"}, leaf_changed),
    ({"file_altered"}, lambda files: (files / "tile/1/000.p/3").write_bytes(bytes(96))),
    ({"file_altered"}, lambda files: (files / "tile/0/001.p/44").write_bytes(bytes(44 * 32))),
    ({"file_missing"}, lambda files: (files / "tile/0/002").unlink()),
    ({"file_missing"}, lambda files: (files / "tile/1/000.p/3").unlink()),
    ({"log_unreadable"}, lambda files: (files / "tile/entries/001").unlink()),
    ({"log_unreadable"}, lambda files: (files / "tile/entries/003.p/132").write_bytes(b"\x00")),
    ({"file_unknown"}, lambda files: (files / "tile/0/005").write_bytes(b"")),
    ({"file_unknown"}, lambda files: (files / "tile/0/other").write_bytes(b"")),
    ({"checkpoint_missing"}, lambda files: (files / checkpoint_path(2)).unlink()),
    ({"checkpoint_unreadable", "checkpoint_missing"}, lambda files: (files / checkpoint_path(2)).write_bytes(b"?")),
    (
        {"checkpoint_misplaced", "checkpoint_missing", "not_one_log"},
        lambda files: swapped(files, checkpoint_path(1), checkpoint_path(3)),
    ),
    ({"has_not_kept"}, cut),
    ({"signature"}, lambda files: (files / checkpoint_path(2)).write_text(laid_by_others())),
]


@pytest.mark.parametrize(("codes", "alter"), LOGS_ALTERED)
def test_an_altered_log_is_found_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], codes: set[str], alter: Alter
) -> None:
    laid = Laid()
    files = laid.write_log(tmp_path / "log")
    alter(files)
    (tmp_path / "kept").write_text(laid.notes[2])
    ended, found = verified(capsys, "--log", files, "--key", SIGNER.key.vkey, "--checkpoint", tmp_path / "kept")
    assert ended == 1
    assert set(found["bad"]) - {"has_not_kept"} == codes - {"has_not_kept"}
    assert ("has_not_kept" in found["bad"]) >= ("has_not_kept" in codes)


def swapped(files: Path, one: str, other: str) -> None:
    first, second = (files / one).read_bytes(), (files / other).read_bytes()
    (files / one).write_bytes(second)
    (files / other).write_bytes(first)


def laid_by_others() -> str:
    return log([300, 300, 900], Laid().proof.leaf, "sha256", OTHER)[1][1]


def test_many_findings_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = Laid().write_log(tmp_path / "log")
    for number in range(50):
        (files / f"tile/0/{number + 100}").write_bytes(b"")
    with pytest.raises(SystemExit):
        main(["--log", str(files)])
    said = capsys.readouterr().out
    assert said.count("✗ tile/") == 20
    assert "and 30 more" in said
    assert "It does not hold." in said


def test_an_empty_log_holds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log" / "checkpoints").mkdir(parents=True)
    code, found = verified(capsys, "--log", tmp_path / "log")
    assert (code, found["bad"]) == (1, ["no_checkpoints"])


def test_what_cannot_be_checked_ends_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laid = Laid()
    folder = laid.write(tmp_path / "dossier")
    twice = tmp_path / "twice.zip"
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(twice, "w") as pack:
        pack.writestr("events.jsonl", b"")
        pack.writestr("events.jsonl", b"")
    (tmp_path / "nothing").mkdir()
    (tmp_path / "empty").write_text("\n")
    calls: list[list[str | Path]] = [
        [],
        [tmp_path / "not there"],
        [tmp_path / "nothing"],
        [twice],
        ["--log", tmp_path / "nothing"],
        [folder, "--key", "a+b+c"],
        [folder, "--key", tmp_path / "empty"],
        [folder, "--key", tmp_path / "not there"],
        [folder, "--checkpoint", tmp_path / "not there"],
        [folder, "--checkpoint", folder / "README.md"],
    ]
    for call in calls:
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in call])
        assert ended.value.code == 2, call
        assert capsys.readouterr().err


ALONE = """
import socket, sys

def refuse(*_):
    raise OSError("there is no network")

socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = refuse
from gateway.offline import main
try:
    main(sys.argv[1:])
finally:
    heavy = {"temporalio", "sqlalchemy", "asyncpg", "pydantic", "asyncio", "obstore", "typer", "rich"} & set(sys.modules)
    assert not heavy, heavy
"""


def test_it_works_by_itself_without_network_or_server(tmp_path: Path) -> None:
    pack = Laid().pack(tmp_path / "dossier.zip")
    cut_off: list[str] = []
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, "-n", "true"], check=False, capture_output=True).returncode == 0:
        cut_off = [unshare, "-n"]
    call = [*cut_off, sys.executable, "-W", "error", "-c", ALONE, str(pack), "--key", SIGNER.key.vkey]
    bare = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LD_LIBRARY_PATH"}}
    done = subprocess.run(call, check=False, capture_output=True, text=True, env=bare | {"PYTHONUTF8": "1"}, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "✓ 全部成立" in done.stdout
    assert not done.stderr


def test_what_is_withheld_is_noted_and_the_rest_still_follows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    laid = Laid()
    withhold(laid, 1, 3, 6)
    del laid.files["history.json"]
    code, found = verified(capsys, laid.write(tmp_path / "masked"), "--key", SIGNER.key.vkey)
    assert (code, found["bad"]) == (0, [])
    assert found["note"] == ["event_withheld", "history_withheld", "after_the_checkpoint"]
    assert "chain" in found["good"]


@pytest.mark.parametrize(("seq", "finding"), [(1, "event_altered"), (3, "event_altered"), (5, "leaf_and_chain_differ")])
def test_the_link_of_a_withheld_event_is_bound_by_the_next_or_by_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seq: int, finding: str
) -> None:
    laid = Laid(events=5)
    withhold(laid, seq)
    del laid.files["history.json"]
    laid.rows[seq - 1]["link"] = "00" * 32
    code, found = verified(capsys, laid.write(tmp_path / "masked"), "--key", SIGNER.key.vkey)
    assert code == 1
    assert finding in found["bad"]


def withhold(laid: Laid, *seqs: int) -> None:
    for seq in seqs:
        row = laid.rows[seq - 1]
        said = {"case": CASE, "seq": seq, "kind": "filed", "recorded_at": ""}
        laid.rows[seq - 1] = {"withheld": said, "algorithm": row["algorithm"], "link": row["link"]}
