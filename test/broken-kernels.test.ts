// A model on kernels broken on purpose: same answers, and a warning that names the kernel.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { load } from "../src/generate/load.ts";
import { golden, maxDifference, readJson, root } from "./places.ts";

/** Makes the export `name` another function of the module: the export `other`. */
function misdirect(bytes: Uint8Array, name: string, other: string): Uint8Array {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const leb = (value: number): number[] =>
    value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)];
  const exported = 7;
  for (;;) {
    const start = at;
    const id = bytes[at++];
    const end = number() + at;
    if (id !== exported) {
      at = end;
      continue;
    }
    const entries = Array.from({ length: number() }, () => {
      const length = number();
      const text = new TextDecoder().decode(bytes.subarray(at, (at += length)));
      return { text, kind: bytes[at++], index: number() };
    });
    const target = entries.find(({ text }) => text === other);
    assert.ok(target && entries.some(({ text }) => text === name));
    const body = entries.flatMap(({ text, kind, index }) => {
      const letters = new TextEncoder().encode(text);
      return [...leb(letters.length), ...letters, kind, ...leb(text === name ? target.index : index)];
    });
    const section = [...leb(entries.length), ...body];
    return Uint8Array.from([
      ...bytes.subarray(0, start),
      exported,
      ...leb(section.length),
      ...section,
      ...bytes.subarray(end),
    ]);
  }
}

describe("a model on broken kernels", () => {
  let copy: string;
  let loadBroken: typeof load;
  const breakKernel = async (part: string, build: string, name: string, other: string) => {
    const file = join("kernels", `kernels.${part}.${build}.wasm`);
    const good = await readFile(join(root, "dist", "src", file));
    await writeFile(join(copy, file), misdirect(good, name, other));
  };

  before(async () => {
    // within the repository, so that packages are found
    copy = await mkdtemp(join(root, "dist", "broken-"));
    await cp(join(root, "dist", "src"), copy, { recursive: true });
    ({ load: loadBroken } = await import(pathToFileURL(join(copy, "generate", "load.js")).href));
  });
  after(() => rm(copy, { recursive: true }));

  for (const [file, part, kernel, other] of [
    ["llama-legacymix", "blocks", "matmul_q5_1", "matmul_q4_1"],
    ["llama-q8_0", "core", "attention_f16", "attention_f32"],
    ["llama-q8_0", "core", "norm", "activate"],
  ] as const) {
    it(`${file} without ${kernel}`, async () => {
      const { prompts } = readJson(golden("gguf", `${file}.golden.json`));
      const { ids, reference } = prompts.at(-1);
      const options = { threads: 2, contextLength: 96, kernels: "relaxed" } as const;
      await breakKernel(part, "relaxed", kernel, other);
      await breakKernel(part, "simd", kernel, kernel);
      const [good, broken] = [
        await load(golden("gguf", `${file}.gguf`), options),
        await loadBroken(golden("gguf", `${file}.gguf`), options),
      ];
      try {
        assert.deepEqual(good.engine.warnings, []);
        assert.equal(broken.engine.warnings.length, 1);
        assert.match(broken.engine.warnings[0], new RegExp(`^kernel ${kernel} failed its self-test`));
        // the two builds round sums differently, and with them activations: as near to the exact answer, not the same
        const [near, found] = await Promise.all(
          [good, broken].map(async (model) => {
            const { data } = await model.logits(ids, { positions: "last" });
            return maxDifference(data, reference.logits);
          }),
        );
        assert.ok(found <= 1.5 * near, `${found} from the exact logits in place of ${near}`);
      } finally {
        await good.dispose();
        await broken.dispose();
      }
    });
  }

  it("llama-legacymix without any matmul_q5_1 is close to its reference", async () => {
    const { prompts } = readJson(golden("gguf", "llama-legacymix.golden.json"));
    const { ids, reference } = prompts.at(-1);
    for (const build of ["relaxed", "simd"]) await breakKernel("blocks", build, "matmul_q5_1", "matmul_q4_1");
    const model = await loadBroken(golden("gguf", "llama-legacymix.gguf"), { threads: 2, contextLength: 96 });
    try {
      assert.match(model.engine.warnings.join(), /kernel matmul_q5_1 failed.+Q5_1 weights become F16/);
      const { data } = await model.logits(ids, { positions: "last" });
      // activations of the other types are rounded to 8 bits
      const found = maxDifference(data, reference.logits);
      assert.ok(found < 0.2, `${found} from the exact logits`);
    } finally {
      await model.dispose();
    }
  });
});
