# Trains the clerk: Llama's forward pass in PyTorch, Muon and AdamW; stop and start it as you like.
#
#     python train.py work [--seconds 1800] [--processes 2]
#
# A process has one thread and rows of its own; gradients are averaged.
import argparse, json, os, random, time
import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

p = argparse.ArgumentParser()
p.add_argument("work")
p.add_argument("--steps", type=int, default=4000)
p.add_argument("--seconds", type=float, default=1e9, help="ends, with its rate fallen, after so long")
p.add_argument("--decay", type=float, default=0.25, help="share of the run in which the rate falls")
p.add_argument("--processes", type=int, default=1)
p.add_argument("--tokens", type=int, default=1536, help="of a process's batch, padding included")
p.add_argument("--longest", type=int, default=704)
a = p.parse_args()

tokenizer = Tokenizer.from_file(f"{a.work}/model/tokenizer.json")


def read(path, most=None):
    rows = []
    for at, line in enumerate(open(path)):
        if most is not None and at == most:
            break
        ids, learned = [], []
        for message in json.loads(line)["messages"]:
            part = tokenizer.encode(message["content"], add_special_tokens=False).ids
            ids += part
            learned += [message["role"] == "assistant"] * len(part)
        if len(ids) <= a.longest:
            rows.append((ids, learned))
    return rows


def batches(rows, order):
    """Of rows of like length, so that little is padding."""
    for start in range(0, len(order), 256):
        chunk = sorted(order[start : start + 256], key=lambda i: len(rows[i][0]))
        made, batch = [], []
        for i in chunk:
            if batch and (len(batch) + 1) * len(rows[i][0]) > a.tokens:
                made.append(batch)
                batch = []
            batch.append(i)
        made.append(batch)
        random.shuffle(made)
        yield from made


def tensors(rows, batch):
    width = max(len(rows[i][0]) for i in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    labels = torch.full((len(batch), width), -100)
    for at, i in enumerate(batch):
        row, learned = (torch.tensor(x) for x in rows[i])
        ids[at, : len(row)] = row
        labels[at, : len(row)] = torch.where(learned, row, -100)
    return ids, labels


def loss_of(model, rows, batch):
    ids, labels = tensors(rows, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.model(ids).last_hidden_state[:, :-1]
        target = labels[:, 1:]
        at = target != -100  # only these are asked of the vocabulary
        logits = model.lm_head(hidden[at])
    return torch.nn.functional.cross_entropy(logits.float(), target[at]), int(at.sum())


def newton_schulz(g):
    x = g.bfloat16() / (g.norm() + 1e-7)
    flip = x.shape[0] > x.shape[1]
    x = x.T if flip else x
    for _ in range(5):
        s = x @ x.T
        x = 3.4445 * x + (-4.7750 * s + 2.0315 * s @ s) @ x
    return (x.T if flip else x).float()


def average(parameters):
    if a.processes == 1:
        return
    flat = torch.cat([q.grad.flatten() for q in parameters])
    distributed.all_reduce(flat)
    at = 0
    for q in parameters:
        q.grad.copy_(flat[at : at + q.numel()].view_as(q) / a.processes)
        at += q.numel()


def agreed(value):
    """What the first process says, so that all end together."""
    if a.processes == 1:
        return value
    said = torch.tensor([value], dtype=torch.float64)
    distributed.broadcast(said, 0)
    return said.item()


def train(rank):
    torch.set_num_threads(1)
    torch.manual_seed(18)
    if a.processes > 1:
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        os.environ.setdefault("MASTER_PORT", "29718")
        distributed.init_process_group("gloo", rank=rank, world_size=a.processes)
    model = LlamaForCausalLM(LlamaConfig(**json.load(open(f"{a.work}/model/config.json")))).float()
    inside = [q for n, q in model.named_parameters() if q.ndim == 2 and "embed" not in n and "lm_head" not in n]
    others = [q for n, q in model.named_parameters() if not any(q is r for r in inside)]
    adam = torch.optim.AdamW(others, lr=0.003, betas=(0.9, 0.95), weight_decay=0.0)
    moments = [torch.zeros_like(q) for q in inside]
    parameters = list(model.parameters())
    path = f"{a.work}/state.pt"
    step, spent, seen = 0, 0.0, 0
    if os.path.exists(path):
        state = torch.load(path)
        model.load_state_dict(state["model"])
        adam.load_state_dict(state["adam"])
        moments, step, spent, seen = state["moments"], state["step"], state["spent"], state["seen"]
    rows, held = read(f"{a.work}/train.jsonl"), read(f"{a.work}/held-out.jsonl")
    print(sum(q.numel() for q in model.parameters()), "parameters", len(rows), "rows, from step", step, flush=True)


    def save():
        torch.save(dict(model=model.state_dict(), adam=adam.state_dict(), moments=moments, step=step, spent=spent, seen=seen), path + ".new")
        os.replace(path + ".new", path)


    log = open(f"{a.work}/log.jsonl", "a")
    began, start, total = time.time(), step, 0.0
    random.seed(step * a.processes + rank)
    ended = False
    while not ended:
        order = list(range(rank, len(rows), a.processes))
        random.shuffle(order)
        for batch in batches(rows, order):
            done = agreed(max((step - start) / max(1, a.steps - start), (time.time() - began) / a.seconds))
            if done >= 1:
                ended = True
                break
            rate = min(1, (step + 1) / 30) * min(1, max(0.02, (1 - done) / a.decay))
            loss, count = loss_of(model, rows, batch)
            loss.backward()
            average(parameters)
            torch.nn.utils.clip_grad_norm_(others, 1.0)
            for group in adam.param_groups:
                group["lr"] = 0.003 * rate
            adam.step()
            with torch.no_grad():
                for q, m in zip(inside, moments):
                    m.mul_(0.95).add_(q.grad)
                    q.add_(newton_schulz(q.grad.add(m, alpha=0.95)), alpha=-0.02 * rate * max(1, q.shape[0] / q.shape[1]) ** 0.5)
            model.zero_grad(set_to_none=True)
            step += 1
            seen += a.processes * sum(len(rows[i][0]) for i in batch)
            total += loss.item()
            if step % 20 == 0 and rank == 0:
                seconds = time.time() - began
                line = dict(step=step, loss=round(total / 20, 4), rate=round(rate, 3), tokens=seen, seconds=round(spent + seconds))
                if step % 100 == 0:
                    model.eval()
                    with torch.no_grad():
                        parts = [loss_of(model, held, held_batch) for held_batch in batches(held, list(range(150)))]
                    model.train()
                    line["held"] = round(sum(float(l) * n for l, n in parts) / sum(n for _, n in parts), 4)
                print(json.dumps(line), flush=True)
                log.write(json.dumps(line) + "\n")
                log.flush()
                total = 0.0
            if step % 100 == 0 and rank == 0:
                was, spent = spent, spent + time.time() - began
                save()
                spent = was
    spent += time.time() - began
    if rank == 0:
        save()
        model.save_pretrained(f"{a.work}/clerk")
        print(json.dumps(dict(steps=step, tokens=seen, seconds=round(spent))))


if __name__ == "__main__":
    if a.processes == 1:
        train(0)
    else:
        multiprocessing.spawn(train, nprocs=a.processes)
