"""Writes a checkpoint as one GGUF file: Q8_0 matrices, f32 gains, the tokenizer and the chat template inside.

    python export.py --work work --out ../../assets/poet.gguf

`load` reads such a file back into the PyTorch model, dequantised, so that the evaluation judges what is shipped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch

from model import ModelConfig, Poet
from tokenizer import BOS, END, FIRST_BYTE, NUM_RESERVED, UNK, Tokenizer

HERE = Path(__file__).parent

# System messages are passed over: the poet takes no instructions but requests. It looks back one exchange at most,
# since that is what it was trained on.
CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if loop.index0 >= messages | length - 3 %}"
    "{% if message['role'] == 'user' %}{{ '<|user|>' + message['content'] | trim }}"
    "{% elif message['role'] == 'assistant' %}{{ '<|assistant|>' + message['content'] | trim + '<|end|>' }}"
    "{% endif %}"
    "{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def interleave(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a q or k projection from RoPE by halves to GGUF Llama's RoPE by neighbours."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def deinterleave(weight: np.ndarray, heads: int) -> np.ndarray:
    """The inverse of `interleave`."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def heads_of(name: str, config: ModelConfig) -> int:
    """How many heads a tensor's rows divide into for RoPE; 0 for tensors RoPE does not touch."""
    return {"attn_q": config.numHeads, "attn_k": config.numKvHeads}.get(name.split(".")[-2], 0)


def write(model: Poet, tokenizer: Tokenizer, path: Path) -> None:
    """Writes the whole file."""
    c = model.config
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("baimo poet")
    writer.add_author("the baimo authors")
    writer.add_description("Writes classical Chinese verse on request: shi by form, title, theme or first line, and ci by tune.")
    writer.add_license("apache-2.0")
    writer.add_languages(["zh"])
    writer.add_size_label("5M")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(c.contextLength)
    writer.add_embedding_length(c.hiddenSize)
    writer.add_block_count(c.numLayers)
    writer.add_feed_forward_length(c.intermediateSize)
    writer.add_head_count(c.numHeads)
    writer.add_head_count_kv(c.numKvHeads)
    writer.add_key_length(c.headDim)
    writer.add_value_length(c.headDim)
    writer.add_rope_dimension_count(c.headDim)
    writer.add_rope_freq_base(c.ropeTheta)
    writer.add_layer_norm_rms_eps(c.normEps)
    writer.add_vocab_size(c.vocabSize)
    pieces, scores, types = tokenizer.pieces()
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(pieces)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(END)
    writer.add_eot_token_id(END)
    writer.add_unk_token_id(UNK)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT_TEMPLATE)
    for name, tensor in model.state_dict().items():
        data = tensor.float().cpu().numpy()
        if data.ndim == 1:
            writer.add_tensor(name, data)
            continue
        heads = heads_of(name, c)
        data = interleave(data, heads) if heads else data
        packed = gguf.quants.quantize(np.ascontiguousarray(data), gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def load(path: Path) -> tuple[Poet, Tokenizer]:
    """The model with the file's dequantised weights, and the file's tokenizer."""
    reader = gguf.GGUFReader(str(path))

    def field(key: str):
        return reader.fields[key].contents()

    config = ModelConfig(
        vocabSize=len(reader.fields["tokenizer.ggml.tokens"].data), hiddenSize=field("llama.embedding_length"),
        intermediateSize=field("llama.feed_forward_length"), numLayers=field("llama.block_count"),
        numHeads=field("llama.attention.head_count"), numKvHeads=field("llama.attention.head_count_kv"),
        headDim=field("llama.attention.key_length"), ropeTheta=field("llama.rope.freq_base"),
        normEps=field("llama.attention.layer_norm_rms_epsilon"), contextLength=field("llama.context_length"))
    model = Poet(config)
    state = {}
    for tensor in reader.tensors:
        data = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        heads = heads_of(tensor.name, config)
        state[tensor.name] = torch.from_numpy(np.array(deinterleave(data, heads) if heads else data))
    model.load_state_dict(state)
    tokens = field("tokenizer.ggml.tokens")
    assert tokens[FIRST_BYTE] == "<0x00>", "the byte tokens are not where the tokenizer expects them"
    return model.eval(), Tokenizer(tokens[NUM_RESERVED:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=HERE / "work")
    parser.add_argument("--out", type=Path, default=HERE / "../../assets/poet.gguf")
    args = parser.parse_args()
    config = json.loads((HERE / "config.json").read_text())
    saved = torch.load(args.work / "checkpoint.pt", weights_only=False, map_location="cpu")
    model = Poet(ModelConfig(**config["model"]))
    model.load_state_dict(saved["model"])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write(model, Tokenizer.load(args.work / "characters.json"), args.out)
    print(f"step {saved['step']}: {args.out} has {args.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
