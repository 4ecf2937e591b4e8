# One round of the same training by PyTorch on the CPU, eager, float32: a line of JSON with tokens a second.
import json, sys, time
import torch
from transformers import AutoConfig, AutoModelForCausalLM

settings = json.loads(sys.argv[1])
torch.set_num_threads(settings["threads"])
config = AutoConfig.from_pretrained(settings["folder"])
model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=torch.float32).train()
if settings["lora"]:
    class LoRA(torch.nn.Module):
        def __init__(self, base, r):
            super().__init__()
            self.base, self.scale = base, 2.0
            self.a = torch.nn.Parameter(torch.randn(r, base.in_features) * 0.01)
            self.b = torch.nn.Parameter(torch.zeros(base.out_features, r))
        def forward(self, x):
            return self.base(x) + self.scale * ((x @ self.a.T) @ self.b.T)
    for p in model.parameters():
        p.requires_grad_(False)
    for module in list(model.model.layers.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.Linear):
                setattr(module, name, LoRA(child, settings["lora"]))
if settings.get("compile"):
    model = torch.compile(model)
learned = [p for p in model.parameters() if p.requires_grad]
adamw = torch.optim.AdamW(learned, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0)
rows, length = settings["rows"], settings["length"]
times = []
for step in range(settings["steps"]):
    ids = ((torch.arange(rows * length) * 7919 + step * 104729) % config.vocab_size).reshape(rows, length)
    began = time.perf_counter()
    logits = model(input_ids=ids, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, config.vocab_size), ids[:, 1:].reshape(-1))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(learned, 1.0)
    adamw.step()
    adamw.zero_grad()
    times.append(time.perf_counter() - began)
print(json.dumps({"tokensPerSecond": rows * length / min(times[1:])}))
