// Dispatch against golden data: facts of every graph, models, hostile SQL, a third party's faults.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SqlEvidence } from "../src/dispatch/evidence.ts";
import { type OpenTools, readTask, runPlan, type Send, validate } from "../src/dispatch/index.ts";
import type { Forecaster, Predictor } from "../src/dispatch/models/model.ts";
import { type Model, readModel } from "../src/dispatch/models/read-model.ts";
import { lineageOf } from "../src/dispatch/sql/lineage.ts";
import { openReadOnly } from "../src/dispatch/sql/read-only.ts";
import { Reader } from "../src/dispatch/sql/reader.ts";
import { BaimoError } from "../src/errors.ts";
import { openAny } from "../src/store/open-database.ts";
import { type Expected, taskOf } from "./dispatch-tasks.ts";
import { at, forecasters, open, partner, requests, skip, skipSql } from "./dispatch-world.ts";
import { hostileStatements } from "./hostile-sql.ts";
import { readJson } from "./places.ts";

/** Equal, or within a relative tolerance; item by item. */
function assertNear(found: unknown, expected: unknown, tolerance: number, where: string): void {
  if (Array.isArray(expected) && Array.isArray(found)) {
    assert.equal(found.length, expected.length, where);
    for (const [i, each] of expected.entries()) assertNear(found[i], each, tolerance, `${where}[${i}]`);
  } else if (typeof expected === "number" && typeof found === "number" && tolerance > 0) {
    const off = Math.abs(found - expected) / Math.max(Math.abs(expected), Number.MIN_VALUE);
    assert.ok(
      found === expected || off <= tolerance,
      `${where}: ${found}, expected ${expected}, off by ${off}`,
    );
  } else assert.deepEqual(found, expected, where);
}

describe("dispatch, golden requests", { skip: skipSql }, () => {
  let opened: OpenTools;
  before(async () => {
    opened = await open(partner);
  });
  after(() => opened.close());

  for (const { id, role, expected } of requests) {
    if (expected.kind !== "answer") continue;
    it(`${id}: every fact within its tolerance, with its rows`, async () => {
      const task = taskOf(id, expected as Expected);
      assert.ok(task, "no saved task of this kind");
      const plan = await validate(readTask(task), opened.tools, { role });
      const { facts, failures, dropped } = await runPlan(plan, opened.tools, { role });
      assert.deepEqual(failures, []);
      for (const { key, value, unit, relativeTolerance, evidence } of expected.facts) {
        const fact = facts.find((each) => each.key === key);
        assert.ok(fact, `no fact ${key}`);
        assertNear(fact.value, value, relativeTolerance, key);
        assert.equal(fact.unit, unit);
        const hashes = new Set(fact.evidence.filter(isSql).map(({ rowsSha256 }) => rowsSha256));
        for (const { rowsSha256 } of evidence) {
          if (rowsSha256 === undefined) continue;
          assert.ok(hashes.has(rowsSha256), `${key} does not follow from the rows of ${rowsSha256}`);
        }
      }
      if (expected.unknownField) assert.deepEqual(dropped, [{ node: "n1", pointer: expected.unknownField }]);
    });
  }

  it("sums lead to the rows that went in", async () => {
    const reader = new Reader();
    let [found, given] = [0, 0];
    try {
      for (const { expected } of requests) {
        for (const { db, sql, params, lineageSha256, lineageCount } of (expected.facts ?? []).flatMap(
          (fact: { evidence: object[] }) => fact.evidence,
        )) {
          if (lineageSha256 === undefined) continue;
          given++;
          const lineage = lineageOf(sql, await reader.describe(at("world", `${db}.db`), 300_000));
          assert.ok(lineage, sql);
          const question = { sql: lineage, parameters: params, rights: {}, maxRows: 20_000 };
          const { rows } = await reader.query(at("world", `${db}.db`), question, 300_000);
          assert.equal(rows.length, lineageCount, lineage);
          const keys = rows.map((row) => Object.values(row).join("|")).join("\n");
          const texts = [keys, `${keys}\n`];
          if (texts.some((text) => createHash("sha256").update(text).digest("hex") === lineageSha256))
            found++;
        }
      }
    } finally {
      reader.close();
    }
    assert.ok(found === given && given > 0, `${found} of ${given}`);
  });

  it("a role reads its own databases alone", async () => {
    const args = { db: "bank", sql: "select count(*) n from loans", params: [] };
    const task = readTask({ nodes: [{ id: "n1", tool: "sql.query", args, after: [] }], facts: [] });
    await assert.rejects(validate(task, opened.tools, { role: "nurse" }), /permission: the role nurse/);
    await validate(task, opened.tools, { role: "analyst" });
  });

  it("a cost above the budget is refused before a call", async () => {
    const args = { service: "partner", operationId: "getBureau", params: { clientId: 42 } };
    const task = readTask({ nodes: [{ id: "n1", tool: "http.call", args, after: [] }], facts: [] });
    await assert.rejects(
      validate(task, opened.tools, { role: "analyst" }, { budgetFen: 100 }),
      /may cost 200 fen/,
    );
  });

  it("an applicant outside the scorecard's domain gets no figure", async () => {
    const [request] = requests.filter(({ id }) => id === "score-one.en");
    const task = taskOf(request.id, request.expected);
    const text = JSON.stringify(task).replace(/"params":\[\d+\]/, '"params":[301]');
    const plan = await validate(readTask(JSON.parse(text)), opened.tools, { role: "analyst" });
    const { facts, failures, missing } = await runPlan(plan, opened.tools, { role: "analyst" });
    assert.deepEqual([facts, missing], [[], ["score", "pd"]]);
    assert.match(failures[0].message, /out-of-domain/);
  });

  it(`${hostileStatements.length} hostile statements are refused`, async () => {
    const tool = opened.tools.get("sql.query");
    assert.ok(tool);
    for (const sql of hostileStatements) {
      const args = { db: "trade", sql };
      await assert.rejects(tool.run({ node: "n1", args, asker: { role: "analyst" } }), BaimoError, sql);
    }
  });
});

describe("dispatch, limits of a statement", { skip: skipSql }, () => {
  it("too many rows are refused; one without end is stopped, and the next one runs", async () => {
    const reader = new Reader();
    const ask = (sql: string, ms: number) =>
      reader.query(at("world", "trade.db"), { sql, parameters: [], rights: {}, maxRows: 3 }, ms);
    try {
      await assert.rejects(ask("select id from orders", 60_000), /more than 3 rows/);
      const endless =
        "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) x from c";
      await assert.rejects(ask(endless, 100), /longer than 100 ms/);
      assert.deepEqual((await ask("select 1 one", 60_000)).rows, [{ one: 1 }]);
    } finally {
      reader.close();
    }
  });

  it("a driver that lets a write through is not used", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dispatch-"));
    const copy = join(folder, "trade.db");
    copyFileSync(at("world", "trade.db"), copy);
    chmodSync(copy, 0o600);
    await assert.rejects(
      openReadOnly(copy, () => openAny(copy)),
      /can be written/,
    );
    assert.deepEqual(readFileSync(copy), readFileSync(at("world", "trade.db")));
    rmSync(folder, { recursive: true });
  });
});

const isSql = (each: { readonly kind: string }): each is SqlEvidence => each.kind === "sql";

describe("dispatch, a third party's faults", { skip: skipSql }, () => {
  const run = async (send: Send, args: Record<string, unknown>, ms?: number) => {
    const opened = await open(send, ms);
    try {
      const nodes = [
        { id: "n1", tool: "http.call", args: Object.assign({ service: "partner" }, args), after: [] },
        { id: "n2", tool: "calc", args: { expr: "1 + 1" }, after: [] },
        { id: "n3", tool: "calc", args: { expr: "3" }, after: ["n1"] },
      ];
      const facts = nodes.map(({ id }) => ({ key: id, node: id, path: id === "n1" ? "" : "/value" }));
      const plan = await validate(readTask({ nodes, facts }), opened.tools, { role: "analyst" });
      return await runPlan(plan, opened.tools, { role: "analyst" });
    } finally {
      opened.close();
    }
  };
  const rate = { operationId: "getRate", params: { base: "CNY", quote: "USD" } };

  it("one that is busy is asked once more", async () => {
    let calls = 0;
    const { failures } = await run(async (request, signal) => {
      if (++calls === 1) return { status: 503, retryAfter: 0.01 };
      return partner(request, signal);
    }, rate);
    assert.deepEqual([calls, failures], [2, []]);
  });

  it("an answer against the schema gives no figure, and the rest goes on", async () => {
    const body = { currency: "CNY", amountFen: "twelve", days: 2 };
    const quote = { operationId: "postQuote", body: { weightGrams: 5, region: "East" } };
    const { facts, failures, missing } = await run(async () => ({ status: 200, body }), quote);
    assert.match(failures[0].message, /against its schema: \/amountFen/);
    assert.deepEqual([facts.map(({ key }) => key), missing], [["n2"], ["n1", "n3"]]);
  });

  it("one that never comes fails alone", async () => {
    const never: Send = async () => {
      await sleep(60_000, undefined, { ref: false });
      return { status: 200 };
    };
    const { failures, missing } = await run(never, rate, 50);
    assert.match(failures[0].message, /no answer within 50 ms/);
    assert.deepEqual(missing, ["n1", "n3"]);
  });
});

const runtime = "onnxruntime-web";
const isThere = await import(runtime).then(
  () => true,
  () => false,
);

describe("AI 1.0 models against their references", { skip: skip || !existsSync(at("models")) }, () => {
  const load = (name: string): Promise<Model> => readModel(at("models", `${name}.json`));
  const tolerances: Readonly<Record<string, number>> = { "no-show": 1e-6 };

  for (const name of ["credit-scorecard", "credit-logit", "no-show", "feedback-tone"]) {
    it(name, async () => {
      const model = (await load(name)) as Model & Predictor;
      for (const { input, x, text, ...row } of readJson(at("models/reference.json"))[name]) {
        const given = text ?? input ?? Object.fromEntries(model.features.map((each, i) => [each, x[i]]));
        const prediction = await model.predict(given);
        assert.ok("values" in prediction, JSON.stringify(prediction));
        for (const output of model.outputs) {
          if (output in row)
            assertNear(prediction.values[output], row[output], tolerances[name] ?? 1e-9, output);
        }
      }
    });
  }

  for (const name of forecasters) {
    it(name, async () => {
      const model = (await load(name)) as Model & Forecaster;
      const { series, forecast, lower95 } = readJson(at("models/reference.json"))[name];
      const steps = model.forecast(series, forecast.length);
      assertNear(
        steps.map(({ value }) => value),
        forecast,
        1e-9,
        "forecast",
      );
      if (lower95)
        assertNear(
          steps.map((step) => step.lower95),
          lower95,
          1e-9,
          "lower95",
        );
    });
  }

  const describeGraph = (folder: string, name: string, more: object): string => {
    copyFileSync(at("models", `${name}.onnx`), join(folder, `${name}.onnx`));
    const { features, domain, output } = readJson(at("models", `${name}.json`));
    const path = join(folder, `${name}.json`);
    const graph = { format: "onnx/1", file: `${name}.onnx`, features, domain, output };
    writeFileSync(path, JSON.stringify(Object.assign(graph, more)));
    return path;
  };

  it("graphs of ONNX", { skip: !isThere && `${runtime} is not installed` }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "baimo-onnx-"));
    try {
      for (const name of ["credit-logit", "no-show"]) {
        const model = (await readModel(describeGraph(folder, name, {}))) as Model & Predictor;
        for (const { input, x, ...row } of readJson(at("models/reference.json"))[name]) {
          const given = input ?? Object.fromEntries(model.features.map((each, i) => [each, x[i]]));
          const prediction = await model.predict(given);
          assert.ok("values" in prediction, JSON.stringify(prediction));
          const [output] = model.outputs;
          assertNear(prediction.values[output], row[output], 5e-6, `${name}.${output}`);
        }
        assert.ok("outOfDomain" in (await model.predict({ age: 120 })));
      }
      const wrong = { from: { pd: { name: "probabilities" } } };
      await assert.rejects(
        readModel(describeGraph(folder, "credit-logit", wrong)),
        /no output probabilities; it has pd/,
      );
      const path = describeGraph(folder, "credit-logit", {});
      writeFileSync(join(folder, "credit-logit.onnx"), "no graph");
      await assert.rejects(readModel(path), /the graph cannot be opened/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("a graph without its runtime", { skip: isThere && `${runtime} is installed` }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "baimo-onnx-"));
    try {
      await assert.rejects(
        readModel(describeGraph(folder, "credit-logit", {})),
        /npm install it beside baimo/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
