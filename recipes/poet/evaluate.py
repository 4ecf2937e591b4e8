"""Judges the exported file: held-out loss against the trigram, the form of shi and ci, verbatim and repeated lines.

    python evaluate.py --work work --model ../../assets/poet.gguf

Fixed seeds, temperature 0.8, top-p 0.95, nothing constrained and nothing discarded. Writes `log/evaluation.json`
and `log/samples.json`, which `card.py` puts into the model card.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

import prompts
from data import answer, read_poems
from export import load
from forms import MARKS, SHAPES, clause_lengths, clauses
from model import Poet
from ngram import Trigram
from sample import sample
from tokenizer import NEWLINE, Tokenizer

HERE = Path(__file__).parent
SEED = 7
# Fewer 五言绝句, since only 49 of the held-out ones have a title that no training poem bears.
SHI = {"五言绝句": 45, "七言绝句": 65, "五言律诗": 65, "七言律诗": 65}
CI, MIN_TUNE, MAX_TITLE = 60, 30, 12


def text_of(poem: dict[str, Any]) -> str:
    """The poem's characters without line breaks."""
    return "".join(poem["lines"])


def choose_poems(train: list[dict[str, Any]], held: list[dict[str, Any]]) -> tuple[list, list]:
    """240 held-out shi with titles no training poem has, and 60 held-out ci of tunes with enough training poems."""
    rng = random.Random(SEED)
    titles = {poem["title"] for poem in train}
    shi: list[dict[str, Any]] = []
    for form, count in SHI.items():
        fit = {p["title"]: p for p in held if p["form"] == form and 0 < len(p["title"]) <= MAX_TITLE and p["title"] not in titles}
        shi += rng.sample(sorted(fit.values(), key=lambda p: p["title"]), count)
    tunes: dict[str, int] = defaultdict(int)
    for poem in train:
        tunes[poem["tune"]] += 1
    ci = rng.sample([p for p in held if p["kind"] == "ci" and tunes[p["tune"]] >= MIN_TUNE], CI)
    return shi, ci


@torch.no_grad()
def losses(model: Poet, tokenizer: Tokenizer, poems: list[dict[str, Any]], conditional: bool) -> np.ndarray:
    """-ln P of every character of every poem (line breaks and the end are predicted too, but not counted)."""
    rows = []
    for i, poem in enumerate(poems):
        request = prompts.canonical(poem) if conditional else "写一首诗"
        question = tokenizer.prompt(request)
        rows.append((i, question, answer(tokenizer, poem)))
    out: list[np.ndarray] = [np.zeros(0)] * len(poems)
    rows.sort(key=lambda row: len(row[1]) + len(row[2]))
    for at in range(0, len(rows), 64):
        part = rows[at:at + 64]
        width = max(len(q) + len(a) for _, q, a in part) - 1
        tokens = torch.zeros(len(part), width, dtype=torch.long)
        for row, (_, q, a) in enumerate(part):
            tokens[row, :len(q) + len(a) - 1] = torch.tensor((q + a)[:-1])
        states = model.hidden(tokens, torch.ones(width, width, dtype=torch.bool).tril())
        for row, (i, q, a) in enumerate(part):
            logits = states[row, len(q) - 1:len(q) + len(a) - 1] @ model.token_embd.weight.T
            nats = -torch.log_softmax(logits, -1).gather(1, torch.tensor(a)[:, None])[:, 0].numpy()
            keep = np.array([token != NEWLINE for token in a[:-1]])
            out[i] = nats[:-1][keep]
    return np.concatenate(out)


def repeated(texts: list[str]) -> float:
    """Share of lines equal to an earlier line of the same poem."""
    lines = [clauses(text) for text in texts]
    return sum(len(l) - len(set(l)) for l in lines) / sum(len(l) for l in lines)


def verbatim(texts: list[str], known: set[str], least: int = 1) -> float:
    """Share of lines of at least `least` characters that stand in the training set."""
    lines = [c for text in texts for c in clauses(text) if len(c) >= least]
    return sum(c in known for c in lines) / max(1, len(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=HERE / "work")
    parser.add_argument("--model", type=Path, default=HERE / "../../assets/poet.gguf")
    parser.add_argument("--skip-loss", action="store_true", help="only the samples, for a quick look while training")
    parser.add_argument("--out", type=Path, default=HERE / "log")
    args = parser.parse_args()
    train, held = (read_poems(args.work / f"{name}.jsonl") for name in ("train", "held-out"))
    model, tokenizer = load(args.model)
    began = time.time()

    shi, ci = choose_poems(train, held)
    requests = [prompts.canonical(poem) for poem in shi + ci]
    replies = sample(model, tokenizer, requests, SEED * 1000)
    shi_replies, ci_replies = replies[:len(shi)], replies[len(shi):]
    shi_right = [clause_lengths(r) == (SHAPES[p["form"]][1],) * SHAPES[p["form"]][0] for p, r in zip(shi, shi_replies)]
    variants: dict[str, set[tuple[int, ...]]] = defaultdict(set)
    known: set[str] = set()
    for poem in train:
        known.update(clauses(text_of(poem)))
        if poem["kind"] == "ci":
            variants[poem["tune"]].add(clause_lengths(text_of(poem)))
    ci_right = [clause_lengths(r) in variants[p["tune"]] for p, r in zip(ci, ci_replies)]
    people = [text_of(p) for p in shi + ci]
    result: dict[str, Any] = {
        "model": args.model.name, "bytes": args.model.stat().st_size, "seed": SEED, "temperature": 0.8, "topP": 0.95,
        "shiForm": sum(shi_right) / len(shi_right),
        "shiByForm": {f: sum(ok for p, ok in zip(shi, shi_right) if p["form"] == f) / n for f, n in SHI.items()},
        "ciForm": sum(ci_right) / len(ci_right),
        "ciHeldOutPoemsForm": sum(clause_lengths(text_of(p)) in variants[p["tune"]] for p in ci) / len(ci),
        "verbatim": verbatim(replies, known), "verbatimShi": verbatim(shi_replies, known),
        "verbatimCi": verbatim(ci_replies, known), "verbatimFromFive": verbatim(replies, known, 5),
        "verbatimOfPeople": verbatim(people, known), "verbatimShiOfPeople": verbatim([text_of(p) for p in shi], known),
        "verbatimCiOfPeople": verbatim([text_of(p) for p in ci], known), "verbatimFromFiveOfPeople": verbatim(people, known, 5),
        "repeated": repeated(replies), "repeatedShi": repeated(shi_replies), "repeatedCi": repeated(ci_replies),
        "repeatedOfPeople": repeated(people),
        "lines": sum(len(clauses(r)) for r in replies),
        "ciMisses": [{"tune": p["tune"], "lengths": clause_lengths(r)} for p, r, ok in zip(ci, ci_replies, ci_right) if not ok],
        "sampleSeconds": round(time.time() - began, 1),
    }
    if not args.skip_loss:
        texts = [text_of(p) for p in held]
        han = np.array([c not in MARKS for c in "".join(texts)])
        baseline = Trigram([text_of(p) for p in train], tokenizer.characters).nats(texts)
        for name, nats in (("trigram", baseline), ("model", losses(model, tokenizer, held, True)),
                           ("modelWithoutTitle", losses(model, tokenizer, held, False))):
            result[f"{name}Nats"], result[f"{name}NatsHanOnly"] = float(nats.mean()), float(nats[han].mean())
        result["heldOutCharacters"] = len(han)
        result["gain"] = result["trigramNats"] - result["modelNats"]
    result = {k: round(v, 4) if isinstance(v, float) else v for k, v in result.items()}
    # 30 unselected samples: every tenth reply, in the order of the requests.
    samples = [{"request": requests[i], "reply": replies[i]} for i in range(0, 300, 10)]
    args.out.mkdir(exist_ok=True)
    (args.out / "evaluation.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    (args.out / "samples.json").write_text(json.dumps(samples, ensure_ascii=False, indent=1) + "\n")
    print(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
