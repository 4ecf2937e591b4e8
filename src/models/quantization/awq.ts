// AWQ: codes of 4 bits, eight rows in a word, with scales and zero points of groups of columns.
//
// arXiv:2306.00978; the layout is that of AutoAWQ's WQLinear_GEMM.
import type { ConfigReader } from "../config/config-reader.ts";
import { groupSize, matrixShape } from "./gptq.ts";
import type { QuantizedWeight, StoredTensors } from "./stored-tensors.ts";

/** Codes in a word of 32 bits. */
const PER_WORD = 8;

/** Weights that lie in qweight, qzeros and scales, all of them [columns of the weight, rows]. */
export function* awqWeights(stored: StoredTensors, config: ConfigReader): Generator<QuantizedWeight> {
  config.ignore("modules_to_not_convert", "modules_to_fuse", "do_fuse", "fuse_max_seq_len", "exllama_config");
  config.ignore("backend", "sym", "desc_act", "meta", "damp_percent", "true_sequential", "act_group_aware");
  config.ignore("tokenizer", "dataset", "lm_head", "pack_dtype", "batch_size", "cache_block_outputs");
  config.spell({ bits: ["w_bit"], group_size: ["q_group_size"], version: ["format", "checkpoint_format"] });
  config.only("bits", 4);
  config.only("zero_point", true);
  config.only("version", "gemm", "GEMM");
  const declared = config.number("group_size", 128);
  for (const name of stored.names()) {
    if (name.endsWith(".qweight")) yield awqWeight(stored, name.slice(0, -".qweight".length), declared);
  }
}

function awqWeight(stored: StoredTensors, base: string, declared: number): QuantizedWeight {
  const [codesName, scalesName] = [`${base}.qweight`, `${base}.scales`];
  const [cols, words] = matrixShape(stored, codesName);
  const [groups] = matrixShape(stored, scalesName);
  const out = words * PER_WORD;
  const groupCols = groupSize(stored, scalesName, { cols, groups, declared });
  const scales = stored.take(scalesName, ["F16", "BF16", "F32"], [groups, out]);
  const zeros = stored.take(`${base}.qzeros`, ["I32"], [groups, words]);
  return {
    name: `${base}.weight`,
    shape: [out, cols],
    encoding: {
      kind: "scaled",
      rows: out,
      cols,
      codes: stored.take(codesName, ["I32"], [cols, words]),
      layout: "awq",
      bits: 4,
      zero: 0,
      zeros: { part: zeros, layout: "awq", add: 0 },
      scales,
      transposed: true,
      groupRows: 1,
      groupCols,
      matrixRows: out,
    },
  };
}
