"""The dossier as one file: pages, evidence, and how to check it; the same contents give the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from gateway.dossier.evidence import Evidence
from gateway.dossier.pages import Edition, utc
from schemas.evidence.timeline import Timeline
from schemas.evidence.timeline.facts import Matter

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time a ZIP can say. When a dossier was made stands in it; that it was unpacked on another day must not make it another file."""

_ENDS: Final = re.compile("[：（，；]")
"""Where the sentence of an event goes into particulars."""

_ORDER: Final = (
    "README.md",
    "dossier.pdf",
    "events.jsonl",
    "history.json",
    "seal.json",
    "proof.json",
    "public-key.txt",
)


def evidence_files(evidence: Evidence, edition: Edition, matter: Matter) -> dict[str, bytes]:
    """The files for machines, by name."""
    found = {"events.jsonl": evidence.events_file, "seal.json": evidence.seal_file}
    if evidence.history:
        found["history.json"] = evidence.history
    if evidence.proof is not None:
        found["proof.json"] = evidence.proof.as_json().encode()
        found["public-key.txt"] = "".join(f"{key}\n" for key in evidence.keys).encode()
    if edition.clear is not None:
        people = [
            {"alias": person.alias, "representative": person.representative}
            | (clear.model_dump() if clear is not None else {})
            for person, clear in zip(matter.petitioners, edition.clear, strict=True)
        ]
        found["personal.json"] = (json.dumps(people, ensure_ascii=False, indent=2) + "\n").encode()
    return found


def proof_pages(told: Timeline, evidence: Evidence, given: Mapping[str, bytes]) -> dict[str, Any]:
    """The last section of the pages: links, seals, the checkpoint, and the hash of each file."""
    said = {deed.seq: _ENDS.split(deed.zh)[0] for deed in told.deeds}
    algorithms = sorted({str(each["algorithm"]) for each in evidence.events})
    return {
        "algorithm": "、".join(each.upper() for each in algorithms),
        "verifying": [
            "每条事件与其前一链值一并计算哈希，所得即其链值；改动、插入、删除、调换任何一条，其后的链值都不再相符。"
            "销号时，流程历史的哈希与当时的链值一并封存。各案的末链值每日计入一棵 RFC 6962 默克尔树，树根经 Ed25519 签名，存于数据库之外。",
            "卷内 README.md 载明不依靠本系统的核验方法：sanzhang-verify 离线核验，或用 openssl 和 python 手工核验。公钥应从公开渠道取得。",
        ],
        "links": [
            {
                "seq": str(seq),
                "said": said.get(seq, kind),
                "at": at[:19].replace("T", " "),
                "link": each["link"],
            }
            for each in evidence.events
            for seq, kind, at in [_told(each)]
        ],
        "seals": [
            {
                "facts": [
                    ["封存", f"第 {seal['run']} 次办理，系于第 {seal['seq']} 条事件"],
                    ["时间", f"{seal['sealed_at'][:19].replace('T', ' ')}（UTC）"],
                    ["算法", seal["algorithm"].upper()],
                ],
                "history": seal["history"],
            }
            for seal in evidence.seals
        ],
        "proof": _checkpoint(evidence),
        "unproven": evidence.unproven[0],
        "files": [
            {"name": name, "size": f"{len(content):,}", "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(given.items(), key=lambda item: _place(item[0]))
        ],
    }


def _told(line: Mapping[str, Any]) -> tuple[int, str, str]:
    if "withheld" in line:
        said = line["withheld"]
        return said["seq"], said["kind"], said["recorded_at"]
    body = line["body"]
    return body["seq"], body["event"]["kind"], body["recorded_at"]


def _checkpoint(evidence: Evidence) -> dict[str, Any]:
    proof = evidence.proof
    if proof is None:
        return {}
    head = proof.head()
    return {
        "facts": [
            ["日志", head.origin],
            ["检查点", f"第 {head.number} 号，{utc(head.made_at)}（UTC）"],
            ["树", f"共 {head.size} 叶，本案为第 {proof.index} 叶（自 0 起），{head.algorithm.upper()}"],
            ["公钥", "；".join(evidence.keys)],
        ],
        "root": head.root.hex(),
    }


def readme(told: Timeline, edition: Edition, evidence: Evidence, file: str) -> bytes:
    """How to check the dossier, in both languages."""
    confidential = told.state.confidential
    proven = evidence.proof is not None
    said = (files("gateway.dossier") / "README.dossier.md").read_text("utf-8")
    history = ("销号时封存的流程历史", "the engine history as it was sealed")
    if not evidence.sealed_history:
        history = ("办理中的流程历史，尚未封存", "the engine history so far, not sealed yet")
    if evidence.withheld:
        history = (
            "无：含有不应公开的内容，只以其哈希留存于封存记录",
            "absent: it holds what is not for everybody; its hash is in the seal",
        )
    elif not evidence.history:
        history = ("无：流程引擎已无此件的历史", "absent: the engine has no history of this case any more")
    told_by = {
        "number": told.number,
        "file": file,
        "zh_edition": "完整本，含个人信息原文" if edition.full else "脱敏本",
        "en_edition": "Full edition, with personal data in clear" if edition.full else "Masked edition",
        "zh_history": history[0],
        "en_history": history[1],
        "zh_proof": "末链值在已签名的日志之中的证明" if proven else f"无：{evidence.unproven[0]}",
        "en_proof": "that the last link is in the signed log" if proven else f"absent: {evidence.unproven[1]}",
        "personal_row": "| `personal.json` | 信访人个人信息原文 / the petitioners' personal data in clear |\n"
        if edition.full
        else "",
        "zh_confidential": "**保密件**：`events.jsonl` 和 `history.json` 含群众陈述原文，不得交给被投诉、举报的单位和人员（《信访工作条例》第三十条）。"
        if confidential
        else "",
        "en_confidential": "**Confidential**: `events.jsonl` and `history.json` hold the petitioner's own words; they may not be given to those complained of (Regulations on Petition Work, §30). "
        if confidential
        else "",
        "history_command": _history_command(evidence),
    }
    for name, value in told_by.items():
        said = said.replace(f"{{{name}}}", value)
    return said.encode()


def _history_command(evidence: Evidence) -> str:
    algorithm = evidence.seals[-1]["algorithm"] if evidence.seals else "sha256"
    return f"openssl dgst -{algorithm} history.json"


def packed(contents: Mapping[str, bytes]) -> bytes:
    """The ZIP of these files and their sums, sorted, without a trace of when and where it was made."""
    ordered = sorted(contents, key=_place)
    sums = "".join(f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in ordered)
    pack = io.BytesIO()
    with zipfile.ZipFile(pack, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as written:
        for name, content in [*((name, contents[name]) for name in ordered), ("SHA256SUMS", sums.encode())]:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3
            written.writestr(entry, content)
    return pack.getvalue()


def _place(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)
