// Endpoints as subjects: our own server, and servers that are restricted, busy or broken.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { findEndpoints } from "../src/cli/evaluate-endpoint.ts";
import { evaluateEndpoints, type RunFlags } from "../src/cli/evaluate-endpoints.ts";
import { createTerminal } from "../src/cli/terminal.ts";
import { BaimoError } from "../src/errors.ts";
import { makeBoard } from "../src/evaluate/report/board.ts";
import { readRuns } from "../src/evaluate/report/read-run.ts";
import { checkEndpoint, createEndpointSubject } from "../src/evaluate/subjects/endpoint.ts";
import {
  createEndpointClient,
  type EndpointCapabilities,
  type EndpointOptions,
  probeEndpoint,
} from "../src/evaluate/subjects/endpoint-client.ts";
import { createLocalSubject } from "../src/evaluate/subjects/local.ts";
import { Ledger } from "../src/evaluate/subjects/purse.ts";
import type { Question } from "../src/evaluate/subjects/subject.ts";
import type { Model } from "../src/generate/types.ts";
import { createHandler, type Handler } from "../src/serve/index.ts";
import type { Reply } from "../src/upstream/echo.ts";
import { loadChatModel } from "./chat-model.ts";

/** Of a short request. */
const most = { prompt: 8, completion: 2 };
type Change = (body: Reply, path: string) => Response | Promise<Response>;

describe("an endpoint", () => {
  let model: Model;
  let handle: Handler;
  let served: number;
  before(async () => {
    model = await loadChatModel();
    handle = createHandler({ models: [model] });
  });
  after(() => model?.dispose());

  /** A client of our server, through something that changes answers. */
  function client(change?: Change, options: Partial<EndpointOptions> = {}) {
    const paused: number[] = [];
    served = 0;
    const through = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      served++;
      const request = new Request(input, init);
      const path = new URL(request.url).pathname;
      return change ? change((await request.clone().json()) as Reply, path) : handle(request);
    };
    const made = createEndpointClient({
      url: "http://localhost/v1",
      model: model.name,
      fetch: through as typeof fetch,
      pause: async (ms) => void paused.push(ms),
      ...options,
    });
    return { client: made, paused };
  }

  const forward = (body: Reply, path: string) =>
    handle(
      new Request(`http://localhost${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );

  const probe = (change?: Change): Promise<EndpointCapabilities> =>
    probeEndpoint(client(change).client, model.name);
  const scored = (context: string, continuation: string): Question => ({
    request: { kind: "loglikelihood", context, continuation },
    repeat: 0,
    seed: 0,
  });

  it("of our own answers as the weights do", async () => {
    const capabilities = await probe();
    assert.ok(served <= 6, `${served} questions`);
    assert.deepEqual(capabilities.echo, { can: true });
    assert.ok(
      capabilities.chat.can &&
        capabilities.completions.can &&
        capabilities.usage.can &&
        capabilities.seed.can,
    );
    const questions = [
      scored("hello there", " you"),
      scored("hello there", " there"),
      scored("one two", " three"),
    ];
    const subject = createEndpointSubject(client().client, {
      model: model.name,
      capabilities,
      isChat: false,
    });
    const expected = await createLocalSubject(model).ask(questions);
    for (const [i, { answer, failed }] of (await subject.ask(questions)).entries()) {
      assert.equal(failed, undefined);
      const [own, local] = [answer, expected[i].answer] as [number, boolean][];
      assert.ok(Math.abs(own[0] - local[0]) < 1e-5, `${own[0]}, weights ${local[0]}`);
      assert.equal(own[1], local[1]);
    }
  });

  it("whose log-probabilities are zero, missing or too few cannot be asked by likelihood", async () => {
    const changed =
      (change: (lists: Record<string, unknown[]>) => void): Change =>
      async (body, path) => {
        const answer = await (await forward(body, path)).json();
        const lists = answer.choices?.[0]?.logprobs;
        if (lists?.token_logprobs) change(lists);
        return Response.json(answer);
      };
    const forms: [Change, RegExp][] = [
      [changed((lists) => void (lists.token_logprobs = lists.token_logprobs.map(() => 0))), /zero/],
      [changed((lists) => void lists.token_logprobs.pop()), /different length/],
      [changed((lists) => void (lists.token_logprobs = [])), /no log-probabilities/],
      [changed((lists) => Object.values(lists).forEach((list) => void list.pop())), /do not reach the end/],
      [
        async (body, path) =>
          body.echo ? Response.json({ error: "no echo" }, { status: 400 }) : forward(body, path),
        /400/,
      ],
    ];
    for (const [change, why] of forms) {
      const capabilities = await probe(change);
      assert.ok(!capabilities.echo.can);
      assert.match(capabilities.echo.why, why);
      const options = { model: model.name, capabilities, isChat: false };
      assert.throws(() => checkEndpoint("loglikelihood", options), BaimoError);
      checkEndpoint("generate_until", options);
    }
  });

  it("that is busy, fails or drops is asked again, and given up on at last", async () => {
    let times = 0;
    const passing: Change = (body, path) => {
      times++;
      if (times === 1) return new Response("busy", { status: 429, headers: { "retry-after": "2" } });
      if (times === 2) return new Response("oops", { status: 500 });
      if (times === 3) throw new TypeError("the connection was dropped");
      if (times === 4) return new Response('{"choices": [{"te');
      return forward(body, path);
    };
    const { client: patient, paused } = client(passing);
    const { reply } = await patient.post(
      "/completions",
      { model: model.name, prompt: "hello", max_tokens: 1 },
      most,
    );
    assert.ok(Array.isArray(reply.choices));
    assert.deepEqual(paused, [2000, 1000, 2000, 4000]);
    const { client: dead } = client(() => new Response("gone", { status: 503 }));
    await assert.rejects(dead.post("/completions", {}, most), /after 5 tries: .* status 503: gone$/);
  });

  it("whose redirect, or address, would give the key away is not asked", async () => {
    const away: Change = () =>
      new Response(null, { status: 307, headers: { location: "http://evil.example" } });
    await assert.rejects(client(away).client.post("/completions", {}, most), /not followed/);
    assert.equal(served, 1);
    assert.throws(
      () => createEndpointClient({ url: "http://user:secret@a.example", model: "a" }),
      BaimoError,
    );
  });

  it("that never ends its answer is given up on", async () => {
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1024)) });
    const { client: bounded } = client(() => new Response(endless), {
      limits: { maxBodyBytes: 4096 },
      tries: 1,
    });
    await assert.rejects(bounded.post("/completions", {}, most), /more than 4096 bytes/);
  });

  it("that fails gives no score for that document, and says why", async () => {
    const capabilities = await probe();
    const { client: failing } = client((body, path) =>
      String(body.prompt).includes("two") ? new Response("no", { status: 400 }) : forward(body, path),
    );
    const subject = createEndpointSubject(failing, { model: model.name, capabilities, isChat: false });
    const [first, second] = await subject.ask([scored("one two", " three"), scored("hello", " there")]);
    assert.match(String(first.failed), /400: no/);
    assert.equal(second.failed, undefined);
  });

  it("is not asked beyond a budget, also where it counts no tokens", async () => {
    const silent: Change = async (body, path) => {
      const { usage: _, ...answer } = await (await forward(body, path)).json();
      return Response.json(answer);
    };
    const { client: spare } = client(silent, { budget: { most: 25, unit: "tokens" } });
    const body = { model: model.name, prompt: "hello", max_tokens: 1 };
    await spare.post("/completions", body, most);
    await spare.post("/completions", body, most);
    await assert.rejects(
      spare.post("/completions", body, most),
      /budget of 25 tokens would be exceeded: 20 are spent/,
    );
    assert.equal(served, 2);
    assert.equal((await probe(silent)).usage.can, false);
  });

  it("is not asked beyond a budget of money, many questions at once, answers that break off counted", async () => {
    const capabilities = await probe();
    const price = { currency: "USD", input: 1e6, output: 2e6, source: "made up", date: "2026-11-29" };
    let paid = 0;
    let times = 0;
    const counting: Change = async (body, path) => {
      const answer = await (await forward(body, path)).json();
      const { prompt_tokens: read, completion_tokens: written } = answer.usage;
      paid += read + 2 * written;
      // Worked for, and lost on the way.
      return ++times === 3 ? new Response('{"choices": [{"te') : Response.json(answer);
    };
    const budget = { most: 300, unit: "USD" };
    const { client: rich } = client(counting, { budget, price });
    const subject = createEndpointSubject(rich, { model: model.name, capabilities, isChat: false });
    const answers = await subject.ask(
      Array.from({ length: 100 }, (_, i) => scored(`one two ${i}`, " three")),
    );
    const answered = answers.filter(({ failed }) => failed === undefined);
    assert.ok(paid <= 300 && paid > 200, `${paid} paid`);
    assert.ok(answered.length > 10 && answered.length < 100);
    for (const { failed } of answers)
      if (failed !== undefined) assert.match(failed, /budget of 300 USD would be exceeded/);
    const told = answered.reduce((sum, { cost }) => sum + (cost.amount ?? Number.NaN), 0);
    assert.ok(told > 0 && told <= paid);
    // A run that goes on counts what it spent before.
    const { client: later } = client(counting, { budget, price });
    const resumed = createEndpointSubject(later, { model: model.name, capabilities, isChat: false });
    resumed.resume?.(answered);
    const before = paid;
    await resumed.ask(Array.from({ length: 100 }, (_, i) => scored(`two one ${i}`, " three")));
    assert.ok(told + paid - before <= 300, `${told} and ${paid - before}`);
    assert.throws(() => client(counting, { budget: { most: 1, unit: "EUR" }, price }), /price is in USD/);
    assert.throws(() => client(counting, { budget }), /no price is known/);
  });

  it("and others of one budget do not take more than it together", async () => {
    const ledger = new Ledger();
    let paid = 0;
    const counting: Change = async (body, path) => {
      const answer = await (await forward(body, path)).json();
      paid += answer.usage.prompt_tokens + answer.usage.completion_tokens;
      return Response.json(answer);
    };
    const budget = { most: 300, unit: "tokens" } as const;
    const capabilities = await probe();
    const ask = (text: string) => {
      const { client: sharing } = client(counting, { budget, ledger });
      const subject = createEndpointSubject(sharing, { model: model.name, capabilities, isChat: false });
      return subject.ask(Array.from({ length: 40 }, (_, i) => scored(`${text} ${i}`, " three")));
    };
    const answers = await Promise.all([ask("one two"), ask("two one")]);
    assert.ok(paid <= 300 && paid > 200, `${paid} paid`);
    const answered = answers.map((all) => all.filter(({ failed }) => failed === undefined).length);
    assert.ok(
      answered.every((count) => count > 0 && count < 40),
      String(answered),
    );
  });

  it("among several has its own folder, and one that is gone leaves the others alone", async () => {
    const out = mkdtempSync(join(tmpdir(), "baimo-many-"));
    writeFileSync(
      join(out, "task.yaml"),
      "task: sums\ndataset_path: json\ndataset_kwargs: {data_files: {test: sums.jsonl}}\ntest_split: test\n" +
        'output_type: multiple_choice\ndoc_to_text: one\ndoc_to_choice: [two, three]\ndoc_to_target: "{{label}}"\n',
    );
    writeFileSync(join(out, "sums.jsonl"), '{"label": 0}\n{"label": 1}\n');
    const lines: string[] = [];
    const terminal = { ...createTerminal(), showsProgress: false };
    terminal.line = terminal.note = (text = "") => void lines.push(text);
    const context = { terminal, exitCode: 0 };
    const { fetch } = globalThis;
    globalThis.fetch = (async (input: string, init: RequestInit) => {
      if (input.includes("gone.example")) return new Response("bad key", { status: 401 });
      return forward(JSON.parse(String(init.body)), new URL(input).pathname);
    }) as typeof fetch;
    try {
      const flags: RunFlags & { out: string } = { bootstrap: 0, out: join(out, "runs") };
      const sources = ["a.example", "b.example", "gone.example"].map(
        (host) => `http://${host}/v1#${model.name}`,
      );
      const endpoints = findEndpoints(sources, flags);
      assert.ok(endpoints);
      await evaluateEndpoints(endpoints, { tasks: ["sums"], includePaths: [out] }, flags, context);
      const runs = readRuns(flags.out);
      assert.deepEqual(
        runs.map((run) => run.model),
        [`${model.name}@a.example`, `${model.name}@b.example`],
      );
      const [row] = makeBoard(runs).rows;
      assert.equal(row.cells[0].score, row.cells[1].score);
      assert.equal(context.exitCode, 1);
      assert.match(lines.join("\n"), /@gone\.example: no task runs on this endpoint/);
      assert.throws(() => findEndpoints([...sources, sources[0]], flags), /named twice/);
      assert.throws(() => findEndpoints([sources[0], "poet"], flags), /"poet" is no endpoint/);
    } finally {
      globalThis.fetch = fetch;
      rmSync(out, { recursive: true });
    }
  });
});
