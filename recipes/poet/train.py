"""Trains the poet, resumably, on a warm-up, stable, linear-decay schedule counted in steps.

    python train.py --work work                       # starts, or goes on from work/checkpoint.pt
    echo '{"start": 1800, "steps": 700}' > work/decay.json   # says when to decay; read while it runs

The stable phase has no fixed end: the decay is asked for when compute runs out. The decay also moves the mix of
forms to `decayWeights`. Every step is written to `log.jsonl` in the work folder.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import torch

from data import Batch, Stream, pack, read_poems
from model import ModelConfig, Poet
from muon import Muon
from tokenizer import Tokenizer

HERE = Path(__file__).parent


def rate(step: int, warmup: int, decay: dict[str, int] | None) -> float:
    """The learning rate's factor at a step: up in `warmup`, flat, then linearly to zero over the decay."""
    factor = min(1.0, (step + 1) / warmup)
    if decay and step >= decay["start"]:
        factor *= max(0.0, 1 - (step - decay["start"]) / decay["steps"])
    return factor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=HERE / "work")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    config = json.loads((HERE / "config.json").read_text())
    settings, data = config["train"], config["data"]
    torch.manual_seed(settings["seed"])
    tokenizer = Tokenizer.load(args.work / "characters.json")
    model = Poet(ModelConfig(**config["model"])).to(args.device)
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and n != "token_embd.weight"]
    others = [p for n, p in model.named_parameters() if p.ndim == 1 or n == "token_embd.weight"]
    muon = Muon(matrices, lr=settings["muonLr"], momentum=settings["muonMomentum"])
    adam = torch.optim.AdamW(others, lr=settings["adamLr"], betas=tuple(settings["adamBetas"]), weight_decay=0.0)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {args.device}", flush=True)

    step, tokens_seen, predicted, spent = 0, 0, 0, 0.0
    checkpoint = args.work / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(saved["model"])
        muon.load_state_dict(saved["muon"])
        adam.load_state_dict(saved["adam"])
        step, tokens_seen, predicted, spent = (saved[k] for k in ("step", "tokens", "predicted", "seconds"))
        print(f"resumed at step {step}", flush=True)

    # A resumed stream takes another seed, so that it draws a fresh order.
    poems = read_poems(args.work / "train.jsonl")
    stream = Stream(poems, tokenizer, data["weights"], data["maxTitle"], settings["seed"] + step)
    documents, carry = stream.documents(), []
    length, micro = settings["sequenceLength"], settings["microSequences"]
    held = Stream(read_poems(args.work / "held-out.jsonl"), tokenizer, dict.fromkeys(data["weights"], 1), data["maxTitle"], 1)
    held_documents, held_carry = held.documents(), []
    held_batches = [pack(held_documents, micro, length, held_carry) for _ in range(settings["evalSequences"] // micro)]

    def loss_of(batch: Batch) -> torch.Tensor:
        on = [t.to(args.device) for t in (batch.tokens, batch.mask, batch.where, batch.targets, batch.weights)]
        with torch.autocast(args.device, dtype=torch.bfloat16):
            return compiled(*on)

    compiled = torch.compile(model.loss) if args.compile else model.loss
    accumulate = settings["batchSequences"] // micro
    decaying = False
    log = (args.work / "log.jsonl").open("a")
    while True:
        began = time.time()
        wish = args.work / "decay.json"
        decay = json.loads(wish.read_text()) if wish.exists() else None
        if decay and step >= decay["start"] + decay["steps"]:
            break
        if decay and step >= decay["start"] and not decaying:
            decaying, stream.weights, stream.queue = True, data["decayWeights"], []
        factor = rate(step, settings["warmupSteps"], decay)
        muon.param_groups[0]["lr"] = settings["muonLr"] * factor
        adam.param_groups[0]["lr"] = settings["adamLr"] * factor
        total = 0.0
        for _ in range(accumulate):
            batch = pack(documents, micro, length, carry)
            loss = loss_of(batch) / accumulate
            loss.backward()
            total += loss.item()
            tokens_seen += batch.tokens.numel()
            predicted += int(batch.weights.sum())
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        muon.step()
        adam.step()
        model.zero_grad(set_to_none=True)
        step += 1
        spent += time.time() - began
        record = {"step": step, "loss": round(total, 4), "rate": round(factor, 4), "tokens": tokens_seen,
                  "predicted": predicted, "seconds": round(spent, 1)}
        last = bool(decay) and step >= decay["start"] + decay["steps"]
        if step % settings["evalEvery"] == 0 or last:
            with torch.no_grad():
                record["heldOut"] = round(sum(loss_of(b).item() for b in held_batches) / len(held_batches), 4)
        log.write(json.dumps(record) + "\n")
        log.flush()
        if step % 10 == 0 or last:
            print(json.dumps(record), flush=True)
        if step % settings["checkpointEvery"] == 0 or last:
            state = {"model": model.state_dict(), "muon": muon.state_dict(), "adam": adam.state_dict(), "step": step,
                     "tokens": tokens_seen, "predicted": predicted, "seconds": spent}
            torch.save(state, checkpoint.with_suffix(".tmp"))
            os.replace(checkpoint.with_suffix(".tmp"), checkpoint)


if __name__ == "__main__":
    main()
