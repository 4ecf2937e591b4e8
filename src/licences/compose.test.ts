// Compositions: roles, conflicts, disagreement; one more component never makes yes of no.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadTerms } from "../cli/load-catalogue.ts";
import { BaimoError } from "../errors.ts";
import { ACTION_NAMES, type Facts } from "./facts.ts";
import { type Answer, mayI } from "./may.ts";

const terms = loadTerms();
const ids = [...terms.keys()];
const may = (action: string, uses: string | string[], facts: Facts = {}): Answer =>
  mayI({ uses: [uses].flat(), action, facts }, terms);
const [apache, mit, nc] = ["Apache-2.0", "MIT", "CC-BY-NC-4.0"];
const [llama2, llama3, llama31] = ["2", "3", "3.1"].map((version) => `LicenseRef-Llama-${version}`);
const [gemma, deepseek, glm] = ["Gemma", "DeepSeek", "GLM-4"].map((name) => `LicenseRef-${name}`);

const facts = fc.record(
  {
    distribute: fc.boolean(),
    hosted: fc.boolean(),
    commercial: fc.boolean(),
    mau: fc.constantFrom(0, 1e6, 1e9),
    mauAtRelease: fc.constantFrom(0, 7e8, 1e9),
    dau: fc.constantFrom(1, 1e6),
    annualRevenue: fc.constantFrom(1, 1e9),
    integratedEndUserProduct: fc.boolean(),
    sharedInstance: fc.boolean(),
    principalPlace: fc.constantFrom("EU", "US", "Norway"),
    multimodal: fc.boolean(),
    provider: fc.constantFrom("cloud", "retail", null),
    field: fc.constantFrom("military", "undisclosed-bot", "gardening"),
    name: fc.constantFrom("Tiger", "Llama Tiger", "Llama 3 Tiger", "glm-4-tiger"),
    target: fc.constantFrom("same", "other"),
    compose: fc.constantFrom("merge", "lora", "quantise", "data", "distil", "pipeline", "lora+data"),
    dataLicence: fc.constantFrom(...ids),
    dataGeneratedBy: fc.constantFrom(...ids, "closed-api"),
  },
  { requiredKeys: [] },
);
const uses = fc.array(fc.constantFrom(...ids), { minLength: 1, maxLength: 3 });
const firm = (verdict: string) => verdict === "yes" || verdict === "yes-if";

test("adding a component never turns no into yes", () => {
  const property = fc.property(
    uses,
    fc.constantFrom(...ids, "LicenseRef-Nobody-Knows"),
    fc.constantFrom(...ACTION_NAMES),
    facts,
    fc.constantFrom("none", "dataLicence", "dataGeneratedBy"),
    (some, more, action, known, tied) => {
      const given = tied === "none" ? known : { ...known, [tied]: some[0] };
      const before = may(action, some, given);
      const after = may(action, [...some, more], given);
      // Named apart from its data, a model may become known: then unknown may become yes, but no may not.
      const same = some.some((id) => id === given.dataLicence || id === given.dataGeneratedBy);
      if (before.verdict === "no" || (before.verdict === "unknown" && !same))
        assert.ok(!firm(after.verdict), `${before.verdict} to ${after.verdict}`);
    },
  );
  fc.assert(property, { numRuns: 500, seed: 17 });
});

test("of several actions the strictest holds, and what one alone would not owe is owed", () => {
  const strictness = ["yes", "yes-if", "unknown", "no"];
  const property = fc.property(
    uses,
    fc.constantFrom(...ACTION_NAMES),
    fc.constantFrom(...ACTION_NAMES),
    facts,
    (some, one, other, known) => {
      const both = may(`${one}+${other}`, some, known);
      for (const action of [one, other]) {
        const alone = may(action, some, known);
        assert.ok(
          strictness.indexOf(both.verdict) >= strictness.indexOf(alone.verdict),
          `${one}+${other} is ${both.verdict}, ${action} is ${alone.verdict}`,
        );
      }
    },
  );
  fc.assert(property, { numRuns: 500, seed: 17 });
  const tuned = may("fine-tune+host", llama3, { mauAtRelease: 1 });
  assert.ok(tuned.conditions.includes("name-prefix"), tuned.conditions.join());
  assert.throws(() => may("host+sel", llama3), /"sel" is not known; did you mean sell\?/);
});

test("a fact that decides and is absent is asked for, whatever the others say", () => {
  const asked = (action: string, id: string, known: Facts = {}) => {
    const { verdict, asks, conditions } = may(action, id, known);
    assert.equal(verdict, "unknown", `${action} ${id}`);
    assert.deepEqual(conditions, []);
    return asks;
  };
  assert.deepEqual(asked("commercial-use", llama2), ["mauAtRelease"]);
  assert.deepEqual(asked("commercial-use", llama2, { mau: 10 }), ["mauAtRelease"]);
  assert.deepEqual(asked("commercial-use", "LicenseRef-Tongyi-Qianwen"), ["mau"]);
  assert.deepEqual(asked("commercial-use", "LicenseRef-Baichuan-2"), ["dau", "provider"]);
  assert.deepEqual(asked("commercial-use", "LicenseRef-Llama-3.2", { mauAtRelease: 1 }), ["principalPlace"]);
  assert.deepEqual(asked("train-on-outputs", llama2), ["target"]);
  assert.deepEqual(asked("train-on-outputs", llama31, { target: "other", name: "Tiger" }), ["distribute"]);
  assert.deepEqual(asked("remove-attribution", mit), ["distribute"]);
});

test("multimodal Llama 3.2 in the European Union: not for makers, but for end users", () => {
  const inEu = (known: Facts) =>
    may("commercial-use", "LicenseRef-Llama-3.2", { principalPlace: "DE", mauAtRelease: 1, ...known })
      .verdict;
  assert.equal(inEu({ multimodal: true }), "no");
  assert.equal(inEu({ model: "Llama 3.2 11B Vision" }), "no");
  assert.equal(inEu({ multimodal: true, endUser: true }), "yes-if");
  assert.equal(inEu({ model: "Llama 3.2 3B" }), "yes-if");
  assert.equal(inEu({}), "unknown");
  assert.equal(inEu({ principalPlace: "US" }), "yes-if");
});

test("bounds count whom they name, at the date they name", () => {
  assert.equal(may("commercial-use", llama2, { mauAtRelease: 7e8 }).verdict, "yes-if");
  assert.equal(may("commercial-use", llama2, { mauAtRelease: 7e8 + 1 }).verdict, "no");
  assert.equal(may("commercial-use", llama2, { mauAtRelease: 1, mau: 9e9 }).verdict, "yes-if");
  assert.equal(
    may("commercial-use", llama2, { mauAtRelease: 4e8, affiliateMauAtRelease: 4e8 }).verdict,
    "no",
  );
  const dau = (count: number) =>
    may("commercial-use", "LicenseRef-Baichuan-2", { dau: count, provider: null });
  assert.equal(dau(1e6 - 1).verdict, "yes-if");
  assert.equal(dau(1e6).verdict, "no");
  const minimax = { mau: 2e8, annualRevenue: 1 };
  assert.deepEqual(may("commercial-use", "LicenseRef-MiniMax-M2-Modified-MIT", minimax).conditions, [
    "show-built-with",
  ]);
});

test("roles: a teacher's outputs, a data set, a base of the teacher's own licence", () => {
  const written = (id: string, base = apache, more: Facts = {}) =>
    may("publish-derivative", [base, id], { compose: "data", dataGeneratedBy: id, ...more });
  assert.equal(written(llama2).verdict, "no");
  assert.equal(written(llama2, llama2, { name: "Tiger" }).verdict, "yes-if");
  assert.ok(written(deepseek).conditions.includes("becomes-derivative"));
  assert.ok(!written(deepseek).conditions.includes("notice-file"));
  const taught = may("publish-derivative", [apache, llama2], { compose: "distil" });
  assert.equal(taught.verdict, "no");
  const data = may("publish-derivative", [apache], { compose: "lora+data", dataLicence: nc });
  assert.ok(data.conditions.includes("non-commercial"));
  const chain = may("commercial-use", [apache, llama2], { compose: "pipeline", mauAtRelease: 1 });
  assert.deepEqual([chain.verdict, chain.conditions], ["yes-if", ["acceptable-use"]]);
});

test("conflicts are named: two beginnings of one name; what a merge is, no text says", () => {
  const merged = may("publish-derivative", [llama3, glm], { compose: "merge" });
  assert.equal(merged.verdict, "no");
  assert.ok(merged.reasons.some(({ text }) => text.en.startsWith("conflict")));
  assert.equal(may("publish-derivative", [llama3, llama31], { compose: "merge" }).verdict, "yes-if");
  const warned = may("commercial-use", [llama2, apache], { compose: "merge", mauAtRelease: 1 });
  assert.ok(warned.warnings.some(({ en }) => en.includes("LicenseRef-Llama-2#1.b.v")));
  const both = may("publish-derivative", [gemma, deepseek], { compose: "merge" });
  for (const condition of ["pass-on-restrictions", "notice-file", "keep-notices"] as const)
    assert.ok(both.conditions.includes(condition), condition);
});

test("a name that is nearly as prescribed is not decided", () => {
  const named = (name: string) => may("publish-derivative", llama3, { name }).verdict;
  assert.deepEqual(
    ["Llama 3 Tiger", "Llama-3-Tiger", "llama 3 tiger", "Llama Tiger", "Tiger Llama 3"].map(named),
    ["yes-if", "unknown", "unknown", "no", "no"],
  );
});

test("declarations that disagree are not decided, unless something else refuses", () => {
  const declared = { card: apache, file: llama3 };
  const disputed = may("commercial-use", [apache, llama3], { declared });
  assert.deepEqual([disputed.verdict, disputed.conditions], ["unknown", ["resolve-disagreement"]]);
  assert.match(disputed.warnings.map(({ en }) => en).join(), /card: Apache-2\.0; file: LicenseRef-Llama-3/);
  assert.equal(may("commercial-use", [apache, llama3, nc], { declared }).verdict, "no");
  assert.equal(may("commercial-use", apache, { declared: { card: apache, gguf: apache } }).verdict, "yes");
});

test("fields: refused, not named, refused in part, in a policy that is not here", () => {
  const field = (id: string, name: string) => may("use", id, { field: name }).verdict;
  assert.equal(field("LicenseRef-BigScience-RAIL-1.0", "medical"), "no");
  assert.equal(field(deepseek, "medical-advice"), "yes-if");
  assert.equal(field(llama31, "medical-advice"), "unknown");
  assert.equal(field(llama31, "gardening"), "unknown");
  assert.equal(field(gemma, "military"), "unknown");
  assert.equal(field(apache, "military"), "yes");
});

test("what is wrong in a question is refused by its name; an unknown fact is told", () => {
  const refused = (run: () => unknown, message: RegExp) =>
    assert.throws(
      run,
      (error) => error instanceof BaimoError && error.code === "request" && message.test(error.message),
    );
  refused(() => may("host-it", apache), /action "host-it" is not known/);
  refused(() => may("comercial-use", apache), /did you mean commercial-use/);
  refused(() => may("use", []), /names no licence/);
  refused(
    () => mayI({ uses: [apache], action: "use", facts: { mau: "many" as never } }, terms),
    /mau is "many"/,
  );
  refused(
    () => may("use", apache, { compose: "magic" }),
    /compose is "magic"; it must be one of merge, lora/,
  );
  refused(
    () => may("use", apache, { principalPlace: "Europe" }),
    /it must be EU, a country's code \(DE\), or its name/,
  );
  const { warnings } = mayI({ uses: [apache], action: "use", facts: { weather: "fine" } }, terms);
  assert.match(warnings[0].en, /fact weather/);
});

test("a purpose that nobody said is asked for where it decides, and several fields are asked together", () => {
  const asked = may("use", nc, { commercial: null });
  assert.deepEqual([asked.verdict, asked.asks], ["unknown", ["commercial"]]);
  assert.equal(may("use", nc).verdict, "yes-if", "a plain use has no such purpose");
  assert.equal(may("use", apache, { commercial: null }).verdict, "yes");
  assert.equal(may("use", "LicenseRef-BigCode-OpenRAIL-M", { field: "weapons+malware" }).verdict, "no");
});

test("Llama 3.2 and 3.3: multimodal models are not for the European Union", () => {
  for (const version of ["3.2", "3.3"]) {
    for (const principalPlace of ["FR", "Germany", "德国", "the Netherlands"]) {
      const facts = { principalPlace, multimodal: true, mauAtRelease: 1 };
      const { verdict, clauses } = may("commercial-use", `LicenseRef-Llama-${version}`, facts);
      assert.deepEqual([verdict, clauses.some(({ id }) => id.endsWith("#USE_POLICY EU"))], ["no", true]);
    }
    const facts = { principalPlace: "UK", multimodal: true, mauAtRelease: 1 };
    assert.equal(may("commercial-use", `LicenseRef-Llama-${version}`, facts).verdict, "yes-if");
  }
});

test("whether notices may go is no or unknown for every licence", () => {
  for (const id of ids) {
    const { verdict } = may("remove-attribution", id, { distribute: true });
    assert.match(verdict, /^(no|unknown)$/, id);
  }
});
