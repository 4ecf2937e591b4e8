"""Trains the poet, resumably, on a warm-up, stable, linear-decay schedule counted in steps.

    python train.py --work work                       # starts, or goes on from work/checkpoint.pt
    echo '{"start": 1800, "steps": 700}' > work/decay.json   # says when to decay; read while it runs

The stable phase has no fixed end: the decay is asked for when compute runs out. The mix of forms changes at the steps
that the configuration names; training began with the first mix only. Every step is written to `log.jsonl` in the work folder.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import torch

from data import Batch, Stream, pack, read_poems, structure_ids
from model import ModelConfig, Poet
from muon import Muon
from outline import OutlineHeads
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
    heads = OutlineHeads(config["model"]["hiddenSize"]).to(args.device)
    others += list(heads.parameters())
    adam = torch.optim.AdamW(others, lr=settings["adamLr"], betas=tuple(settings["adamBetas"]), weight_decay=0.0)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {args.device}", flush=True)

    step, tokens_seen, predicted, spent = 0, 0, 0, 0.0
    checkpoint = args.work / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(saved["model"])
        muon.load_state_dict(saved["muon"])
        adam.load_state_dict(saved["adam"])
        heads.load_state_dict(saved["heads"])
        step, tokens_seen, predicted, spent = (saved[k] for k in ("step", "tokens", "predicted", "seconds"))
        print(f"resumed at step {step}", flush=True)

    # A resumed stream takes another seed, so that it draws a fresh order.
    poems = read_poems(args.work / "train.jsonl")
    mixes = config["mixes"]
    structure = torch.tensor(structure_ids(tokenizer))

    def mix_at(at: int) -> dict:
        return [mix for mix in mixes if mix["fromStep"] <= at][-1]

    def batches(at: int) -> Iterator[Batch]:
        """Micro-batches from step `at` on, in the mix of the step they are for."""
        accumulate, mix, documents, carry = settings["batchSequences"] // micro, None, iter(()), []
        while True:
            if mix is not mix_at(at):
                mix = mix_at(at)
                documents = Stream(poems, tokenizer, mix["weights"], data["maxTitle"], settings["seed"] + at,
                                   mix["commonVariants"]).documents()
            for _ in range(accumulate):
                yield pack(documents, micro, length, carry, set(structure.tolist()))
            at += 1

    length, micro = settings["sequenceLength"], settings["microSequences"]
    held = Stream(read_poems(args.work / "held-out.jsonl"), tokenizer, dict.fromkeys(mixes[0]["weights"], 1), data["maxTitle"], 1)
    held_documents, held_carry = held.documents(), []
    held_batches = [pack(held_documents, micro, length, held_carry, set(structure.tolist())) for _ in range(settings["evalSequences"] // micro)]

    def losses(tokens, mask, where, targets, weights, outlines, structure):
        loss, coarse, states = model.loss(tokens, mask, where, targets, weights, structure)
        return loss, coarse, heads.loss(states, outlines, weights)

    def loss_of(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        on = [t.to(args.device) for t in (batch.tokens, batch.mask, batch.where, batch.targets, batch.weights,
                                          batch.outlines, structure)]
        with torch.autocast(args.device, dtype=torch.bfloat16):
            return compiled(*on)

    compiled = torch.compile(losses) if args.compile else losses
    accumulate = settings["batchSequences"] // micro
    log_path = args.work / "log.jsonl"
    done = [line for line in log_path.open() if json.loads(line)["step"] <= step] if log_path.exists() else []
    log_path.write_text("".join(done))
    log = log_path.open("a")
    ahead = ThreadPoolExecutor(1)  # packs the next micro-batch while this one is computed
    source = batches(step)
    upcoming = ahead.submit(next, source)
    while True:
        began = time.time()
        wish = args.work / "decay.json"
        decay = json.loads(wish.read_text()) if wish.exists() else None
        if decay and step >= decay["start"] + decay["steps"]:
            break
        factor = rate(step, settings["warmupSteps"], decay)
        muon.param_groups[0]["lr"] = settings["muonLr"] * factor
        adam.param_groups[0]["lr"] = settings["adamLr"] * factor
        total, coarse, outlined = 0.0, 0.0, 0.0
        mix = mix_at(step)
        for _ in range(accumulate):
            batch = upcoming.result()
            upcoming = ahead.submit(next, source)
            loss, structural, outline_loss = loss_of(batch)
            whole = loss + mix["structureWeight"] * structural + mix["outlineWeight"] * outline_loss
            (whole / accumulate).backward()
            total += loss.item() / accumulate
            coarse += structural.item() / accumulate
            outlined += outline_loss.item() / accumulate
            tokens_seen += batch.tokens.numel()
            predicted += int(batch.weights.sum())
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        muon.step()
        adam.step()
        model.zero_grad(set_to_none=True)
        step += 1
        spent += time.time() - began
        record = {"step": step, "loss": round(total, 4), "structure": round(coarse, 4),
                  "outline": round(outlined, 4), "rate": round(factor, 4), "tokens": tokens_seen, "predicted": predicted, "seconds": round(spent, 1)}
        last = bool(decay) and step >= decay["start"] + decay["steps"]
        if step % settings["evalEvery"] == 0 or last:
            # Not under no_grad, which would compile the whole model once more.
            record["heldOut"] = round(sum(loss_of(b)[0].item() for b in held_batches) / len(held_batches), 4)
        log.write(json.dumps(record) + "\n")
        log.flush()
        if step % 10 == 0 or last:
            print(json.dumps(record), flush=True)
        if step % settings["checkpointEvery"] == 0 or last:
            state = {"model": model.state_dict(), "muon": muon.state_dict(), "adam": adam.state_dict(),
                     "heads": heads.state_dict(), "step": step, "tokens": tokens_seen, "predicted": predicted, "seconds": spent}
            torch.save(state, checkpoint.with_suffix(".tmp"))
            os.replace(checkpoint.with_suffix(".tmp"), checkpoint)


if __name__ == "__main__":
    main()
