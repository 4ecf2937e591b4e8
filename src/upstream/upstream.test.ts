// Upstreams against an endpoint that is slow, refuses, breaks off, repeats, redirects or hangs.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { BaimoError } from "../errors.ts";
import type { ChatEvent, ChatOptions } from "../generate/types.ts";
import { LIMITS } from "./endpoint.ts";
import { Endpoints, PATIENCE } from "./endpoints.ts";
import { openUpstream } from "./open-upstream.ts";
import { type Behaviour, delta, fakeEndpoint, refuses, says, streams } from "./test-endpoint.ts";
import { Upstream } from "./upstream.ts";

const KEY = "sk-planted/0123456789";
const closing: (() => Promise<void>)[] = [];
after(() => Promise.all(closing.map((close) => close())));

async function fake(behave: (path: string, count: number) => Behaviour) {
  const endpoint = await fakeEndpoint(behave);
  closing.push(endpoint.close);
  return endpoint;
}

const can = { can: true } as const;
const found = { chat: can, tools: can, completions: can, echo: can, embeddings: can, rerank: can };
const patience = { ...PATIENCE, firstWaitSeconds: 0.001, restSeconds: 60 };

function upstreamOf(endpoints: readonly { url: string }[], limits = LIMITS): Upstream {
  const keyed = endpoints.map(({ url }) => ({ url, key: KEY }));
  return new Upstream(new Endpoints(keyed, patience), { model: "giant", limits, found, maxActive: 4 });
}

const hello = [{ role: "user", content: "Hello" }];
const ended = [...says("a", "b"), delta({}, "stop"), { choices: [], usage: { prompt_tokens: 3 } }];

/** The text that came, and how it ended. */
async function ask(upstream: Upstream, options: ChatOptions = {}) {
  const events: ChatEvent[] = [];
  let error: BaimoError | undefined;
  try {
    for await (const event of upstream.chat(hello, options)) events.push(event);
  } catch (thrown) {
    assert.ok(thrown instanceof BaimoError, String(thrown));
    assert.ok(!`${thrown.stack}${String(thrown.cause)}${JSON.stringify(thrown)}`.includes(KEY), "the key");
    error = thrown;
  }
  const text = events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
  return { text, events, error };
}

describe("before the first byte", () => {
  for (const status of [429, 502, 503, 504]) {
    test(`${status} is asked again`, async () => {
      const endpoint = await fake((_, count) =>
        count < 3 ? refuses(status, "busy", { "retry-after": "0" }) : streams(ended),
      );
      const { text, error } = await ask(upstreamOf([endpoint]));
      assert.deepEqual([text, error, endpoint.count], ["ab", undefined, 3]);
      assert.equal(endpoint.keys[0], `Bearer ${KEY}`);
    });
  }

  test("a connection that ends before it is answered is no answer", async () => {
    const endpoint = await fake((_, count) =>
      count < 2 ? (response) => void response.destroy() : streams(ended),
    );
    const { text, error } = await ask(upstreamOf([endpoint]));
    assert.deepEqual([text, error, endpoint.count], ["ab", undefined, 2]);
  });

  test("not for ever, and not where it would take too long", async () => {
    const busy = await fake(() => refuses(503));
    const { error } = await ask(upstreamOf([busy]));
    assert.match(error?.message ?? "", /refused with status 503: no/);
    assert.equal(busy.count, patience.attempts);
    const late = await fake(() => refuses(429, "later", { "retry-after": "3600" }));
    assert.equal((await ask(upstreamOf([late]))).error?.code, "busy");
    assert.equal(late.count, 1);
  });

  test("what is refused for good is told without the key", async () => {
    const endpoint = await fake((_, count) => refuses(count === 1 ? 401 : 400, `wrong key ${KEY}`));
    const upstream = upstreamOf([endpoint]);
    assert.match(
      (await ask(upstream)).error?.message ?? "",
      /refused this server's key with status 401: wrong key \*+$/,
    );
    assert.equal((await ask(upstream)).error?.code, "request");
    assert.equal(endpoint.count, 2);
    const message = `wrong key ${KEY}`;
    const escaped = JSON.stringify({ error: { message } }).replaceAll("/", "\\/");
    const other = await fake(() => (response) => void response.writeHead(403).end(escaped));
    assert.match((await ask(upstreamOf([other]))).error?.message ?? "", /403: wrong key \*+$/);
  });

  test("a redirect is not followed", async () => {
    const other = await fake(() => streams(ended));
    const endpoint = await fake(() => refuses(307, "", { location: `${other.url}/chat/completions` }));
    assert.match((await ask(upstreamOf([endpoint]))).error?.message ?? "", /sends requests elsewhere/);
    assert.deepEqual([endpoint.count, other.count], [1, 0]);
  });

  test("one that hangs is given up, and not asked twice", async () => {
    const endpoint = await fake(() => () => {});
    const limits = { ...LIMITS, firstByteSeconds: 0.05 };
    assert.match((await ask(upstreamOf([endpoint], limits))).error?.message ?? "", /answered nothing for/);
    assert.ok(endpoint.count <= 1); // on a busy machine it had not yet come
  });
});

describe("an answer that has begun", () => {
  const many = Array.from({ length: 200 }, (_, i) => `${i} `);
  for (const words of [[], ["a"], many]) {
    test(`broken off after ${words.length} tokens is an error, and not asked twice`, async () => {
      const endpoint = await fake(() => streams(says(...words), "breaks"));
      const { text, error } = await ask(upstreamOf([endpoint]));
      assert.equal(error?.code, "upstream");
      assert.ok(words.join("").startsWith(text));
      assert.equal(endpoint.count, 1);
    });
  }

  const call = (id: string, fields: object = {}) => ({
    index: 0,
    id,
    function: { name: "f", arguments: "{}" },
    ...fields,
  });
  const wrong: [string, unknown[], RegExp][] = [
    ["no JSON", ["{"], /expected JSON/],
    ["a page", ["<html>"], /web page/],
    ["a key in what is no JSON", [`{${KEY}`], /expected JSON/],
    ["no end", says("a"), /ended before the answer did/],
    ["an end and more", [...ended, ...says("b")], /goes on after its end/],
    ["all of it twice", [...ended, ...ended], /goes on after its end/],
    ["an error", [...says("a"), { error: { message: `no ${KEY}` } }], /an error: no \*+$/],
    ["an error that is a text", [...says("a"), { error: "overloaded" }], /an error: overloaded$/],
    ["an end that nobody knows", [delta({}, "toString")], /finish_reason is "toString"/],
    ["another answer", [{ choices: [{ index: 1, delta: { content: "b" } }] }], /more than the one answer/],
    ["two answers", [{ choices: [delta({}).choices[0], {}] }], /more than the one answer/],
    ["a number for text", [delta({ content: 1 })], /must be text/],
    ["a call twice", [delta({ tool_calls: [call("x"), call("x", { index: 1 })] })], /have one id/],
    ["a call that changes", [delta({ tool_calls: [call("x"), call("y")] })], /changes its id/],
    [
      "a call that goes on behind the next",
      [delta({ tool_calls: [call("x"), call("y", { index: 1 }), call("x")] })],
      /goes on after the next/,
    ],
    ["a call from nowhere", [delta({ tool_calls: [call("x", { index: 7 })] })], /does not follow/],
    ["too long an event", says("a".repeat(5000)), /more than 4096 bytes/],
  ];
  for (const [name, events, message] of wrong) {
    test(`${name}: an error`, async () => {
      const endpoint = await fake(() => streams(events));
      const { error } = await ask(upstreamOf([endpoint], { ...LIMITS, maxLineBytes: 4096 }));
      assert.equal(error?.code, "upstream");
      assert.match(error.message, message);
      assert.equal(endpoint.count, 1);
    });
  }

  test("an error with status 200, an answer that comes whole, one with the key in it", async () => {
    const endpoint = await fake((_, count) => {
      if (count === 1) return refuses(200, `no room for ${KEY}`);
      if (count === 2) return (response) => void response.end(JSON.stringify({ choices: [] }));
      return streams([...says(`It is ${KEY}.`), delta({}, "stop")]);
    });
    const upstream = upstreamOf([endpoint]);
    assert.match((await ask(upstream)).error?.message ?? "", /is an error: no room for \*+$/);
    assert.match((await ask(upstream)).error?.message ?? "", /came whole/);
    assert.equal((await ask(upstream)).text, "It is ********.");
  });

  test("one that falls silent, and one that sends too much", async () => {
    const endpoint = await fake((_, count) => streams(says("a", "b"), count === 1 ? "hangs" : "ends"));
    const silent = await ask(upstreamOf([endpoint], { ...LIMITS, gapSeconds: 0.05 }));
    assert.match(silent.error?.message ?? "", /sent nothing more/);
    assert.equal(silent.text, "ab");
    const much = await ask(upstreamOf([endpoint], { ...LIMITS, maxBodyBytes: 20 }));
    assert.match(much.error?.message ?? "", /more than 20 bytes/);
  });

  test("the caller's abort, and a reader that leaves, close the connection", async () => {
    const endpoint = await fake(() => streams(says("a"), "hangs"));
    const upstream = upstreamOf([endpoint]);
    const controller = new AbortController();
    for (const leave of [() => controller.abort(), undefined]) {
      const gone = endpoint.nextClose();
      const answer = upstream.chat(hello, { signal: leave && controller.signal });
      assert.equal((await answer.next()).done, false);
      assert.equal(upstream.load[0].active, 1);
      leave?.();
      if (leave) {
        const { value } = await answer.next();
        assert.ok("usage" in value);
        assert.deepEqual([value.reason, value.usage.completionTokens], ["aborted", 1]);
        assert.equal((await answer.next()).done, true);
      } else await answer.return(undefined as never);
      await gone;
      assert.deepEqual(upstream.load, [{ active: 0, rests: false }]);
    }
  });

  test("reasoning, calls in pieces and usage are events", async () => {
    const piece = (fields: object) => delta({ tool_calls: [fields] });
    const endpoint = await fake(() =>
      streams([
        delta({ role: "assistant", content: null, reasoning_content: "hm" }),
        piece({ index: 0, id: "x", type: "function", function: { name: "f", arguments: "" } }),
        piece({ index: 0, function: { arguments: '{"a":' } }),
        piece({ index: 0, function: { arguments: "1}" } }),
        piece({ id: "y", function: { name: "g", arguments: "{" } }), // some leave the index out
        piece({ function: { arguments: "}" } }),
        delta({}, "stop"),
        {
          choices: [],
          usage: {
            prompt_tokens: 5,
            prompt_tokens_details: { cached_tokens: 2 ** 53 - 1 }, // no count
            completion_tokens: 7,
            completion_tokens_details: { reasoning_tokens: 2 },
          },
        },
      ]),
    );
    const { events } = await ask(upstreamOf([endpoint]), { tools: [{ type: "function" }], seed: 3 });
    const last = events.at(-1);
    assert.ok(last?.type === "finish" && last.timings.generationMs >= 0);
    assert.deepEqual(events, [
      { type: "reasoning-delta", text: "hm", tokens: [] },
      { type: "tool-call-start", index: 0, id: "x", name: "f" },
      { type: "tool-call-delta", index: 0, arguments: '{"a":' },
      { type: "tool-call-delta", index: 0, arguments: "1}" },
      { type: "tool-call", index: 0, id: "x", name: "f", arguments: '{"a":1}' },
      { type: "tool-call-start", index: 1, id: "y", name: "g" },
      { type: "tool-call-delta", index: 1, arguments: "{" },
      { type: "tool-call-delta", index: 1, arguments: "}" },
      { type: "tool-call", index: 1, id: "y", name: "g", arguments: "{}" },
      {
        type: "finish",
        reason: "tool_calls",
        usage: { promptTokens: 5, completionTokens: 7, cachedTokens: 0, reasoningTokens: 2 },
        timings: last.timings,
        seed: 3,
      },
    ]);
  });
});

describe("several endpoints", () => {
  test("the least busy is asked", async () => {
    const both = [
      await fake(() => streams(says("a"), "hangs")),
      await fake(() => streams(says("a"), "hangs")),
    ];
    const upstream = upstreamOf(both);
    const answers = [1, 2, 3, 4].map(() => upstream.chat(hello));
    for (const answer of answers) await answer.next();
    assert.deepEqual(
      both.map(({ count }) => count),
      [2, 2],
    );
    for (const answer of answers) await answer.return(undefined as never);
  });

  test("one that is gone loses its own streams; others and new ones go on", async () => {
    const gone = await fake(() => streams(says("a"), "hangs"));
    const well = await fake(() => streams(ended));
    const upstream = upstreamOf([gone, well]);
    const lost = upstream.chat(hello);
    await lost.next();
    await gone.close();
    await assert.rejects(lost.next(), { code: "upstream" });
    assert.deepEqual(
      upstream.load.map(({ rests }) => rests),
      [true, false],
    );
    for (let i = 0; i < 5; i++) assert.equal((await ask(upstream)).text, "ab");
    assert.equal(well.count, 5);
    // One that nobody knew to be gone: the request goes on to the other.
    assert.equal((await ask(upstreamOf([gone, well]))).text, "ab");
  });

  test("one that is well again is found", async () => {
    const endpoint = await fake((_, count) => (count === 1 ? refuses(500) : streams(ended)));
    const upstream = upstreamOf([endpoint]);
    assert.equal((await ask(upstream)).error?.code, "upstream");
    assert.equal(upstream.load[0].rests, true);
    assert.equal((await ask(upstream)).text, "ab");
    assert.equal(upstream.load[0].rests, false);
  });
});

describe("what it can do", () => {
  test("is probed, and what is missing is refused by name before anything is sent", async () => {
    const said = JSON.stringify({ choices: [{ message: { content: "One" } }] });
    const endpoint = await fake((path) =>
      path === "/v1/chat/completions"
        ? (response, { tools }) => (tools ? refuses(400)(response, {}) : void response.end(said))
        : refuses(404),
    );
    const upstream = await openUpstream({ endpoints: [{ url: endpoint.url }], model: "giant" });
    assert.deepEqual(upstream.capabilities, {
      chat: true,
      tools: false,
      completions: false,
      logprobs: false,
      score: false,
      embeddings: false,
      rerank: false,
      tokenizer: false,
    });
    const before = endpoint.count;
    const refused = (run: AsyncGenerator<ChatEvent> | Promise<unknown>, option: string) =>
      assert.rejects("next" in run ? run.next() : run, { code: "request", option });
    await refused(upstream.chat(hello, { tools: [{}] }), "tools");
    await refused(upstream.complete("a"), "prompt");
    await refused(upstream.score([{ context: "a", continuation: "b" }]), "texts");
    await refused(upstream.embed(["a"]), "input");
    await refused(upstream.rerank("a", ["b"]), "query");
    for (const options of [{ topK: 5 }, { logprobs: 0 }, { minP: 0.1 }]) {
      await refused(upstream.chat(hello, options), Object.keys(options)[0]);
    }
    await refused(upstream.chat(hello, { constraint: { regex: "a" } }), "constraint");
    await refused(upstream.chat(hello, { templateVariables: { a: 1 } }), "templateVariables.a");
    assert.equal(endpoint.count, before);
  });

  test("one that answers each question with anything can nothing", async () => {
    const endpoint = await fake(() => (response) => void response.end("{}"));
    const { capabilities } = await openUpstream({ endpoints: [{ url: endpoint.url }], model: "giant" });
    assert.ok(Object.values(capabilities).every((each) => !each));
  });

  test("vectors and ranks stand in the order of their texts", async () => {
    const usage = { prompt_tokens: 9, total_tokens: 9 };
    const data = [
      { index: 1, embedding: [0, 1] },
      { index: 0, embedding: [1, 0] },
    ];
    const results = [
      { index: 0, relevance_score: 0.25 },
      { index: 1, relevance_score: 0.75 },
    ];
    const endpoint = await fake(
      () => (response) => void response.end(JSON.stringify({ data, results, usage })),
    );
    const upstream = upstreamOf([endpoint]);
    assert.deepEqual(await upstream.embed(["a", "bb"]), [
      { vector: Float32Array.of(1, 0), tokens: 3 },
      { vector: Float32Array.of(0, 1), tokens: 6 },
    ]);
    await assert.rejects(upstream.embed(["a"]), { code: "upstream" });
    const ranked = await upstream.rerank("q", ["a", "bb"]);
    assert.deepEqual(
      ranked.map(({ index, score, tokens }) => [index, score, tokens]),
      [
        [1, 0.75, 6],
        [0, 0.25, 3],
      ],
    );
    assert.ok(Math.abs(ranked[0].logit - Math.log(3)) < 1e-12);
    await assert.rejects(upstream.rerank("q", ["a"]), { code: "upstream" });
  });

  test("an answer that was to be JSON and is none is an error", async () => {
    const endpoint = await fake(() => streams(ended));
    const { text, error } = await ask(upstreamOf([endpoint]), { constraint: { schema: {} } });
    assert.equal(text, "ab");
    assert.match(error?.message ?? "", /holds no answers to schemas/);
  });

  test("one answer too many is refused at once", async () => {
    const endpoint = await fake(() => streams(says("a"), "hangs"));
    const upstream = upstreamOf([endpoint]);
    const answers = Array.from({ length: 5 }, () => upstream.chat(hello));
    const begun = await Promise.allSettled(answers.map((answer) => answer.next()));
    assert.deepEqual(
      begun.map(({ status }) => status),
      ["fulfilled", "fulfilled", "fulfilled", "fulfilled", "rejected"],
    );
    for (const answer of answers) await answer.return(undefined as never);
  });

  test("addresses and keys that cannot be used are refused without the key", () => {
    for (const endpoint of [
      { url: "file:///etc" },
      { url: `https://user:${KEY}@a.example/v1` },
      { url: `https://a.example/v1?key=${KEY}` },
      { url: "https://a.example/v1", key: `${KEY}\n` },
    ]) {
      assert.throws(
        () => new Endpoints([endpoint]),
        (error) => error instanceof BaimoError && error.code === "config" && !error.message.includes(KEY),
      );
    }
  });
});
