"""Makes gguf-families/NAME.gguf of golden encoders, with the names and keys of llama.cpp's converter (conversion/bert.py).

    python gguf-encoders.py families gguf-families

gguf-py 0.19 knows the names; what the converter does to weights is done here: a table of positions loses the rows before its first,
and a pooler that only a classifier asks is its dense layer.
"""

import json
import os
import sys

import gguf
from safetensors.torch import load_file

ARCHITECTURES = {"bert": gguf.MODEL_ARCH.BERT, "xlm-roberta-rank": gguf.MODEL_ARCH.BERT, "modernbert": gguf.MODEL_ARCH.MODERN_BERT,
                 "nomic_bert": gguf.MODEL_ARCH.NOMIC_BERT}


def write(name, arch, folder, target):
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    if arch == gguf.MODEL_ARCH.NOMIC_BERT:
        config |= {"hidden_size": config["n_embd"], "intermediate_size": config["n_inner"], "num_hidden_layers": config["n_layer"],
                   "num_attention_heads": config["n_head"], "max_position_embeddings": config["n_positions"]}
    writer = gguf.GGUFWriter(target, gguf.MODEL_ARCH_NAMES[arch])
    is_roberta = "roberta" in config["model_type"]
    offset = config["pad_token_id"] + 1 if is_roberta else 0
    layers = config["num_hidden_layers"]
    writer.add_context_length(config["max_position_embeddings"] - offset)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(layers)
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config.get("layer_norm_eps", 1e-5 if arch == gguf.MODEL_ARCH.MODERN_BERT else 1e-12))
    writer.add_causal_attention(False)
    writer.add_tokenizer_model("none")
    if arch == gguf.MODEL_ARCH.MODERN_BERT:
        writer.add_rope_freq_base(config["global_rope_theta"])
        writer.add_float32("modern-bert.rope.freq_base_swa", config["local_rope_theta"])
        writer.add_rope_scaling_type(gguf.RopeScalingType.NONE)
        writer.add_sliding_window(config["local_attention"])
        writer.add_sliding_window_pattern(config["global_attn_every_n_layers"])
        writer.add_vocab_size(config["vocab_size"])
    else:
        if arch == gguf.MODEL_ARCH.NOMIC_BERT:
            writer.add_rope_freq_base(config["rotary_emb_base"])
        writer.add_token_type_count(config.get("type_vocab_size", 2))
    if "id2label" in config:
        writer.add_classifier_output_labels(list(config["id2label"].values()))
        writer.add_pooling_type(gguf.PoolingType.RANK)
    else:
        writer.add_pooling_type(gguf.PoolingType.MEAN)
    names = gguf.get_tensor_name_map(arch, layers)
    for key, values in load_file(os.path.join(folder, "model.safetensors")).items():
        key = key.removeprefix("roberta.").removeprefix("bert.").removeprefix("model.")
        if key.startswith("pooler."):
            continue
        if key == "embeddings.position_embeddings.weight":
            values = values[offset:]
        written = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if written is None:
            raise SystemExit(f"{name}: no name for {key}")
        writer.add_tensor(written, values.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


for name, arch in ARCHITECTURES.items():
    write(name, arch, os.path.join(sys.argv[1], name), os.path.join(sys.argv[2], f"{name}.gguf"))
