"""Writes quantized/: tiny checkpoints as quantisers publish them, with the logits of the same weights in float32.

    python quantized.py            (torch 2.13, transformers 5.18, safetensors)

Random codes, scales and zero points are packed by one derivation and unpacked by another, which follows the code of the
publishers' libraries line by line; both must give the same weights. transformers runs these, as float32. Each folder has
config.json, model.safetensors, golden.json and golden.safetensors as the folders of ../families have them.
"""

import json
import os
import shutil
import sys
import tempfile
import zlib

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, logging
from transformers.integrations.finegrained_fp8 import Fp8Dequantize

logging.set_verbosity_error()
torch.set_num_threads(1)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "quantized")
VOCAB = 48

LLAMA = dict(
    architectures=["LlamaForCausalLM"], model_type="llama", hidden_size=64, intermediate_size=64, num_hidden_layers=1,
    num_attention_heads=4, num_key_value_heads=2, head_dim=16, vocab_size=VOCAB, max_position_embeddings=64,
    rms_norm_eps=1e-5, rope_theta=10000.0, hidden_act="silu", tie_word_embeddings=False, bos_token_id=1, eos_token_id=2,
    torch_dtype="float16",
)
QWEN3 = LLAMA | dict(architectures=["Qwen3ForCausalLM"], model_type="qwen3", attention_bias=False, torch_dtype="bfloat16")
QWEN3_MOE = QWEN3 | dict(
    architectures=["Qwen3MoeForCausalLM"], model_type="qwen3_moe", num_experts=4, num_experts_per_tok=2,
    moe_intermediate_size=32, decoder_sparse_step=1, norm_topk_prob=True, mlp_only_layers=[],
)
DEEPSEEK = dict(
    architectures=["DeepseekV3ForCausalLM"], model_type="deepseek_v3", hidden_size=48, intermediate_size=40,
    num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4, vocab_size=VOCAB, max_position_embeddings=64,
    rms_norm_eps=1e-6, rope_theta=10000.0, hidden_act="silu", tie_word_embeddings=False, bos_token_id=1, eos_token_id=2,
    attention_bias=False, first_k_dense_replace=1, kv_lora_rank=20, q_lora_rank=24, qk_nope_head_dim=8, qk_rope_head_dim=12,
    v_head_dim=16, moe_intermediate_size=20, moe_layer_freq=1, n_group=2, topk_group=1, n_routed_experts=4,
    n_shared_experts=1, norm_topk_prob=True, num_experts_per_tok=2, routed_scaling_factor=2.5, scoring_func="sigmoid",
    topk_method="noaux_tc", torch_dtype="bfloat16",
)


def plain_shapes(config):
    """Names and shapes of the published checkpoint; linear layers end in ".weight" and have two sizes."""
    h, v = config["hidden_size"], config["vocab_size"]
    heads, kv = config["num_attention_heads"], config["num_key_value_heads"]
    shapes = {"model.embed_tokens.weight": [v, h], "lm_head.weight": [v, h], "model.norm.weight": [h]}
    mlp = lambda at, width: shapes.update(
        {f"{at}.gate_proj.weight": [width, h], f"{at}.up_proj.weight": [width, h], f"{at}.down_proj.weight": [h, width]})
    for l in range(config["num_hidden_layers"]):
        at = f"model.layers.{l}"
        shapes |= {f"{at}.input_layernorm.weight": [h], f"{at}.post_attention_layernorm.weight": [h]}
        if config["model_type"] == "deepseek_v3":
            q, r, nope, rope = (config[k] for k in ("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim"))
            shapes |= {
                f"{at}.self_attn.q_a_proj.weight": [q, h], f"{at}.self_attn.q_a_layernorm.weight": [q],
                f"{at}.self_attn.q_b_proj.weight": [heads * (nope + rope), q],
                f"{at}.self_attn.kv_a_proj_with_mqa.weight": [r + rope, h], f"{at}.self_attn.kv_a_layernorm.weight": [r],
                f"{at}.self_attn.kv_b_proj.weight": [heads * (nope + config["v_head_dim"]), r],
                f"{at}.self_attn.o_proj.weight": [h, heads * config["v_head_dim"]],
            }
        else:
            d = config["head_dim"]
            shapes |= {
                f"{at}.self_attn.q_proj.weight": [heads * d, h], f"{at}.self_attn.k_proj.weight": [kv * d, h],
                f"{at}.self_attn.v_proj.weight": [kv * d, h], f"{at}.self_attn.o_proj.weight": [h, heads * d],
            }
            if config["model_type"].startswith("qwen3"):
                shapes |= {f"{at}.self_attn.q_norm.weight": [d], f"{at}.self_attn.k_norm.weight": [d]}
        count = config.get("num_experts") or config.get("n_routed_experts")
        if count and l >= config.get("first_k_dense_replace", 0):
            shapes[f"{at}.mlp.gate.weight"] = [count, h]
            for e in range(count):
                mlp(f"{at}.mlp.experts.{e}", config["moe_intermediate_size"])
            if "n_routed_experts" in config:
                shapes[f"{at}.mlp.gate.e_score_correction_bias"] = [count]
                mlp(f"{at}.mlp.shared_experts", config["moe_intermediate_size"] * config["n_shared_experts"])
        else:
            mlp(f"{at}.mlp", config["intermediate_size"])
    return shapes


def pack_stream(codes, bits):
    """Codes [n, ...] along the first size to 32-bit words [n * bits / 32, ...], one stream of bits, by Python's integers."""
    n = codes.shape[0]
    flat = codes.reshape(n, -1)
    words = torch.zeros(n * bits // 32, flat.shape[1], dtype=torch.int64)
    for column in range(flat.shape[1]):
        number = sum(int(code) << (bits * i) for i, code in enumerate(flat[:, column].tolist()))
        for w in range(words.shape[0]):
            words[w, column] = (number >> (32 * w)) & 0xFFFFFFFF
    return as_int32(words).reshape(-1, *codes.shape[1:])


def as_int32(words):
    return torch.where(words >= 2**31, words - 2**32, words).to(torch.int32)


# GPTQ ----------------------------------------------------------------------------------------------------------------


def gptq_unpack(words, bits):
    """AutoGPTQ's QuantLinear.forward, of qweight: [in * bits / 32, out] -> [in, out]."""
    wf = torch.tensor(list(range(0, 32, bits)) if bits != 3 else
                      [[0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0], [0, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31],
                       [0, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0]], dtype=torch.int32)
    if bits != 3:
        weight = torch.bitwise_right_shift(words.unsqueeze(1).expand(-1, 32 // bits, -1), wf.reshape(1, -1, 1))
        return torch.bitwise_and(weight, 2**bits - 1).reshape(-1, words.shape[1])
    weight = words.reshape(words.shape[0] // 3, 3, 1, words.shape[1]).expand(-1, -1, 12, -1)
    weight = (weight >> wf.reshape(1, 3, 12, 1)) & 0x7
    weight[:, 0, 10] = (weight[:, 0, 10] & 0x3) | ((weight[:, 1, 0] << 2) & 0x4)
    weight[:, 1, 11] = (weight[:, 1, 11] & 0x1) | ((weight[:, 2, 0] << 1) & 0x6)
    weight = weight & 0x7
    weight = torch.cat([weight[:, 0, :11], weight[:, 1, 1:12], weight[:, 2, 1:11]], dim=1)
    return weight.reshape(-1, words.shape[1])


def gptq(bits, group, sym=True, act_order=False, version=1, scale_type=torch.float16, bias=False):
    def make(name, shape, random):
        out, inner = shape
        size = inner if group == -1 else group
        groups = inner // size
        q = random.integers(0, 2**bits, (inner, out))
        z = torch.full((groups, out), 2 ** (bits - 1)) if sym else random.integers(0 if version == 2 else 1, 2**bits, (groups, out))
        s = (random.scales((groups, out), 1.1 / 2**bits / inner**0.5)).to(scale_type)
        g_idx = (torch.arange(inner) // size).to(torch.int32)
        if act_order:
            g_idx = g_idx[torch.randperm(inner, generator=random.generator)]
        stored = z - 1 if version == 1 else z
        qzeros = pack_stream(stored.T.contiguous(), bits).T.contiguous()
        base = name.removesuffix(".weight")
        tensors = {f"{base}.qweight": pack_stream(q, bits), f"{base}.qzeros": qzeros, f"{base}.scales": s, f"{base}.g_idx": g_idx}
        if bias:
            tensors[f"{base}.bias"] = torch.zeros(out, dtype=torch.float16)
        # The publishers' way back.
        codes = gptq_unpack(tensors[f"{base}.qweight"], bits)
        zeros = gptq_unpack(qzeros.T.contiguous(), bits).T
        if version == 1:
            zeros = (zeros + 1) & (2**bits - 1)
        weight = s.double()[g_idx.long()] * (codes - zeros[g_idx.long()]).double()
        straight = (q - z[g_idx.long()]).double() * s.double()[g_idx.long()]
        assert torch.equal(weight, straight) or bits == 8
        return tensors, straight.T.float().contiguous()
    fields = dict(quant_method="gptq", bits=bits, group_size=group, sym=sym, desc_act=act_order, damp_percent=0.01,
                  true_sequential=True, static_groups=False, lm_head=False,
                  checkpoint_format="gptq_v2" if version == 2 else "gptq")
    return make, fields


# AWQ -----------------------------------------------------------------------------------------------------------------


def awq(group):
    order = [0, 2, 4, 6, 1, 3, 5, 7]
    reverse = [0, 4, 1, 5, 2, 6, 3, 7]

    def pack(codes):  # [n, out] -> [n, out / 8], WQLinear_GEMM.from_linear
        words = torch.zeros(codes.shape[0], codes.shape[1] // 8, dtype=torch.int64)
        for col in range(codes.shape[1] // 8):
            for i in range(8):
                words[:, col] |= codes[:, col * 8 + order[i]].long() << (4 * i)
        return as_int32(words)

    def unpack(words):  # awq.utils.packing_utils: unpack_awq, reverse_awq_order
        shifts = torch.arange(0, 32, 4)
        columns = torch.bitwise_right_shift(words[:, :, None], shifts[None, None, :]).to(torch.int8).view(words.shape[0], -1)
        at = torch.arange(columns.shape[-1]).view(-1, 8)[:, reverse].reshape(-1)
        return torch.bitwise_and(columns[:, at], 15)

    def make(name, shape, random):
        out, inner = shape
        size = inner if group == -1 else group
        q = random.integers(0, 16, (inner, out))
        z = random.integers(0, 16, (inner // size, out))
        s = random.scales((inner // size, out), 0.07 / inner**0.5).half()
        base = name.removesuffix(".weight")
        tensors = {f"{base}.qweight": pack(q), f"{base}.qzeros": pack(z), f"{base}.scales": s}
        spread = lambda x: x.repeat_interleave(size, dim=0)
        weight = (unpack(tensors[f"{base}.qweight"]) - spread(unpack(tensors[f"{base}.qzeros"]))).double() * spread(s).double()
        assert torch.equal(weight, (q - spread(z)).double() * spread(s).double())
        return tensors, weight.T.float().contiguous()

    return make, dict(quant_method="awq", bits=4, group_size=group, zero_point=True, version="gemm", modules_to_not_convert=None)


# FP8 -----------------------------------------------------------------------------------------------------------------


def fp8(block=None, per="block", scale_type=torch.float32, powers=False, suffix="_scale_inv", compressed=False):
    def make(name, shape, random):
        out, inner = shape
        codes = (random.normal(shape) * 60).clamp(-448, 448).to(torch.float8_e4m3fn)
        grid = {"block": lambda: [-(-out // block[0]), -(-inner // block[1])], "channel": lambda: [out, 1], "tensor": lambda: [1]}[per]()
        s = random.scales(grid, 1 / 60 / inner**0.5)
        s = (2 ** s.log2().round() if powers else s).to(scale_type)
        tensors = {name: codes, name + suffix: s}
        if compressed or per == "tensor":
            tensors[name.removesuffix("weight") + "input_scale"] = torch.tensor([0.02])
        if per == "block":
            spread = s.float().repeat_interleave(block[0], 0)[:out].repeat_interleave(block[1], 1)[:, :inner]
        else:
            spread = s.float()
        weight = (codes.double() * spread.double()).float()
        if per != "tensor" and out % grid[0] == 0 and inner % grid[1] == 0 and (per != "block" or out % block[0] == inner % block[1] == 0):
            assert torch.equal(weight, Fp8Dequantize(None)._dequantize_one(codes, s, torch.float32))
        return tensors, weight
    fields = dict(quant_method="fp8", activation_scheme="static" if per == "tensor" else "dynamic", fmt="e4m3",
                  weight_block_size=block and list(block), modules_to_not_convert=["lm_head"])
    if compressed:
        strategy = per
        fields = compressed_fields("float-quantized", dict(num_bits=8, type="float", symmetric=True, strategy=strategy,
                                   group_size=None, block_structure=block and list(block)))
    return make, fields


# compressed-tensors --------------------------------------------------------------------------------------------------


def compressed_fields(format, *weights, activations=None):
    base = dict(dynamic=False, observer="minmax", observer_kwargs={}, actorder=None, block_structure=None, group_size=None)
    groups = {f"group_{i}": dict(targets=["Linear"] if i == 0 else [r"re:.*down_proj$"], weights=base | one,
                                 input_activations=activations, output_activations=None)
              for i, one in enumerate(weights)}
    return dict(quant_method="compressed-tensors", format=format, quantization_status="compressed", ignore=["lm_head", "re:.*mlp.gate$"],
                kv_cache_scheme=None, global_compression_ratio=1.5, config_groups=groups)


def ct_pack(codes, bits, dim):
    """compressed_tensors' pack_to_int32: as many whole codes as fit a word, the first lowest."""
    codes = (codes + 2 ** (bits - 1)).to(torch.int64)
    if dim == 0:
        return ct_pack_rows(codes.T, bits).T.contiguous()
    return ct_pack_rows(codes, bits)


def ct_pack_rows(unsigned, bits):
    per = 32 // bits
    rows, cols = unsigned.shape
    padded = torch.zeros(rows, -(-cols // per) * per, dtype=torch.int64)
    padded[:, :cols] = unsigned
    shifts = torch.arange(per) * bits
    return as_int32((padded.reshape(rows, -1, per) << shifts).sum(-1))


def ct_unpack(words, bits, shape, dim):
    """compressed_tensors' unpack_from_int32."""
    per, mask = 32 // bits, (1 << bits) - 1
    unpacked = torch.zeros(words.shape[0] * (per if dim == 0 else 1), words.shape[1] * (per if dim == 1 else 1), dtype=torch.int32)
    for i in range(per):
        part = (words >> (bits * i)) & mask
        if dim == 1:
            unpacked[:, i::per] = part
        else:
            unpacked[i::per, :] = part
    return unpacked[: shape[0], : shape[1]] - 2 ** (bits - 1)


def ct_ints(bits, group=None, packed=True, sym=True, act_order=False, scale_type=torch.bfloat16, strategy=None):
    """group: columns of a group; None: a scale a row; strategy "tensor": one of all."""
    def make(name, shape, random):
        out, inner = shape
        size = group or inner
        groups = 1 if strategy == "tensor" else inner // size
        rows = 1 if strategy == "tensor" else out
        half = 2 ** (bits - 1)
        q = random.integers(-half, half, shape)
        z = torch.zeros(rows, groups, dtype=torch.int64) if sym else random.integers(-half, half, (rows, groups))
        s = random.scales((rows, groups), 1.1 / 2**bits / inner**0.5).to(scale_type)
        g_idx = torch.arange(inner) // size
        base = name.removesuffix("weight")
        if act_order:
            g_idx = g_idx[torch.randperm(inner, generator=random.generator)]
        tensors = {base + "weight_scale": s}
        if act_order:
            tensors[base + "weight_g_idx"] = g_idx.to(torch.int32)
        if packed:
            tensors |= {base + "weight_packed": ct_pack(q, bits, 1), base + "weight_shape": torch.tensor(shape)}
            assert torch.equal(ct_unpack(tensors[base + "weight_packed"], bits, shape, 1).long(), q)
        else:
            tensors[name] = q.to(torch.int8)
        if not sym:
            if packed:
                tensors[base + "weight_zero_point"] = ct_pack(z, bits, 0)
                assert torch.equal(ct_unpack(tensors[base + "weight_zero_point"], bits, z.shape, 0).long(), z)
            else:
                tensors[base + "weight_zero_point"] = z.to(torch.int8)
        at = g_idx if groups > 1 else torch.zeros(inner, dtype=torch.int64)
        return tensors, ((q - z[:, at]).double() * s.double()[:, at]).float()
    which = strategy or ("group" if group else "channel")
    weights = dict(num_bits=bits, type="int", symmetric=sym, strategy=which, group_size=group, actorder="group" if act_order else None)
    activations = None if packed else dict(num_bits=8, type="int", symmetric=True, strategy="token", dynamic=True)
    return make, compressed_fields("pack-quantized" if packed else "int-quantized", weights, activations=activations)


E2M1 = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])


def ct_fp4(kind):
    group = 16 if kind == "nvfp4" else 32

    def make(name, shape, random):
        out, inner = shape
        codes = random.integers(0, 16, shape)
        base = name.removesuffix("weight")
        tensors = {base + "weight_packed": (codes[:, ::2] | (codes[:, 1::2] << 4)).to(torch.uint8)}
        if kind == "nvfp4":
            s = (random.scales((out, inner // group), 1.0) * 100).to(torch.float8_e4m3fn)
            divisor = torch.tensor([300.0 * inner**0.5])
            tensors |= {base + "weight_scale": s, base + "weight_global_scale": divisor, base + "input_global_scale": torch.tensor([3.0])}
            scale = s.float() / divisor
        else:
            powers = random.integers(122, 126, (out, inner // group))
            tensors[base + "weight_scale"] = powers.to(torch.uint8)
            scale = 2.0 ** (powers - 127).float()
        return tensors, E2M1[codes] * scale.repeat_interleave(group, 1)

    weights = dict(num_bits=4, type="float", symmetric=True, strategy="tensor_group" if kind == "nvfp4" else "group", group_size=group)
    return make, compressed_fields(f"{kind}-pack-quantized", weights)


def mixed(first, second):
    """Two config groups: the second for down_proj."""
    (make_first, one), (make_second, two) = first, second
    weights = [fields["config_groups"]["group_0"]["weights"] for fields in (one, two)]
    make = lambda name, shape, random: (make_second if "down_proj" in name else make_first)(name, shape, random)
    return make, compressed_fields("mixed-precision", *weights)


class Random:
    def __init__(self, name):
        self.generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))

    def normal(self, shape):
        return torch.randn(shape, generator=self.generator)

    def integers(self, low, high, shape):
        return torch.randint(low, high, tuple(shape), generator=self.generator)

    def scales(self, shape, size):
        return size * (0.5 + torch.rand(tuple(shape), generator=self.generator))


SETS = {
    "fp8-block-deepseek": (DEEPSEEK, fp8((16, 16), powers=True), {}),
    "fp8-block-qwen3": (QWEN3, fp8((32, 32), scale_type=torch.bfloat16), {}),
    "fp8-block-cut": (QWEN3, fp8((48, 48)), {}),
    "fp8-tensor": (LLAMA, fp8(per="tensor", suffix="_scale"), {}),
    "awq-llama": (LLAMA, awq(32), {}),
    "awq-qwen3-moe": (QWEN3_MOE | dict(torch_dtype="float16"), awq(16), {}),
    "gptq4": (LLAMA, gptq(4, 32, bias=True), {}),
    "gptq4-asym": (QWEN3, gptq(4, 32, sym=False), {}),
    "gptq4-v2-act-order": (LLAMA, gptq(4, 16, sym=False, act_order=True, version=2), {}),
    "gptq8": (LLAMA, gptq(8, -1), {}),
    "gptq3": (LLAMA, gptq(3, 32, sym=False), {}),
    "gptq2": (LLAMA, gptq(2, 32), dict(quantized_head=True)),
    "ct-float-channel": (QWEN3, fp8(per="channel", scale_type=torch.bfloat16, suffix="_scale", compressed=True), {}),
    "ct-float-block": (QWEN3_MOE, fp8((32, 32), suffix="_scale", compressed=True), {}),
    "ct-int8": (LLAMA, ct_ints(8, packed=False), {}),
    "ct-int8-asym": (QWEN3, ct_ints(8, packed=False, sym=False, strategy="tensor", scale_type=torch.float32), {}),
    "ct-pack4": (QWEN3, ct_ints(4, 32), {}),
    "ct-pack4-asym": (QWEN3_MOE, ct_ints(4, 32, sym=False), {}),
    "ct-pack4-act-order": (QWEN3, ct_ints(4, 16, act_order=True, scale_type=torch.float32), {}),
    "ct-mixed": (QWEN3, mixed(ct_ints(4, 32), ct_ints(8, None)), {}),
    "ct-nvfp4": (LLAMA, ct_fp4("nvfp4"), {}),
    "ct-mxfp4": (LLAMA, ct_fp4("mxfp4"), {}),
}


def write(name, config, quantiser, quantized_head=False):
    make, fields = quantiser
    random = Random(name)
    stored, weights = {}, {}
    kind = getattr(torch, config["torch_dtype"])
    for tensor, shape in plain_shapes(config).items():
        if tensor == "model.embed_tokens.weight":
            value = 0.5 * random.normal(shape)
        elif tensor == "lm_head.weight":
            value = 2 * random.normal(shape) / shape[1] ** 0.5
        elif len(shape) == 1:
            value = (0.5 if "correction" in tensor else 1) + 0.2 * random.normal(shape)
        else:
            value = 2 * random.normal(shape) / shape[1] ** 0.5
        linear = len(shape) == 2 and not tensor.endswith((".mlp.gate.weight", "embed_tokens.weight"))
        if linear and (quantized_head or tensor != "lm_head.weight"):
            parts, weights[tensor] = make(tensor, shape, random)
            stored |= parts
        else:
            stored[tensor] = value.to(kind)
            weights[tensor] = stored[tensor].float()
    if "lm_head" in fields:
        fields = fields | dict(lm_head=quantized_head)
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    save = lambda value, *path: json.dump(value, open(os.path.join(*path), "w"), separators=(",", ":"))
    save_file({k: v.contiguous() for k, v in stored.items()}, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    save(config | dict(quantization_config=fields), folder, "config.json")
    with tempfile.TemporaryDirectory() as plain:
        save_file(weights, os.path.join(plain, "model.safetensors"), metadata={"format": "pt"})
        save(config | dict(torch_dtype="float32"), plain, "config.json")
        model, info = AutoModelForCausalLM.from_pretrained(
            plain, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager", output_loading_info=True)
        assert not info["missing_keys"] and not info["unexpected_keys"], info
        model.eval()
    ids = random.integers(3, VOCAB, [12])
    with torch.no_grad():
        logits = model(ids[None]).logits[0]
        greedy, margin = ids.tolist(), 1e9
        for _ in range(6):
            last = model(torch.tensor([greedy])).logits[0, -1]
            best = last.topk(2).values
            margin = min(margin, float(best[0] - best[1]))
            greedy.append(int(last.argmax()))
        wide = model.double()(ids[None]).logits[0]
    save_file({"logits.0": logits.contiguous()}, os.path.join(folder, "golden.safetensors"))
    save(dict(source=type(model).__name__, cases=[dict(input_ids=ids.tolist(), greedy=greedy[12:])], greedy_min_margin=margin,
              fp32_vs_fp64_max_abs=float((logits - wide).abs().max()), logits_std=float(logits.std())), folder, "golden.json")
    print(name, f"std {float(logits.std()):.2f} margin {margin:.3f}", sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder)))


def write_float8():
    """Every value of the 8-bit floats, as torch has them."""
    patterns = torch.arange(256, dtype=torch.uint8)
    kinds = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "F8_E8M0": torch.float8_e8m0fnu}
    values = {name: [str(v) for v in patterns.view(kind).to(torch.float64).tolist()] for name, kind in kinds.items()}
    with open(os.path.join(os.path.dirname(HERE), "float8.json"), "w") as file:
        file.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in values.items()) + "\n}\n")


if len(sys.argv) == 1:
    write_float8()
for name, (config, quantiser, options) in SETS.items():
    if len(sys.argv) == 1 or name in sys.argv[1:]:
        write(name, config, quantiser, **options)
