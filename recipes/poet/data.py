"""Turns poems into packed training batches. Leans on the tokenizer and the prompts; the model never sees a poem
across another's edge, since attention is masked to the document."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import torch
from torch import Tensor

import prompts
from forms import MARKS, clause_lengths
from outline import outline
from tokenizer import END, NEWLINE, Tokenizer


def read_poems(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.open()]


def answer(tokenizer: Tokenizer, poem: dict[str, Any]) -> list[int]:
    """The poem as the model writes it: lines with newlines between, then <|end|>."""
    out: list[int] = []
    for i, line in enumerate(poem["lines"]):
        if i:
            out.append(NEWLINE)
        out.extend(tokenizer.encode(line))
    return [*out, END]


def structure_ids(tokenizer: Tokenizer) -> list[int]:
    """The ids that end a clause or a line, or follow such an end: marks, line break, <|end|>."""
    return [NEWLINE, END, *(tokenizer.ids[mark] for mark in MARKS)]


@dataclass
class Batch:
    """One micro-batch of packed documents.

    tokens [sequences, length]; mask [sequences, 1, length, length], True where attention is allowed;
    where, targets, weights [positions]: the flat positions that predict an answer's token, padded with weight 0;
    outlines [positions, 3]: what `outline.py` asks there.
    """

    tokens: Tensor
    mask: Tensor
    where: Tensor
    targets: Tensor
    weights: Tensor
    outlines: Tensor


def variant_shares(poems: list[dict[str, Any]]) -> list[float]:
    """For each poem, how far it stands for its tune: 1 for shi and for a tune's commonest clause lengths, less for rarer
    ones in proportion, and 0.3 of that for tunes with fewer than 30 poems."""
    counts: dict[str, Counter[tuple[int, ...]]] = defaultdict(Counter)
    shapes = [clause_lengths("".join(poem["lines"])) if poem["kind"] == "ci" else () for poem in poems]
    for poem, shape in zip(poems, shapes):
        counts[poem["tune"]][shape] += 1
    shares = []
    for poem, shape in zip(poems, shapes):
        of_tune = counts[poem["tune"]]
        rare = 0.3 if of_tune.total() < 30 else 1.0
        shares.append(rare * of_tune[shape] / max(of_tune.values()) if shape else 1.0)
    return shares


class Stream:
    """An endless, seeded order over the poems, each repeated by its weight and freshly requested.

    weights: by form; common_variants: whether ci weigh by `variant_shares` too.
    """

    def __init__(self, poems: list[dict[str, Any]], tokenizer: Tokenizer, weights: dict[str, float], max_title: int,
                 seed: int, common_variants: bool = False) -> None:
        self.poems, self.tokenizer, self.weights, self.max_title = poems, tokenizer, weights, max_title
        self.shares = variant_shares(poems) if common_variants else [1.0] * len(poems)
        self.rng = random.Random(seed)
        self.queue: list[int] = []

    def next_document(self) -> tuple[list[int], list[int]]:
        if not self.queue:
            for i, poem in enumerate(self.poems):
                weight = self.weights[poem["form"]] * self.shares[i]
                copies = int(weight) + (self.rng.random() < weight % 1)
                self.queue.extend([i] * copies)
            self.rng.shuffle(self.queue)
        poem = self.poems[self.queue.pop()]
        return self.tokenizer.prompt(prompts.draw(poem, self.rng, self.max_title)), answer(self.tokenizer, poem)

    def documents(self) -> Iterator[tuple[list[int], list[int]]]:
        """Documents, one in twenty-five of them followed by a second turn in the same conversation."""
        while True:
            question, reply = self.next_document()
            if self.rng.random() < 0.04:
                second, more = self.next_document()
                yield question + reply + second[1:], more
            else:
                yield question, reply


def pack(documents: Iterator[tuple[list[int], list[int]]], sequences: int, length: int, carry: list,
         structure: set[int]) -> Batch:
    """Packs whole documents greedily into `sequences` rows; what does not fit waits in `carry`."""
    tokens = torch.zeros(sequences, length, dtype=torch.long)
    ids = torch.full((sequences, length), -1, dtype=torch.long)
    where: list[int] = []
    targets: list[int] = []
    outlines: list[tuple[int, int, int]] = []
    for row in range(sequences):
        at, number = 0, 0
        while at < length:
            while len(carry) < 24:
                carry.append(next(documents))
            fit = next((i for i, (q, a) in enumerate(carry) if len(q) + len(a) - 1 <= length - at), None)
            if fit is None:
                carry[:] = [d for d in carry if len(d[0]) + len(d[1]) - 1 <= length]
                break
            question, reply = carry.pop(fit)
            whole = question + reply
            n = len(whole) - 1  # the last token is only ever a target
            tokens[row, at:at + n] = torch.tensor(whole[:-1])
            ids[row, at:at + n] = number
            first = len(question) - 1
            where.extend(row * length + at + i for i in range(first, n))
            targets.extend(reply)
            outlines.extend(outline(reply, structure))
            at, number = at + n, number + 1
    room = sequences * length * 7 // 8
    weights = [1.0] * min(len(where), room) + [0.0] * (room - len(where))
    where = (where + [0] * room)[:room]
    targets = (targets + [0] * room)[:room]
    outlines = (outlines + [(0, 0, 0)] * room)[:room]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    mask = (ids[:, :, None] == ids[:, None, :]) & causal
    return Batch(tokens, mask[:, None], torch.tensor(where), torch.tensor(targets), torch.tensor(weights),
                 torch.tensor(outlines))
