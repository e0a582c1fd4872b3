"""The proof: that what the events end in is in the log, that the log was signed, and that it only grew since a checkpoint one kept."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.offline.chain import Chain
from gateway.offline.report import Report, UnreadableError
from schemas.evidence.checkpoint import Checkpoint, CheckpointError, Note, PublicKey, SignatureError
from schemas.evidence.leaf import CaseLeaf, LeafError
from schemas.evidence.merkle import consistency_proof
from schemas.evidence.proof import ProofBundle, ProofError, grew
from schemas.evidence.tiles import Read, TileHashes


def check_proof(content: bytes, keys: Sequence[PublicKey], report: Report) -> tuple[ProofBundle, Checkpoint] | None:
    """The proof by itself: signature, inclusion, growth. None where it cannot be read."""
    try:
        proof = ProofBundle.parse(content)
        head = proof.head()
        leaf = proof.said()
        earlier = signed(proof.earlier, keys, report) if proof.earlier else None
    except (ProofError, CheckpointError, LeafError) as error:
        report.bad("proof_unreadable", f"证明无法读取：{error}", f"The proof cannot be read: {error}")
        return None
    signed(proof.checkpoint, keys, report)
    said = f"{leaf.case}#{leaf.seq}" if isinstance(leaf, CaseLeaf) else f"journal#{leaf.journal}"
    if proof.includes():
        report.good(
            "inclusion",
            f"{said} 是检查点 {head.number}（共 {head.size} 片叶）的第 {proof.index} 片叶",
            f"{said} is leaf {proof.index} of the {head.size} that checkpoint {head.number} is over",
            leaf=said,
            index=proof.index,
            checkpoint=head.number,
            size=head.size,
        )
    else:
        report.bad(
            "not_included",
            f"证明路径不能从 {said} 得出检查点 {head.number} 的根",
            f"The path does not lead from {said} to the root of checkpoint {head.number}",
            leaf=said,
        )
    if earlier is not None:
        _told_growth(earlier, head, report, holds=proof.grew())
    return proof, head


def signed(note: str, keys: Sequence[PublicKey], report: Report) -> Checkpoint:
    """The checkpoint of a note, whose signature is checked. ``CheckpointError`` where it is none."""
    found = Checkpoint.parse(Note.parse(note).text)
    try:
        signer = Note.parse(note).signer(keys)
    except SignatureError as error:
        report.bad(
            "signature",
            f"检查点 {found.number} 的签名不成立：{error}",
            f"The signature of checkpoint {found.number} does not hold: {error}",
            checkpoint=found.number,
        )
        return found
    if signer.name != found.origin:
        report.bad(
            "signed_for_another_log",
            f"检查点 {found.number} 属于 {found.origin}，签名者却是 {signer.name}",
            f"Checkpoint {found.number} is of {found.origin}, but {signer.name} signed it",
            checkpoint=found.number,
        )
        return found
    report.good(
        "signature",
        f"检查点 {found.number}（{found.made_at.isoformat()}）由 {signer.name} 的密钥 {signer.id.hex()} 签名",
        f"Checkpoint {found.number} ({found.made_at.isoformat()}) was signed with key {signer.id.hex()} of {signer.name}",
        checkpoint=found.number,
        key=signer.vkey,
    )
    return found


def check_leaf(proof: ProofBundle, chain: Chain, sealed: dict[int, str], report: Report) -> None:
    """Holds the leaf against what was recomputed from the events and the seals."""
    leaf = proof.said()
    if not isinstance(leaf, CaseLeaf) or leaf.case != chain.case:
        report.bad("leaf_of_another", "证明不是本案的", "The proof is not of this case")
        return
    last = len(chain.links)
    if chain.at(leaf.seq) != (leaf.link, leaf.algorithm):
        report.bad(
            "leaf_and_chain_differ",
            f"检查点所记第 {leaf.seq} 条事件的链值与卷宗中的事件不符：事件被改动或截断",
            f"The checkpoint has another link for event {leaf.seq} than the events give: they were altered or cut",
            seq=leaf.seq,
        )
    else:
        report.good(
            "leaf",
            f"检查点所记的链值正是第 1 至 {leaf.seq} 条事件算出的",
            f"The link in the checkpoint is the one that events 1 to {leaf.seq} give",
            seq=leaf.seq,
        )
        if leaf.seq < last:
            report.note(
                "after_the_checkpoint",
                f"第 {leaf.seq + 1} 至 {last} 条事件在检查点之后，尚未受其保护",
                f"Events {leaf.seq + 1} to {last} came after the checkpoint and are not covered by it yet",
                first=leaf.seq + 1,
                last=last,
            )
    if leaf.run and sealed.get(leaf.run) != leaf.history:
        report.bad(
            "leaf_and_seal_differ",
            f"检查点所记第 {leaf.run} 轮流程历史的哈希与封存记录不符",
            f"The checkpoint has another hash for the engine history of run {leaf.run} than its seal",
            run=leaf.run,
        )
    elif leaf.run:
        report.good(
            "leaf_and_seal",
            f"检查点所记第 {leaf.run} 轮流程历史的哈希与封存记录一致",
            f"The checkpoint has the hash that run {leaf.run} was sealed with",
            run=leaf.run,
        )
    for run in sorted(each for each in sealed if each > leaf.run):
        report.note(
            "sealed_after_the_checkpoint",
            f"第 {run} 轮在检查点之后封存，尚未受其保护",
            f"Run {run} was sealed after the checkpoint and is not covered by it yet",
            run=run,
        )


def kept_checkpoint(note: str, keys: Sequence[PublicKey], report: Report) -> Checkpoint:
    """A checkpoint somebody kept, whose signature is checked too. ``UnreadableError``."""
    try:
        return signed(note, keys, report)
    except CheckpointError as error:
        raise UnreadableError(
            f"所保存的检查点无法读取：{error}", f"The checkpoint that was kept cannot be read: {error}"
        ) from error


def check_kept(
    note: str, proof: ProofBundle, head: Checkpoint, keys: Sequence[PublicKey], log: Read | None, report: Report
) -> None:
    """Whether the log of the proof and that of a checkpoint one kept are one log. ``log``: its files, if they are at hand."""
    kept = kept_checkpoint(note, keys, report)
    if kept == head:
        report.good(
            "same_as_kept",
            f"证明用的检查点 {head.number} 与您保存的相同",
            f"Checkpoint {head.number} of the proof is the one you kept",
        )
        return
    if proof.earlier and kept == Checkpoint.parse(Note.parse(proof.earlier).text):
        # That the log grew from it to the checkpoint of the proof is told with the proof.
        return
    before, after = sorted((kept, head), key=lambda each: (each.number, each.size))
    if log is None:
        report.bad(
            "kept_not_connected",
            f"证明未说明检查点 {before.number} 与 {after.number} 的关系；请用 --log 给出日志目录，"
            f"或请对方用 sanzhang audit proof --since {kept.number} 重新出具",
            f"The proof does not say how checkpoints {before.number} and {after.number} go together; give the log's folder "
            f"with --log, or have the proof made with sanzhang audit proof --since {kept.number}",
            kept=kept.number,
        )
        return
    try:
        hash_at = TileHashes(log, after.size, after.algorithm)
        path = consistency_proof(hash_at, before.size, after.size, after.algorithm)
    except ValueError as error:
        report.bad("log_unreadable", f"日志文件有误：{error}", f"The log's files are not as they must be: {error}")
        return
    _told_growth(before, after, report, holds=grew(before, after, path))


def _told_growth(before: Checkpoint, after: Checkpoint, report: Report, *, holds: bool) -> None:
    if holds:
        report.good(
            "consistency",
            f"从检查点 {before.number} 到 {after.number}，日志只增不改",
            f"From checkpoint {before.number} to {after.number} the log only grew",
            before=before.number,
            after=after.number,
        )
    else:
        report.bad(
            "not_consistent",
            f"检查点 {before.number} 与 {after.number} 不是同一份只增不改的日志：历史被改写",
            f"Checkpoints {before.number} and {after.number} are not of one log that only grew: the past was rewritten",
            before=before.number,
            after=after.number,
        )
