"""Which category a text speaks of: by whole words first, by shared pairs of characters where the words differ."""

from __future__ import annotations

from math import exp, sqrt

from schemas.proposals.proposal import Proposal, folded, quoted
from schemas.proposals.taxonomy import Taxonomy

READ_CHARACTERS = 2_000
"""A matter is named early; what comes after is its story."""

_SUBJECT_WEIGHT = 2.5
_SURE_SCORE = 8.0
_FAINTEST_SCORE = 1.5


def propose_category(taxonomy: Taxonomy, subject: str, text: str) -> Proposal:
    """The path ``一级/二级/三级`` of the closest category; ``None`` when nothing points to any.

    The subject counts word by word and pair by pair; the text only by whole words, because a long text holds pairs of
    everything.
    """
    index = taxonomy.index
    head, body = folded(subject), folded(text[:READ_CHARACTERS])
    head_pairs, body_pairs = _pairs(head), _pairs(body)
    scores = [0.0] * len(taxonomy.rows)
    for pair in head_pairs & index.pairs.keys():
        for row, worth in index.pairs[pair]:
            scores[row] += _SUBJECT_WEIGHT * worth / sqrt(1 + index.totals[row])
    said: dict[int, list[str]] = {}
    for word, rows in index.words.items():
        if word[:2] not in head_pairs and word[:2] not in body_pairs:
            continue
        weight = _SUBJECT_WEIGHT if word in head else 1.0 if word in body else 0.0
        if weight:
            for row, worth in rows:
                scores[row] += weight * worth
                said.setdefault(row, []).append(word)
    best = max(range(len(scores)), key=scores.__getitem__)
    if scores[best] < _FAINTEST_SCORE:
        return Proposal(
            value=None,
            confidence=0,
            why="文中没有与任何分类相近的说法。",
            why_en="Nothing in the text is close to any category.",
        )
    runner_up = max((score for row, score in enumerate(scores) if row != best), default=0.0)
    margin = 1 - runner_up / scores[best]
    confidence = (1 - exp(-scores[best] / _SURE_SCORE)) * (0.5 + 0.5 * margin)
    words = sorted(said.get(best, []), key=len, reverse=True)
    return Proposal(
        value=taxonomy.rows[best].path,
        confidence=round(confidence, 2),
        why=f"文中提到{quoted(words)}。" if words else "用字与该分类的名称相近。",
        why_en=f"The text mentions {quoted(words)}." if words else "The wording is close to the category's name.",
    )


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}
