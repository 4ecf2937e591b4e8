"""Logits of transformers, or of an adapter in PEFT, for test/training-outside.test.ts.

Reads {"tokens", "folders", "base", "adapters"} from standard input; prints a list of logits [tokens, vocabulary] for each
folder, then for each adapter beside the base.
"""

import json
import sys

sys.path.pop(0)  # this folder, where tokenizers.py is no library

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

asked = json.load(sys.stdin)
tokens = torch.tensor([asked["tokens"]])


def opened(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


models = [opened(folder) for folder in asked["folders"]]
models += [PeftModel.from_pretrained(opened(asked["base"]), folder) for folder in asked["adapters"]]
with torch.no_grad():
    json.dump([model.eval()(tokens).logits[0].double().tolist() for model in models], sys.stdout)
