// What the catalogue says of licences, against their texts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalogue, loadTerms } from "../cli/load-catalogue.ts";

const { licences } = loadCatalogue();
const terms = loadTerms();
const says = (id: string) => `${licences[id].conditions.en}`;
const llamas = ["3", "3.1", "3.2", "3.3"].map((version) => `LicenseRef-Llama-${version}`);

test("conditions in words say what the terms say", () => {
  for (const [id, { terms: all }] of terms) {
    for (const term of all) {
      if (term.kind === "name" && !id.includes("EXAONE"))
        assert.ok(says(id).includes(`“${term.prefix}”`), id);
      if (term.kind === "version") assert.match(says(id), /latest version/, id);
      if (term.kind === "place") assert.match(says(id), /European Union/, id);
      if (term.kind === "outputs" && term.rule === "derivative" && id !== "LicenseRef-BigCode-OpenRAIL-M")
        if (id !== "LicenseRef-BigScience-RAIL-1.0") assert.match(says(id), /outputs/, id);
      if (term.kind === "hosting") assert.match(says(id), /hosting/, id);
    }
    const refused = all.some(({ kind }) => kind === "non-commercial");
    assert.equal(licences[id].commercial === "no", refused, id);
  }
});

test("duties of Llama: the Notice file, integrated products, names of what is passed on", () => {
  for (const id of llamas) {
    assert.match(says(id), /Notice text file/, id);
    assert.match(says(id), /not for recipients of an integrated product/, id);
    assert.match(says(id), /that are distributed or made available/, id);
  }
});

test("Qwen's form is the README's, Gemma's text has a date, DBRX may be restricted", () => {
  assert.doesNotMatch(says("LicenseRef-Tongyi-Qianwen"), /after an application/);
  assert.match(says("LicenseRef-Tongyi-Qianwen"), /README/);
  assert.equal(licences["LicenseRef-Gemma"].source.copy, "2025-03-24");
  assert.match(says("LicenseRef-Databricks-Open-Model"), /integrated product.*Notice file.*remotely/s);
});
