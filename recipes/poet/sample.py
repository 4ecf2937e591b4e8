"""Draws replies from the model: temperature first, then top-p, one seeded generator a reply.

Used by the evaluation; `python sample.py REQUEST...` prints replies to the requests given.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor

from export import load
from model import Poet
from tokenizer import END, Tokenizer

HERE = Path(__file__).parent


def choose(logits: Tensor, temperature: float, top_p: float, generator: torch.Generator) -> int:
    """One token from logits [vocab], out of the fewest that together hold `top_p`."""
    probabilities = torch.softmax(logits / temperature, dim=-1)
    ranked, order = probabilities.sort(descending=True)
    ranked[ranked.cumsum(0) - ranked >= top_p] = 0
    return int(order[torch.multinomial(ranked, 1, generator=generator)])


@torch.no_grad()
def sample(model: Poet, tokenizer: Tokenizer, requests: list[str], seed: int, temperature: float = 0.8,
           top_p: float = 0.95, limit: int = 320) -> list[str]:
    """A reply to each request; reply i depends on `seed + i` and its request only."""
    prompts = [tokenizer.prompt(request) for request in requests]
    groups: dict[int, list[int]] = defaultdict(list)
    for i, prompt in enumerate(prompts):
        groups[len(prompt)].append(i)
    replies: list[list[int]] = [[] for _ in prompts]
    generators = [torch.Generator().manual_seed(seed + i) for i in range(len(prompts))]
    for length, rows in groups.items():
        causal = torch.ones(length, length, dtype=torch.bool).tril()
        logits, past = model.step(torch.tensor([prompts[i] for i in rows]), 0, None, causal)
        open_rows = set(rows)
        for at in range(length, length + limit):
            chosen = []
            for i, row in zip(rows, logits):
                token = choose(row.float(), temperature, top_p, generators[i]) if i in open_rows else END
                chosen.append([token])
                if token == END:
                    open_rows.discard(i)
                else:
                    replies[i].append(token)
            if not open_rows or at >= model.config.contextLength:
                break
            logits, past = model.step(torch.tensor(chosen), at, past, None)
    return [tokenizer.decode(reply) for reply in replies]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=HERE / "../../assets/poet.gguf")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("requests", nargs="+")
    args = parser.parse_args()
    model, tokenizer = load(args.model)
    for request, reply in zip(args.requests, sample(model, tokenizer, args.requests, args.seed)):
        print(f"〔{request}〕\n{reply}\n")


if __name__ == "__main__":
    main()
