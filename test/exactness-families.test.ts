// Bit-identical logits however the work is cut, for every mixer and attention option.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type LoadOptions, load } from "../src/generate/load.ts";
import { golden, readJson } from "./places.ts";

/** What makes each of them different. */
const models = {
  bloom: "ALiBi, layer norms",
  "mpt-clip": "ALiBi, clipped queries, keys and values",
  deepseek_v3: "latent attention, keys wider than values",
  gemma2: "softcap, windows",
  gpt_oss: "sinks, windows, clipped activation",
  olmo2: "norm of whole queries and keys",
  "cohere-qk": "a weight for each head's norm, parallel branches",
  qwen3_next: "gated delta nets, gated attention",
  t5v11: "encoder, relative bias, attention over another text",
};

const mixtures = ["deepseek_v3", "gpt_oss", "qwen3_next"];

/** How the work is cut beside the whole of it on one thread, for each type of cache. */
const cuts = {
  F16: { threads: 2, chunkTokens: 7 },
  Q8: { threads: 3, chunkTokens: 1 },
} satisfies Record<string, LoadOptions>;

const bits = (values: Float32Array) => new Int32Array(values.buffer, values.byteOffset, values.length);

/** Root mean square of the difference, over that of the values. */
function far(values: Float32Array, exact: Float32Array): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < exact.length; i++) {
    difference += (values[i] - exact[i]) ** 2;
    size += exact[i] ** 2;
  }
  return Math.sqrt(difference / size);
}

for (const [name, what] of Object.entries(models)) {
  const folder = golden("families", name);
  const { cases } = readJson(`${folder}/golden.json`);
  const longest = cases.reduce((a: { input_ids: number[] }, b: { input_ids: number[] }) =>
    b.input_ids.length > a.input_ids.length ? b : a,
  );
  const decoder: number[] | undefined = longest.decoder_input_ids;
  const logitsOf = async (options: LoadOptions) => {
    const model = await load(folder, { contextLength: 96, ...options });
    try {
      const given = decoder ? { encoderTokens: longest.input_ids } : {};
      return (await model.logits(decoder ?? longest.input_ids, given)).data;
    } finally {
      await model.dispose();
    }
  };

  describe(`${name} (${what})`, () => {
    let exact: Float32Array;
    before(async () => {
      exact = await logitsOf({ threads: 1, cacheType: "F32" });
    });

    for (const cacheType of ["F16", "Q8"] as const) {
      it(`bit-identical logits over a cache of ${cacheType}`, async () => {
        const whole = await logitsOf({ threads: 1, cacheType });
        const cut = cuts[cacheType];
        const again = bits(await logitsOf({ ...cut, cacheType }));
        assert.deepEqual(again, bits(whole), `differs when cut as ${JSON.stringify(cut)}`);
        // Where experts are chosen, a rounding may choose others.
        if (mixtures.includes(name)) return;
        const distance = far(whole, exact);
        // Keys and values keep 11 or 8 bits, and few layers add up what that costs.
        const limit = cacheType === "F16" ? 2e-3 : 3e-2;
        assert.ok(distance > 0 && distance <= limit, `${distance} away from an F32 cache, limit ${limit}`);
      });
    }
  });
}
