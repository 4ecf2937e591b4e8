"""Makes families/NAME-OPTION: tiny random checkpoints of options that the published fixtures leave at their defaults.

Each has its config.json in the published spelling and golden runs by transformers 5.18 in float32 (torch 2.13, CPU):
    python family-options.py families
Qwen's own code is not in transformers: its oracle is Qwen2 with the base of its angles and the factors of its queries
computed here from the definitions in modeling_qwen.py (get_ntk_alpha, logn_list).
"""

import json
import math
import os
import sys
import zlib

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM, logging

logging.set_verbosity_error()
torch.set_num_threads(1)
VOCAB = 64
LENGTHS = (5, 40)
STEPS = 8
IDS = {"bos_token_id": 1, "eos_token_id": 2, "vocab_size": VOCAB}
LLAMA = {"hidden_size": 16, "intermediate_size": 20, "num_attention_heads": 4, "num_hidden_layers": 2, **IDS,
         "max_position_embeddings": 64, "hidden_act": "silu", "attention_bias": True}
GPT = {"n_embd": 16, "n_head": 2, "n_layer": 2, "n_positions": 64, "n_inner": 20, **IDS}
OPT = {"hidden_size": 16, "ffn_dim": 20, "num_attention_heads": 2, "num_hidden_layers": 2, **IDS,
       "max_position_embeddings": 64, "pad_token_id": 1, "word_embed_proj_dim": 16}

# name: (fields of config.json, notes)
OPTIONS = {
    "gpt2-depth": ({"model_type": "gpt2", **GPT, "scale_attn_by_inverse_layer_idx": True},
                   "Scores of layer l are divided by l + 1 besides."),
    "gptj-tied": ({"model_type": "gptj", **GPT, "rotary_dim": 4, "tie_word_embeddings": True},
                  "The head is the embedding, with a bias of its own."),
    "bloom-post": ({"model_type": "bloom", "n_embed": 24, "n_layer": 2, "num_attention_heads": 6, **IDS,
                    "apply_residual_connection_post_layernorm": True},
                   "What goes on beside a branch is the norm's output. Six heads: slopes of two powers."),
    "falcon-rw": ({"model_type": "falcon", "hidden_size": 24, "num_attention_heads": 6, "num_hidden_layers": 2, **IDS,
                   "alibi": True, "bias": True, "multi_query": False, "parallel_attn": False,
                   "new_decoder_architecture": False, "layer_norm_epsilon": 1e-5},
                  "ALiBi in bfloat16, scaled as the scores are. Eager attention of transformers adds it twice; this is sdpa."),
    "mpt-clip": ({"model_type": "mpt", "d_model": 16, "n_heads": 2, "n_layers": 2, "expansion_ratio": 4,
                  "max_seq_len": 64, **IDS, "attn_config": {"clip_qkv": 0.6, "softmax_scale": 0.3, "alibi": True}},
                 "Queries, keys and values are clipped."),
    "opt-bare": ({"model_type": "opt", **OPT, "enable_bias": False, "layer_norm_elementwise_affine": False},
                 "Norms without weights, products without biases."),
    "cohere-qk": ({"model_type": "cohere", **LLAMA, "num_key_value_heads": 2, "use_qk_norm": True,
                   "logit_scale": 0.5, "layer_norm_eps": 1e-5},
                  "Queries and keys are normalised head by head, each head with weights of its own."),
    "olmoe-clip": ({"model_type": "olmoe", **LLAMA, "num_key_value_heads": 2, "num_experts": 4,
                    "num_experts_per_tok": 2, "norm_topk_prob": True, "clip_qkv": 0.7, "rms_norm_eps": 1e-5},
                   "Clipped after the norm of queries and keys."),
    "phi3-long": ({"model_type": "phi3", "hidden_size": 32, "intermediate_size": 20, "num_attention_heads": 2,
                   "num_key_value_heads": 1, "num_hidden_layers": 2, **IDS, "pad_token_id": 0, "hidden_act": "silu",
                   "max_position_embeddings": 96, "original_max_position_embeddings": 24, "partial_rotary_factor": 0.75,
                   "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": False,
                   "rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.05, 1.1, 1.2, 1.3, 1.4],
                                    "long_factor": [1.1, 1.3, 1.7, 2.5, 3.2, 3.9]}},
                  "LongRoPE over three quarters of a head; the longer prompt is beyond the original context."),
    "qwen-long": ({"model_type": "qwen", "hidden_size": 16, "intermediate_size": 40, "num_attention_heads": 2,
                   "num_hidden_layers": 2, "kv_channels": 8, "seq_length": 24, "max_position_embeddings": 64, **IDS,
                   "use_dynamic_ntk": True, "use_logn_attn": True, "no_bias": True, "rotary_emb_base": 10000,
                   "rotary_pct": 1.0, "layer_norm_epsilon": 1e-6, "tie_word_embeddings": False},
                  "Log-n attention and dynamic NTK beyond seq_length. Both lengths and their continuations keep one alpha."),
}


def randomize(model, generator):
    """Norms near 1, biases near 0, matrices so that a layer keeps the size of its input."""
    with torch.no_grad():
        for name, values in model.named_parameters():
            noise = torch.randn(values.shape, generator=generator)
            is_norm = "norm" in name or ".ln_" in name or "ln_f" in name
            if is_norm and name.endswith("weight"):
                values.copy_(1 + 0.2 * noise)
            elif values.dim() == 1:
                values.copy_(0.2 * noise)
            elif "embed" in name or "wte" in name or "wpe" in name:
                values.copy_(0.6 * noise)
            else:
                inputs = values.shape[0] if type(model.get_submodule(name.rpartition(".")[0])).__name__ == "Conv1D" else values.shape[-1]
                values.copy_(noise * 1.5 / inputs**0.5)


def qwen_oracle(fields):
    """A Qwen2 with the same weights; `prepare` sets what depends on the number of tokens."""
    config = AutoConfig.for_model("qwen2", hidden_size=fields["hidden_size"], intermediate_size=fields["intermediate_size"] // 2,
                                  num_attention_heads=fields["num_attention_heads"], num_key_value_heads=fields["num_attention_heads"],
                                  num_hidden_layers=fields["num_hidden_layers"], rms_norm_eps=fields["layer_norm_epsilon"], **IDS)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    trained, dims = fields["seq_length"], fields["kv_channels"]

    def prepare(tokens):
        alpha = max(2 ** math.ceil(math.log2(tokens / trained) + 1) - 1, 1)
        base = fields["rotary_emb_base"] * alpha ** (dims / (dims - 2))
        model.model.rotary_emb.inv_freq = 1 / base ** (torch.arange(0, dims, 2).double() / dims)
        factors = [math.log(i, trained) if i > trained else 1.0 for i in range(1, tokens + 1)]
        for layer in model.model.layers:
            layer.self_attn.q_proj.factors = torch.tensor(factors).double()[:, None]

    for layer in model.model.layers:
        layer.self_attn.q_proj.register_forward_hook(lambda module, _, out: out * module.factors.to(out.dtype))

    def tensors():
        out = {"transformer.wte.weight": model.model.embed_tokens.weight, "transformer.ln_f.weight": model.model.norm.weight,
               "lm_head.weight": model.lm_head.weight}
        for i, layer in enumerate(model.model.layers):
            at, attention, mlp = f"transformer.h.{i}.", layer.self_attn, layer.mlp
            parts = (attention.q_proj, attention.k_proj, attention.v_proj)
            out[at + "ln_1.weight"] = layer.input_layernorm.weight
            out[at + "ln_2.weight"] = layer.post_attention_layernorm.weight
            out[at + "attn.c_attn.weight"] = torch.cat([part.weight for part in parts])
            out[at + "attn.c_attn.bias"] = torch.cat([part.bias for part in parts])
            out[at + "attn.c_proj.weight"] = attention.o_proj.weight
            out[at + "mlp.w1.weight"] = mlp.up_proj.weight
            out[at + "mlp.w2.weight"] = mlp.gate_proj.weight
            out[at + "mlp.c_proj.weight"] = mlp.down_proj.weight
        return out

    return model, prepare, tensors


def oracle(fields):
    if fields["model_type"] == "qwen":
        return qwen_oracle(fields)
    rest = json.loads(json.dumps({key: value for key, value in fields.items() if key != "model_type"}))
    config = AutoConfig.for_model(fields["model_type"], **rest)
    attention = "sdpa" if fields.get("alibi") else "eager"
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention, experts_implementation="eager")
    return model, lambda tokens: None, None


def make(folder, name, fields, notes):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    model, prepare, tensors = oracle(fields)
    model = model.float().eval()
    randomize(model, generator)

    def run(ids):
        prepare(len(ids))
        with torch.no_grad():
            return model(torch.tensor([ids]), output_hidden_states=True, use_cache=False)

    path = os.path.join(folder, name)
    os.makedirs(path, exist_ok=True)
    cases, golden, margin = [], {}, math.inf
    for i, length in enumerate(LENGTHS):
        ids = torch.randint(3, VOCAB, (length,), generator=generator).tolist()
        out = run(ids)
        golden[f"logits.{i}"] = out.logits[0].float().clone()
        for l, hidden in enumerate(out.hidden_states):
            golden[f"hidden.{i}.{l}"] = hidden[0].float().clone()
        greedy = []
        for _ in range(STEPS):
            best = run(ids + greedy).logits[0, -1].topk(2)
            margin = min(margin, (best.values[0] - best.values[1]).item())
            greedy.append(best.indices[0].item())
        cases.append({"input_ids": ids, "greedy": greedy})
    if tensors:
        save_file({key: value.detach().clone() for key, value in tensors().items()}, os.path.join(path, "model.safetensors"))
    else:
        model.save_pretrained(path)
        os.remove(os.path.join(path, "generation_config.json"))
    json.dump(fields, open(os.path.join(path, "config.json"), "w"), indent=1)
    save_file(golden, os.path.join(path, "golden.safetensors"))
    model = model.double()
    worst = {"logits": 0.0, "hidden": 0.0}
    for i, case in enumerate(cases):
        out = run(case["input_ids"])
        worst["logits"] = max(worst["logits"], (out.logits[0] - golden[f"logits.{i}"]).abs().max().item())
        for l, hidden in enumerate(out.hidden_states):
            worst["hidden"] = max(worst["hidden"], (hidden[0] - golden[f"hidden.{i}.{l}"]).abs().max().item())
    assert margin > 0.001 and max(worst.values()) < 1e-4, (name, margin, worst)
    about = {"family": name, "source": "transformers 5.18.0, see family-options.py", "notes": notes, "cases": cases,
             "greedy_min_margin": margin, "fp32_vs_fp64_max_abs": worst["logits"], "fp32_vs_fp64_hidden_max_abs": worst["hidden"]}
    json.dump(about, open(os.path.join(path, "golden.json"), "w"), indent=1)
    print(name, "margin", round(margin, 4), worst)


if __name__ == "__main__":
    for name, (fields, notes) in OPTIONS.items():
        make(sys.argv[1], name, fields, notes)
