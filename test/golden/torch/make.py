# Makes the PyTorch files beside it: `python make.py`, in this folder, with torch 2.13 and safetensors. Weights come from
# ../families, so that the tests compare the bytes of both formats.
import argparse
import json
from collections import OrderedDict

import numpy
import torch
from safetensors.torch import load_file, save_file

weights = lambda family: OrderedDict(load_file(f"../families/{family}/model.safetensors"))

# One file, as save_pretrained wrote it.
torch.save(weights("codellama"), "codellama.bin")

# Shards with their index.
mistral = weights("mistral")
names = list(mistral)
index = {"metadata": {"total_size": sum(t.nbytes for t in mistral.values())}, "weight_map": {}}
for i in range(2):
    file = f"pytorch_model-{i + 1:05d}-of-00002.bin"
    part = OrderedDict((name, mistral[name]) for name in (names[:9] if i == 0 else names[9:]))
    torch.save(part, f"mistral/{file}")
    index["weight_map"].update({name: file for name in part})
with open("mistral/pytorch_model.bin.index.json", "w") as out:
    json.dump(index, out, indent=1)

# What a training program keeps: weights under "state_dict", as parameters, views, transposed, shared, of every type.
torch.manual_seed(4)
base = torch.randn(6, 8)
tensors = OrderedDict(
    f32=torch.randn(3, 5),
    parameter=torch.nn.Parameter(torch.randn(4)),
    buffer_parameter=torch.nn.Parameter(torch.randn(2, 2), requires_grad=False),
    transposed=torch.randn(5, 7).t(),
    transposed_bf16=torch.randn(3, 4).bfloat16().t(),
    transposed_i8=torch.arange(6, dtype=torch.int8).reshape(2, 3).t(),
    rows=base[2:4],
    tail=base[5],
    tied=base,
    tied_again=base,
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    one_column=torch.randn(4, 1),
    bf16=torch.randn(2, 3).bfloat16(),
    f16=torch.randn(2, 3).half(),
    f64=torch.randn(2, 3).double(),
    i64=torch.tensor([1, -2, 3]),
    i32=torch.tensor([1, -2, 3], dtype=torch.int32),
    i16=torch.tensor([1, -2, 3], dtype=torch.int16),
    i8=torch.tensor([1, -2, 3], dtype=torch.int8),
    u8=torch.tensor([1, 2, 253], dtype=torch.uint8),
    bool=torch.tensor([True, False, True]),
)
tensors["的"] = torch.ones(2)
kept = {
    "state_dict": tensors,
    "epoch": 3,
    "loss": 0.25,
    "steps": 2**40,
    "options": {"dtype": torch.float16, "size": torch.Size([2, 3]), "names": ["a", None, True], "digest": b"\0\1\xff"},
}
for protocol in (2, 3, 4, 5):
    torch.save(kept, f"odd-{protocol}.pt", pickle_protocol=protocol)
save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, "odd.safetensors")

# A module's own state_dict carries its versions as an attribute; before 1.6 files were no archives.
torch.manual_seed(5)
module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
torch.save(module.state_dict(), "module-state.pt")
torch.save(module.state_dict(), "module-state-old.pt", _use_new_zipfile_serialization=False)
save_file(module.state_dict(), "module-state.safetensors")

# What is refused.
torch.save(module, "refused/module.pt")
torch.save({"w": torch.zeros(2), "args": argparse.Namespace(lr=0.1)}, "refused/namespace.pt")
torch.save({"w": torch.zeros(2), "loss": numpy.float64(0.5)}, "refused/numpy.pt")
torch.save({"w": torch.zeros(2).to(torch.float8_e4m3fn)}, "refused/float8.pt")
torch.save({"w": torch.eye(3).to_sparse()}, "refused/sparse.pt")
torch.save({"w": torch.zeros(2, 3, 4).permute(2, 0, 1)}, "refused/permuted.pt")
torch.save({"w": torch.zeros(1).expand(5)}, "refused/expanded.pt")
torch.save({"layers": {"w": torch.zeros(2)}}, "refused/nested.pt")
torch.save([torch.zeros(2)], "refused/list.pt")
torch.jit.script(module).save("refused/script.pt")
