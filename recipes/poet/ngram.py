"""An interpolated modified Kneser-Ney trigram over the characters of the training poems: the bar's baseline.

Each poem is its characters with punctuation and without line breaks, after two begin symbols. Counts are held as
sorted integer keys, so that fourteen million characters fit in a few hundred megabytes.
"""

from __future__ import annotations

import numpy as np

BEGIN = 0


class Level:
    """One order's table: P(w | h) = max(c(hw) - D(c), 0) / c(h·) + backoff(h) · lower."""

    def __init__(self, contexts: np.ndarray, words: np.ndarray, base: int) -> None:
        """contexts, words: one row an n-gram occurrence (top order) or an n-gram type (continuation counts)."""
        self.base = base
        self.keys, self.counts = np.unique(contexts * base + words, return_counts=True)
        n1, n2, n3, n4 = ((self.counts == k).sum() for k in (1, 2, 3, 4))
        y = n1 / (n1 + 2 * n2)
        self.discounts = np.array([0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
        discount = self.discounts[np.minimum(self.counts, 3)]
        heads, starts = np.unique(self.keys // base, return_index=True)
        self.heads = heads
        self.totals = np.add.reduceat(self.counts, starts)
        self.backoff = np.add.reduceat(discount, starts) / self.totals

    def probability(self, contexts: np.ndarray, words: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """P(word | context) for each row, given the lower order's probabilities; the lower where the context is new."""
        at = np.minimum(np.searchsorted(self.heads, contexts), len(self.heads) - 1)
        known = self.heads[at] == contexts
        keys = contexts * self.base + words
        found = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        counts = np.where(self.keys[found] == keys, self.counts[found], 0)
        direct = np.maximum(counts - self.discounts[np.minimum(counts, 3)], 0) / self.totals[at]
        return np.where(known, direct + self.backoff[at] * lower, lower)


class Trigram:
    """Trained on texts; `nats` gives each character's negative log-probability."""

    def __init__(self, texts: list[str], characters: list[str]) -> None:
        self.ids = {c: i + 1 for i, c in enumerate(characters)}
        self.base = len(characters) + 1
        u, v, w = self._rows(texts)
        self.three = Level(u * self.base + v, w, self.base)
        vw = np.unique(self.three.keys)  # distinct u v w
        self.two = Level((vw // self.base) % self.base, vw % self.base, self.base)
        pairs = self.two.keys
        self.one = np.bincount(pairs % self.base, minlength=self.base).astype(float)
        self.one_discount = 0.75

    def _rows(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        flat = np.fromiter((i for t in texts for i in (BEGIN, BEGIN, *(self.ids[c] for c in t))), dtype=np.int64)
        keep = flat[2:] != BEGIN
        return flat[:-2][keep], flat[1:-1][keep], flat[2:][keep]

    def nats(self, texts: list[str]) -> np.ndarray:
        """-ln P of every character of every text, in order."""
        u, v, w = self._rows(texts)
        total, seen = self.one.sum(), (self.one > 0).sum()
        uniform = 1.0 / (self.base - 1)
        lower = np.maximum(self.one[w] - self.one_discount, 0) / total + self.one_discount * seen / total * uniform
        lower = self.two.probability(v, w, lower)
        return -np.log(self.three.probability(u * self.base + v, w, lower))
