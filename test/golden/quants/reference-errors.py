"""Relative root mean square errors of ggml's quantisers, for src/formats/quantize.test.ts: writes reference-errors.json.

python reference-errors.py PATH/libggml-base.so     (the library that node-llama-cpp 3.22.1 brings; needs gguf, safetensors)

Rows: "weights" are the unpacked values of four golden files, "edges" the sources of one (zeros, constants, spikes, ties).
A row's error is relative: sum(w error^2) / sum(w value^2), where w is 1 or importance[i] = ((1 + 37 i mod 101) / 32)^2;
the figure is the root of the mean over the rows that are not all zero.
"""

import ctypes
import json
import sys
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, quants
from safetensors.numpy import load_file

here = Path(__file__).parent
ggml = ctypes.CDLL(sys.argv[1])
ggml.ggml_row_size.restype = ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
ggml.ggml_row_size.argtypes = [ctypes.c_int, ctypes.c_int64]
ggml.ggml_quantize_chunk.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 3, ctypes.c_void_p]

rows = {
    "weights": np.concatenate([load_file(here / f"{t}.safetensors")["values"] for t in ("Q8_0", "Q5_1", "Q6_K", "Q4_K")]),
    "edges": load_file(here / "Q4_0.safetensors")["source"],
}
importance = (((1 + 37 * np.arange(1024) % 101) / 32) ** 2).astype(np.float32)
errors = {}
for name in "Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS".split():
    kind = GGMLQuantizationType[name]
    errors[name] = {}
    for what, x in rows.items():
        for suffix, weights in (("", None), (" weighted", importance)):
            out = np.zeros((len(x), ggml.ggml_row_size(kind, 1024)), np.uint8)
            ggml.ggml_quantize_chunk(kind, x.ctypes.data, out.ctypes.data, 0, len(x), 1024, weights if weights is None else weights.ctypes.data)
            w = np.ones(1024) if weights is None else weights.astype(np.float64)
            miss = quants.dequantize(out, kind).astype(np.float64) - x
            size = (x.astype(np.float64) ** 2 * w).sum(1)
            errors[name][what + suffix] = float(np.sqrt(np.mean(((miss**2 * w).sum(1)[size > 0] / size[size > 0]))))
(here / "reference-errors.json").write_text(json.dumps(errors, indent=1) + "\n")
