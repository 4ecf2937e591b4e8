// Which type each tensor gets, against the choices of llama.cpp's quantiser (file-types.py).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BaimoError } from "../../errors.ts";
import { chooseTypes, type FileType, fileTypes, readFileType, type TensorOutline } from "./file-types.ts";

interface Outline {
  metadata: Record<string, string | number>;
  tensors: Record<string, number[]>;
  /** By file type: one type for all layers, or one for each. Tensors left in F32 are not listed. */
  types: Record<string, Record<string, string>>;
}

const outlines: Record<string, Outline> = JSON.parse(
  readFileSync("test/golden/quants/file-types.json", "utf8"),
);

for (const [model, { metadata, tensors, types }] of Object.entries(outlines)) {
  test(`${model}: every tensor gets the type that llama.cpp gives it`, () => {
    const layers = Number(metadata[`${metadata["general.architecture"]}.block_count`]);
    const all: TensorOutline[] = [];
    // Back to front: the choice may not depend on the order in a file.
    for (const [name, shape] of Object.entries(tensors).reverse()) {
      const count = name.startsWith("blk.") ? layers : 1;
      for (let i = count - 1; i >= 0; i--)
        all.push({ name: name.replace("*", String(i)), dtype: "F32", shape });
    }
    for (const fileType of Object.keys(fileTypes) as FileType[]) {
      for (const weighted of [false, true]) {
        const expected = types[weighted ? `${fileType} weighted` : fileType] ?? types[fileType];
        const chosen = chooseTypes(all, new Map(Object.entries(metadata)), fileType, { weighted });
        assert.equal(chosen.size, all.length);
        for (const name of Object.keys(tensors)) {
          const list = (expected[name] ?? "F32").split(" ");
          for (let i = 0; i < (name.startsWith("blk.") ? layers : 1); i++) {
            const found = chosen.get(name.replace("*", String(i)));
            assert.equal(found, list[i] ?? list[0], `${fileType}, weighted ${weighted}: ${name}, layer ${i}`);
          }
        }
      }
    }
  });
}

test("names of file types", () => {
  assert.equal(readFileType("q4_k_m"), "Q4_K_M");
  assert.equal(readFileType("Q5_K"), "Q5_K_M");
  for (const name of ["Q9_0", "toString", "IQ2_XS", ""]) {
    assert.throws(
      () => readFileType(name),
      (e) =>
        e instanceof BaimoError &&
        e.code === "request" &&
        /readFileType: name is ".*allowed: "F32", "F16"/.test(e.message),
    );
  }
});
