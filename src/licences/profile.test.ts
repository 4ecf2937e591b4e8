// Licence profiles: what is permitted, what is refused and why, and the record of it.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { acceptancePath, holdToProfile, loadProfile } from "../cli/licence-profile.ts";
import { loadTerms } from "../cli/load-catalogue.ts";
import { BaimoError } from "../errors.ts";
import { accept, readProfile } from "./profile.ts";

const terms = loadTerms();
const company = {
  action: "commercial-use",
  facts: { mauAtRelease: 1000, distribute: false },
  accept: ["acceptable-use"],
  models: { nameless: "apache-2.0" },
};
const profile = readProfile(company, "company.json");
const ask = (name: string, declared: Record<string, string>) => accept({ name, declared }, profile, terms);

test("a profile permits what it has the facts and the conditions for", () => {
  assert.equal(ask("a", { card: "Apache-2.0" }).verdict, "yes");
  const { licences, conditions, clauses } = ask("b", { gguf: "LicenseRef-Llama-3.1" });
  assert.deepEqual([licences, conditions], [["LicenseRef-Llama-3.1"], ["acceptable-use"]]);
  assert.ok(clauses.includes("LicenseRef-Llama-3.1#1.b.iv"));
  assert.equal(ask("nameless", {}).verdict, "yes");
});

test("what it does not permit is refused with code licence and the reason", () => {
  const cases: [declared: Record<string, string>, message: RegExp][] = [
    [{}, /declare no licence/],
    [{ card: "CC-BY-NC-4.0" }, /commercial purpose is not licensed \(CC-BY-NC-4\.0#1\(i\)/],
    [{ card: "LicenseRef-Databricks-Open-Model" }, /asks for use-latest-version, which the profile does not/],
    [{ card: "LicenseRef-Tongyi-Qianwen" }, /the fact mau is missing/],
    [
      { card: "Apache-2.0", file: "LicenseRef-Llama-3" },
      /disagree \(card: Apache-2\.0; file: LicenseRef-Llama-3\)/,
    ],
    [{ card: "wtfpl" }, /the terms of wtfpl are not in the catalogue/],
  ];
  for (const [declared, message] of cases)
    assert.throws(
      () => ask("a", declared),
      (error) => error instanceof BaimoError && error.code === "licence" && message.test(error.message),
      String(message),
    );
});

test("what is accepted is recorded beside the profile, what is refused is not", () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-profile-"));
  try {
    const path = join(folder, "company.json");
    writeFileSync(path, JSON.stringify(company));
    holdToProfile({ name: "a", declared: { card: "Apache-2.0" } }, loadProfile(path), path);
    assert.throws(() => holdToProfile({ name: "b", declared: {} }, loadProfile(path), path));
    const lines = readFileSync(acceptancePath(path), "utf8").trimEnd().split("\n");
    const [{ time, ...record }] = lines.map((line) => JSON.parse(line));
    assert.equal(lines.length, 1);
    assert.ok(!Number.isNaN(Date.parse(time)));
    assert.deepEqual(record, JSON.parse(JSON.stringify(ask("a", { card: "Apache-2.0" }))));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a profile that is wrong is refused, and the message says where", () => {
  const cases: [value: unknown, message: RegExp][] = [
    [[], /company\.json must be an object/],
    [{ acton: "host" }, /"acton" is not known/],
    [{ action: "hosting" }, /action "hosting" is not known/],
    [{ facts: { users: 5 } }, /the fact users is not known/],
    [{ facts: { mau: "5" } }, /the fact mau is "5"/],
    [{ accept: ["everything"] }, /accept has "everything"/],
    [{ models: { a: 5 } }, /models: a must be a string/],
  ];
  for (const [value, message] of cases) assert.throws(() => readProfile(value, "company.json"), message);
});
