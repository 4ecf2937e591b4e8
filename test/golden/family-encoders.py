"""Makes families/NAME of encoders alone: tiny random checkpoints with what transformers makes of them.

    python family-encoders.py families [NAME...]

transformers 5.18 in float32 (torch 2.13, CPU). A case has `input_ids` and, for a pair, `token_type_ids`; golden.safetensors has
hidden.i.l as the other families have, and `logits.i`, [1, classes] of a classifier. Where there is a tokenizer, `texts` are embedded
as sentence-transformers would (mean.i: the mean of the last states, not normalised) and `pairs` are scored (pair.i).
"""

import json
import os
import sys
import zlib

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, logging

logging.set_verbosity_error()
torch.set_num_threads(1)
VOCAB = 96
LENGTHS = (7, 40)
BERT = {"hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": VOCAB,
        "max_position_embeddings": 64, "hidden_act": "gelu", "pad_token_id": 0}
ROBERTA = {**BERT, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "layer_norm_eps": 1e-5}
MODERN = {"model_type": "modernbert", "hidden_size": 32, "intermediate_size": 24, "num_attention_heads": 4,
          "num_hidden_layers": 4, "vocab_size": VOCAB, "max_position_embeddings": 64, "local_attention": 10,
          "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
DISTIL = {"model_type": "distilbert", "dim": 32, "hidden_dim": 40, "n_heads": 4, "n_layers": 2, "vocab_size": VOCAB,
          "max_position_embeddings": 64, "pad_token_id": 0, "activation": "gelu", "sinusoidal_pos_embds": False}
NOMIC = {"model_type": "nomic_bert", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
         "num_hidden_layers": 2, "vocab_size": VOCAB, "max_position_embeddings": 64, "pad_token_id": 0,
         "rope_parameters": {"rope_type": "default", "rope_theta": 700.0}}
# As the files of nomic-ai/nomic-embed-text-v1.5 say it.
NOMIC_FILE = {"model_type": "nomic_bert", "activation_function": "swiglu", "causal": False, "layer_norm_epsilon": 1e-12,
              "mlp_fc1_bias": False, "mlp_fc2_bias": False, "n_embd": 32, "n_head": 4, "n_inner": 40, "n_layer": 2,
              "n_positions": 64, "pad_vocab_size_multiple": 64, "parallel_block": False, "prenorm": False,
              "qkv_proj_bias": False, "rotary_emb_base": 700, "rotary_emb_fraction": 1.0, "rotary_emb_interleaved": False,
              "rotary_emb_scale_base": None, "rotary_scaling_factor": None, "scale_attn_by_inverse_layer_idx": False,
              "scale_attn_weights": True, "type_vocab_size": 2, "use_rms_norm": False, "vocab_size": VOCAB}
NOMIC_NAMES = (("embeddings.LayerNorm", "emb_ln"), ("layers.", "encoder.layers."), ("self_attn.o_proj", "attn.out_proj"),
               ("up_proj", "fc11"), ("gate_proj", "fc12"), ("down_proj", "fc2"), ("post_attention_layernorm", "norm1"),
               ("post_mlp_layernorm", "norm2"))
QUERY = "query: "

# name: (fields of config.json, whether it scores, tokens around texts, notes)
MODELS = {
    "bert": ({"model_type": "bert", **BERT}, False, "bert", "Mean pooling by its 1_Pooling, with a prompt for queries."),
    "bert-rank": ({"model_type": "bert", **BERT}, True, "bert", "A pooler, then one score. Pairs have token types."),
    "roberta": ({"model_type": "roberta", **ROBERTA, "type_vocab_size": 1}, False, None,
                "Positions begin after the padding's, which is not counted: the shorter case has one."),
    "xlm-roberta-rank": ({"model_type": "xlm-roberta", **ROBERTA, "type_vocab_size": 1}, True, "roberta",
                         "A classifier with a layer of its own."),
    "modernbert": ({**MODERN, "global_rope_theta": 9000.0, "local_rope_theta": 500.0, "global_attn_every_n_layers": 3},
                   False, None, "Full attention in layers 0 and 3; two bases of angles, as older files say them."),
    "modernbert-rank": ({**MODERN, "num_hidden_layers": 2, "norm_bias": True, "attention_bias": True, "mlp_bias": True,
                         "classifier_bias": True, "classifier_pooling": "mean", "hidden_activation": "silu"},
                        True, "bert", "Biases everywhere, and the mean of all states is scored."),
    "distilbert-rank": (DISTIL, True, "bert", "No token types; a layer with relu before the score."),
    "nomic_bert": (NOMIC, False, None, "The names and fields of nomic-ai's own files; RoPE and a gated MLP."),
}


def published(name, tensors, fields):
    """Tensors and config.json as the model's publisher writes them, where that is not as transformers does."""
    if name != "nomic_bert":
        return tensors, fields
    told = {}
    for key, values in tensors.items():
        for ours, theirs in NOMIC_NAMES:
            key = key.replace(ours, theirs)
        if "q_proj" in key:
            three = [tensors[f"layers.{key.split('.')[2]}.self_attn.{which}_proj.weight"] for which in "qkv"]
            told[key.replace("self_attn.q_proj", "attn.Wqkv")] = torch.cat(three)
        elif "k_proj" not in key and "v_proj" not in key:
            told[key] = values
    return told, NOMIC_FILE


def randomize(model, generator):
    """Norms near 1, biases near 0, matrices so that a layer keeps the size of its input."""
    with torch.no_grad():
        for name, values in model.named_parameters():
            noise = torch.randn(values.shape, generator=generator)
            if "norm" in name.lower() and name.endswith("weight"):
                values.copy_(1 + 0.2 * noise)
            elif values.dim() == 1:
                values.copy_(0.2 * noise)
            elif "embed" in name:
                values.copy_(0.6 * noise)
            else:
                values.copy_(noise * 1.5 / values.shape[-1] ** 0.5)


def make_tokenizer(kind):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] if kind == "bert" else ["<s>", "<pad>", "</s>", "<unk>"]
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["river", "mount", "##ain", "cat", "the", ":", "autumn", "##s", "moon", ".", "query", "##ing"]
    tokens = [*special, *letters, *("##" + letter for letter in letters if letter != "s"), *words]
    tokens += [f"[unused{i}]" for i in range(VOCAB - len(tokens))]
    unknown, (first, last) = (special[1], special[2:4]) if kind == "bert" else (special[3], special[0::2])
    ids = {token: i for i, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(special)
    if kind == "bert":
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{first} $A {last}", pair=f"{first} $A {last} $B:1 {last}:1",
            special_tokens=[(first, ids[first]), (last, ids[last])])
    else:
        tokenizer.post_processor = processors.RobertaProcessing((last, ids[last]), (first, ids[first]))
    return tokenizer


def sentence_files(folder):
    """As sentence-transformers 5 writes them."""
    files = {
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}],
        "1_Pooling/config.json": {"word_embedding_dimension": 32, "pooling_mode_cls_token": False,
                                  "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False,
                                  "pooling_mode_mean_sqrt_len_tokens": False, "pooling_mode_weightedmean_tokens": False,
                                  "pooling_mode_lasttoken": False, "include_prompt": True},
        "sentence_bert_config.json": {"max_seq_length": 32, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": {"query": QUERY, "document": ""}, "default_prompt_name": None,
                                              "similarity_fn_name": "cosine"},
    }
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            json.dump(content, out, indent=1)


def run(model, ids, types, scores):
    given = {"input_ids": torch.tensor([ids]), "output_hidden_states": True}
    if types is not None:
        given["token_type_ids"] = torch.tensor([types])
    with torch.no_grad():
        out = model(**given)
    hidden = [state[0] for state in out.hidden_states]
    if not scores:
        hidden[-1] = out.last_hidden_state[0]
    elif hasattr(model, "model"):  # the final norm, which hidden states may lack
        with torch.no_grad():
            hidden[-1] = model.model(input_ids=given["input_ids"]).last_hidden_state[0]
    return hidden, (out.logits[0] if scores else None)


def make(name, folder, fields, scores, kind, notes):
    os.makedirs(folder, exist_ok=True)
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    fields = {**fields, **({"num_labels": 1} if scores else {})}
    own = {key: value for key, value in fields.items() if key != "model_type"}
    config = AutoConfig.for_model(fields["model_type"], **own)
    auto = AutoModelForSequenceClassification if scores else AutoModel
    model = auto.from_config(config, attn_implementation="eager").eval()
    randomize(model, generator)
    tensors = {key: value for key, value in model.state_dict().items() if "position_ids" not in key}
    tensors, fields = published(name, tensors, fields)
    save_file({key: value.contiguous() for key, value in tensors.items()}, os.path.join(folder, "model.safetensors"))
    architecture = type(model).__name__
    with open(os.path.join(folder, "config.json"), "w") as out:
        if scores:
            fields = {key: value for key, value in fields.items() if key != "num_labels"}
            fields |= {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
        json.dump({"architectures": [architecture], **fields}, out, indent=1)
    exact = auto.from_config(config, attn_implementation="eager").eval().double()
    exact.load_state_dict({key: value.double() for key, value in model.state_dict().items()})

    cases, golden, apart = [], {}, [0.0, 0.0]
    for i, length in enumerate(LENGTHS):
        ids = torch.randint(3, VOCAB, (length,), generator=generator).tolist()
        if "roberta" in name and i == 0:
            ids[3] = 1
        hidden, logits = run(model, ids, None, scores)
        hidden64, logits64 = run(exact, ids, None, scores)
        apart[1] = max(apart[1], *((a - b).abs().max().item() for a, b in zip(hidden, hidden64)))
        golden |= {f"hidden.{i}.{l}": state.contiguous() for l, state in enumerate(hidden)}
        if scores:
            apart[0] = max(apart[0], (logits - logits64).abs().max().item())
            golden[f"logits.{i}"] = logits[None].contiguous()
        cases.append({"input_ids": ids})
    told = {"notes": notes, "cases": cases, "fp32_vs_fp64_max_abs": apart[0], "fp32_vs_fp64_hidden_max_abs": apart[1]}
    if kind:
        tokenizer = make_tokenizer(kind)
        tokenizer.save(os.path.join(folder, "tokenizer.json"))
        if scores:
            told["query"] = "the moon and a river."
            told["texts"] = ["Autumn rivers", "the mountain: cats moving, sleeping", "moon.", ""]
            for i, text in enumerate(told["texts"]):
                pair = tokenizer.encode(told["query"], text)
                types = pair.type_ids if fields["model_type"] == "bert" else None
                golden[f"pair.{i}"] = run(model, pair.ids, types, True)[1].contiguous()
        else:
            sentence_files(folder)
            told["prompt"] = QUERY
            told["texts"] = ["The moon and a river.", "mountains", "cat"]
            for i, text in enumerate(told["texts"]):
                for prefix, prompt in (("mean", ""), ("asked", QUERY)):
                    hidden, _ = run(model, tokenizer.encode(prompt + text).ids, None, False)
                    golden[f"{prefix}.{i}"] = hidden[-1].mean(0).contiguous()
    with open(os.path.join(folder, "golden.json"), "w") as out:
        json.dump(told, out, indent=1)
    save_file(golden, os.path.join(folder, "golden.safetensors"))


for name, given in MODELS.items():
    if len(sys.argv) > 2 and name not in sys.argv[2:]:
        continue
    make(name, os.path.join(sys.argv[1], name), *given)
