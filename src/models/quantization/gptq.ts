// GPTQ: codes of 2, 3, 4 or 8 bits packed down columns, scales and zero points of groups.
//
// arXiv:2210.17323; the layout is that of AutoGPTQ's QuantLinear and of GPTQModel's "gptq_v2".
import type { ConfigReader } from "../config/config-reader.ts";
import type { QuantizedWeight, StoredTensors } from "./stored-tensors.ts";

/** Fields that say how the codes were found, or what another program does with them. */
const ofQuantiser =
  "sym desc_act damp_percent damp_auto_increment static_groups true_sequential lm_head model_name_or_path " +
  "model_file_base_name pack_dtype meta quantizer tokenizer dataset use_exllama exllama_config " +
  "disable_exllama max_input_length use_cuda_fp16 cache_block_outputs module_name_preceding_first_block " +
  "modules_in_block_to_quantize block_name_to_quantize batch_size pad_token_id model_seqlen backend act_group_aware " +
  "mse modules_to_not_convert";

/** Weights that lie in qweight, qzeros, scales and perhaps g_idx. */
export function* gptqWeights(stored: StoredTensors, config: ConfigReader): Generator<QuantizedWeight> {
  config.ignore(...ofQuantiser.split(" "));
  config.only("is_marlin_format", false);
  config.only("rotation");
  config.only("adapter");
  const bits = config.size("bits", undefined, 8);
  config.only("bits", 2, 3, 4, 8);
  const form = config.has("checkpoint_format") ? "checkpoint_format" : "format";
  config.ignore("checkpoint_format", "format");
  // The first version stores zero points less one.
  const add = config.choice(form, { gptq: 1, gptq_v2: 0 }, "gptq");
  const group = config.number("group_size", -1);
  // Other sizes for some modules, which their tensors have, too.
  const varies = config.record("dynamic") !== undefined;
  for (const name of stored.names()) {
    if (!name.endsWith(".qweight")) continue;
    const sizes = varies ? undefined : { bits, group };
    yield gptqWeight(stored, name.slice(0, -".qweight".length), add, sizes);
  }
}

function gptqWeight(
  stored: StoredTensors,
  base: string,
  add: number,
  sizes: { bits: number; group: number } | undefined,
): QuantizedWeight {
  const [names, scalesName] = [
    { q: `${base}.qweight`, z: `${base}.qzeros`, g: `${base}.g_idx` },
    `${base}.scales`,
  ];
  const [groups, out] = matrixShape(stored, scalesName);
  const [words] = matrixShape(stored, names.q);
  const bits = sizes?.bits ?? (matrixShape(stored, names.z)[1] * 32) / out;
  const cols = (words * 32) / bits;
  if (![2, 3, 4, 8].includes(bits) || !Number.isInteger(cols) || (out * bits) % 32 !== 0) {
    throw stored.error(
      names.q,
      `of ${words} rows and ${out} columns does not hold codes of ${bits} bits`,
      "shape",
    );
  }
  const group = groupSize(stored, scalesName, { cols, groups, declared: sizes?.group });
  const scales = stored.take(scalesName, ["F16", "BF16", "F32"], [groups, out]);
  const zeros = stored.take(names.z, ["I32"], [groups, (out * bits) / 32]);
  const groupOf = stored.has(names.g) ? stored.take(names.g, ["I32"], [cols]) : undefined;
  return {
    name: `${base}.weight`,
    shape: [out, cols],
    encoding: {
      kind: "scaled",
      rows: out,
      cols,
      codes: stored.take(names.q, ["I32"], [words, out]),
      layout: "columns",
      bits,
      zero: 0,
      zeros: { part: zeros, layout: "stream", add },
      scales,
      transposed: true,
      groupRows: 1,
      groupCols: group,
      matrixRows: out,
      groupOf,
    },
  };
}

/** The two sizes of a tensor. */
export function matrixShape(stored: StoredTensors, name: string): [number, number] {
  const { shape } = stored.get(name);
  if (shape.length === 2 && shape[0] > 0 && shape[1] > 0) return [shape[0], shape[1]];
  throw stored.error(name, `should have two sizes, found [${shape.join(", ")}]`, "shape");
}

/** Columns of a group, which is what the config says, unless that does not fit the number of groups. */
export function groupSize(
  stored: StoredTensors,
  scales: string,
  { cols, groups, declared }: { cols: number; groups: number; declared: number | undefined },
): number {
  const size = declared === undefined ? cols / groups : declared === -1 ? cols : declared;
  if (Number.isInteger(size) && size > 0 && Math.ceil(cols / size) === groups) return size;
  throw stored.error(
    scales,
    `has ${groups} groups for ${cols} columns, which are not groups of ${declared ?? "one size"}, as the config has it`,
    "shape",
  );
}
