// What card, GGUF metadata and LICENSE file declare, and where they do not agree.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { artefactsIn, licenceDisagreement, readDeclaredLicences } from "./declared-licences.ts";

const card = (license: string) => `---\nlicense: ${license}\n---\n# A model`;
const llama3 = "META LLAMA 3 COMMUNITY LICENSE AGREEMENT";

/** As much of a checkpoint as has to do with licences. */
function checkpoint(
  metadata: Record<string, string>,
  files: Record<string, string>,
  where: "folder" | "beside",
  name = "/models/tiger",
): Checkpoint {
  const read = async (file: string) => (file in files ? new TextEncoder().encode(files[file]) : undefined);
  return { name, metadata: new Map(Object.entries(metadata)), [where]: { read } } as unknown as Checkpoint;
}

test("declarations are read from all three places, and named where they differ", async () => {
  const files = { "README.md": card("apache-2.0"), LICENSE: llama3 };
  const declared = await readDeclaredLicences(checkpoint({ "general.license": "llama3" }, files, "beside"));
  assert.deepEqual(declared, { gguf: "LicenseRef-Llama-3", card: "Apache-2.0", file: "LicenseRef-Llama-3" });
  const told = licenceDisagreement("tiger.gguf", declared);
  assert.match(
    told!,
    /GGUF metadata LicenseRef-Llama-3, the card Apache-2\.0, the LICENSE file LicenseRef-Llama-3/,
  );
});

test("declarations that agree, in other words, are no disagreement", async () => {
  const files = { "README.md": card("llama3"), "LICENSE.txt": llama3 };
  const declared = await readDeclaredLicences(checkpoint({}, files, "folder"));
  assert.deepEqual(declared, { card: "LicenseRef-Llama-3", file: "LicenseRef-Llama-3" });
  assert.equal(licenceDisagreement("tiger", declared), undefined);
  assert.equal(licenceDisagreement("tiger", {}), undefined);
});

test("texts that are not the model's, papers of a web address and what is no name are not taken", async () => {
  const project = { LICENSE: llama3, "README.md": "# My project" };
  assert.deepEqual(await readDeclaredLicences(checkpoint({}, project, "beside")), {});
  const files = { "README.md": card("mit") };
  assert.deepEqual(await readDeclaredLicences(checkpoint({}, files, "folder", "https://x.example/m")), {});
  assert.deepEqual(
    await readDeclaredLicences(checkpoint({ "general.license": "x".repeat(99) }, {}, "folder")),
    {},
  );
  const broken = { ...checkpoint({}, {}, "folder"), folder: { read: () => Promise.reject(new Error("no")) } };
  assert.deepEqual(await readDeclaredLicences(broken), {});
});

test("of the openness framework a checkpoint's files hold weights and card, under the licence that all declare", async () => {
  const found = async (files: Record<string, string>) => {
    const opened = checkpoint({}, files, "folder");
    const artefacts = await artefactsIn(opened, await readDeclaredLicences(opened));
    return Object.entries(artefacts).map(([name, { value }]) => `${name}: ${value}`);
  };
  assert.deepEqual(await found({ "README.md": card("mit") }), ["parameters: MIT", "model-card: MIT"]);
  assert.deepEqual(await found({ "README.md": card("mit"), LICENSE: llama3 }), [
    "parameters: MIT or LicenseRef-Llama-3",
    "model-card: MIT or LicenseRef-Llama-3",
  ]);
  assert.deepEqual(await found({}), ["parameters: none declared"]);
});
