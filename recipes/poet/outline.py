"""Training-only heads that ask every position for the poem's outline; they are not part of the exported model.

A ci tune is a fixed sequence of some twenty clause lengths. Next-character loss teaches it slowly, since it shows only
where a clause happens to end. These heads ask at each position for the characters left in the clause, the length of
the next clause and the number of clauses left, so that the states carry the tune's outline from the first character on.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

SIZES = (12, 12, 40)


def outline(reply: list[int], structure: set[int]) -> list[tuple[int, int, int]]:
    """For each token of a reply: characters from it to the next mark, length of the clause after, clauses after.

    structure: the ids of marks, line break and end. Each number is capped by SIZES.
    """
    lengths: list[int] = []
    at = 0
    clause_of: list[int] = []
    left: list[int] = []
    for token in reply:
        if token in structure:
            if at:
                lengths.append(at)
            at = 0
            clause_of.append(max(0, len(lengths) - 1))
        else:
            clause_of.append(len(lengths))
            at += 1
    run = 0
    for token in reversed(reply):
        run = 0 if token in structure else run + 1
        left.append(run)
    left.reverse()
    following = [*lengths[1:], 0, 0]
    return [(min(here, SIZES[0] - 1), min(following[k], SIZES[1] - 1), min(len(lengths) - 1 - k, SIZES[2] - 1))
            for here, k in zip(left, clause_of)]


class OutlineHeads(nn.Module):
    """Three linear readings of the final states."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(hidden_size, size, bias=True) for size in SIZES)

    def loss(self, states: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        """Sum of the three mean cross-entropies; states [positions, hidden], labels [positions, 3], weights [positions]."""
        total = weights.sum()
        parts = [(F.cross_entropy(head(states).float(), labels[:, i], reduction="none") * weights).sum() / total
                 for i, head in enumerate(self.heads)]
        return sum(parts[1:], parts[0])
