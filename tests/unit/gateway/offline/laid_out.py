"""A dossier and a log made by hand, as the rules say they must be, for the verifier to check."""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from activities.evidence.signing import Signer
from schemas.evidence.checkpoint import Checkpoint, checkpoint_path, key_path
from schemas.evidence.leaf import CaseLeaf, JournalLeaf
from schemas.evidence.links import encoded, genesis, link
from schemas.evidence.merkle import consistency_proof, inclusion_proof
from schemas.evidence.proof import ProofBundle
from schemas.evidence.tiles import TileHashes, Tiling

CASE = "XA-2026-S-000123"
SIGNER = Signer(bytes(range(32)), "sanzhang.example/record")
OTHER = Signer(bytes(32), "sanzhang.example/record")


class Laid:
    """Files by name, written out when asked for."""

    def __init__(self, algorithm: str = "sha256", events: int = 6, covered: int = 5, sealed: int = 4) -> None:
        self.algorithm = algorithm
        self.rows: list[dict[str, Any]] = []
        previous = genesis(CASE, algorithm)
        for seq in range(1, events + 1):
            body = {"case": CASE, "seq": seq, "event": {"kind": "filed", "text": f"第{seq}条"}}
            previous = link(previous, encoded(body), algorithm)
            self.rows.append({"body": body, "algorithm": algorithm, "link": previous.hex()})
        self.files: dict[str, bytes] = {"README.md": b"", "public-key.txt": f"{SIGNER.key.vkey}\n".encode()}
        history = ""
        if sealed:
            document = encoded({"case": CASE, "run": 1, "histories": []})
            history = hashlib.new(algorithm, document).hexdigest()
            self.files["history.json"] = document
            seal = {"case": CASE, "run": 1, "seq": sealed, "link": self.rows[sealed - 1]["link"], "history": history}
            self.files["seal.json"] = encoded(
                [seal | {"algorithm": algorithm, "sealed_at": "2026-03-02T00:00:00+00:00"}]
            )
        leaf = CaseLeaf(CASE, covered, self.rows[covered - 1]["link"], 1 if sealed else 0, history, algorithm)
        self.log, self.notes = log([300, 300, 900], leaf.text, algorithm)
        head = TileHashes(self.log.get, 900, algorithm)
        self.proof = ProofBundle(
            leaf=leaf.text,
            index=7,
            checkpoint=self.notes[2],
            inclusion=inclusion_proof(head, 7, 900, algorithm),
            algorithm=algorithm,
            earlier=self.notes[0],
            consistency=consistency_proof(head, 300, 900, algorithm),
            key=SIGNER.key.vkey,
        )

    def write(self, folder: Path) -> Path:
        """The dossier, unpacked."""
        folder.mkdir(exist_ok=True)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows)
        for name, content in {"events.jsonl": lines.encode(), "proof.json": self.proof.as_json().encode()}.items():
            self.files.setdefault(name, content)
        sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in self.files.items())
        for name, content in {**self.files, "SHA256SUMS": sums.encode()}.items():
            (folder / name).write_bytes(content)
        return folder

    def pack(self, path: Path, *, inside: str = "") -> Path:
        """The dossier, as it is handed out."""
        folder = self.write(path.with_suffix(""))
        with zipfile.ZipFile(path, "w") as pack:
            for file in sorted(folder.iterdir()):
                pack.write(file, inside + file.name)
        return path

    def write_log(self, folder: Path) -> Path:
        """The log's folder."""
        for path, content in self.log.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder


def log(sizes: list[int], leaf: str, algorithm: str, signer: Signer = SIGNER) -> tuple[dict[str, bytes], list[str]]:
    """The files of a log with a checkpoint at each of these sizes, where leaf 7 is this one; and the notes."""
    entries = [JournalLeaf(number, "00", algorithm).text.encode() for number in range(sizes[-1])]
    entries[7] = leaf.encode()
    tiling = Tiling(algorithm)
    files: dict[str, bytes] = {key_path(signer.key): f"{signer.key.vkey}\n".encode()}
    notes: list[str] = []
    for number, size in enumerate(sizes, start=1):
        files |= {tile.path: content for tile, content in tiling.extend(entries[tiling.size : size])}
        files |= {tile.path: content for tile, content in tiling.partials()}
        made_at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=number)
        made = Checkpoint(signer.key.name, size, tiling.root(), number, algorithm, made_at)
        notes.append(signer.sign(made.text))
        files[checkpoint_path(number)] = notes[-1].encode()
    return files, notes
