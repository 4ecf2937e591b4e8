// A class of openness needs every artefact to have been opened; a claim gives none.
import assert from "node:assert/strict";
import { it } from "node:test";
import { COMPONENT_NAMES, COMPONENTS, frameworkClass, type VerifiedComponents } from "./framework.ts";

const opened = (names: readonly string[]): VerifiedComponents =>
  Object.fromEntries(names.map((name) => [name, { value: "Apache-2.0", source: "repo" }]));

it("a class holds when all of its artefacts and those of the classes before were opened", () => {
  assert.deepEqual(frameworkClass({}), { level: null, open: [], closed: [], missing: COMPONENTS[3] });
  const model = opened(COMPONENTS[3]);
  assert.equal(frameworkClass({ verified: model }).level, 3);
  assert.equal(frameworkClass({ verified: opened(COMPONENT_NAMES) }).level, 1);
  const tools = opened([...COMPONENTS[2], ...COMPONENTS[1]]);
  assert.equal(frameworkClass({ verified: tools }).level, null, "tools without the model are no class");
  for (const name of COMPONENT_NAMES) {
    const rest = opened(COMPONENT_NAMES.filter((each) => each !== name));
    assert.notEqual(frameworkClass({ verified: rest }).level, 1, `${name} is missing`);
  }
});

it("an artefact under a licence that is not open counts for no class", () => {
  const verified = {
    ...opened(COMPONENTS[3]),
    parameters: { value: "LicenseRef-Llama-3", source: "repo" },
  };
  const { level, open, closed, missing } = frameworkClass({ verified });
  assert.deepEqual([level, open.length, closed, missing], [null, 5, ["parameters"], ["parameters"]]);
});
