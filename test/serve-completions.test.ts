// POST /v1/completions and the tokenizer's routes with a real model, as evaluations use them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Model } from "../src/generate/types.ts";
import { createHandler, type Handler } from "../src/serve/index.ts";
import { listen } from "../src/serve/node.ts";
import { openUpstream } from "../src/upstream/index.ts";
import { loadChatModel } from "./chat-model.ts";

/** What this file reads of an answer. */
interface Choice {
  index: number;
  text: string;
  finish_reason: string | null;
  logprobs: {
    tokens: string[];
    token_logprobs: (number | null)[];
    top_logprobs: (Record<string, number> | null)[];
    text_offset: number[];
  } | null;
}

describe("text completions", () => {
  let model: Model;
  let handle: Handler;
  before(async () => {
    model = await loadChatModel();
    handle = createHandler({ models: [model] });
  });
  after(() => model?.dispose());

  const send = (path: string, body: object) =>
    handle(
      new Request(`http://localhost${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
  async function complete(body: object): Promise<{ choices: Choice[]; usage: Record<string, unknown> }> {
    const response = await send("/v1/completions", body);
    const answer = await response.json();
    assert.equal(response.status, 200, JSON.stringify(answer));
    return answer;
  }

  it("a model at an endpoint scores as it does here", async () => {
    const server = await listen(handle, { port: 0 });
    const upstream = await openUpstream({ endpoints: [{ url: `${server.url}/v1` }], model: model.name });
    const texts = ["there", " friend, hello"].map((continuation) => ({ context: "hello ", continuation }));
    const scores = await model.score(texts);
    assert.deepEqual(await upstream.score(texts), scores);
    await assert.rejects(upstream.score([{ context: [1], continuation: "a" }]), { option: "context" });
    await assert.rejects(upstream.score(texts, { alternatives: 2 }), { option: "alternatives" });
    await server.close();
  });

  it("gives an evaluation the likelihoods of model.score, to the bit", async () => {
    const context = model.tokenizer.encode("hello there");
    const greedy = await complete({
      prompt: context,
      max_tokens: 2,
      temperature: 0,
      ignore_eos: true,
      logprobs: 0,
    });
    assert.equal(greedy.choices[0].logprobs!.tokens.length, 2);
    const best: number[] = [];
    for await (const event of model.complete(context, { temperature: 0, maxTokens: 2, ignoreEos: true }))
      if (event.type === "text-delta") best.push(...event.tokens.map(({ id }) => id));
    const continuations = [best, [best[0], (best[1] + 1) % 400], [7], [300, 20, 1]];
    const scores = await model.score(continuations.map((continuation) => ({ context, continuation })));
    // As lm-evaluation-harness asks: ids, echo, one token more, of which the last entry is dropped.
    const { choices } = await complete({
      prompt: continuations.map((continuation) => [...context, ...continuation]),
      temperature: 0,
      max_tokens: 1,
      logprobs: 1,
      seed: 1234,
      echo: true,
    });
    for (const [i, { logprobs }] of choices.entries()) {
      const tokens = logprobs!.token_logprobs.slice(context.length, -1);
      const tops = logprobs!.top_logprobs.slice(context.length, -1);
      assert.deepEqual(tokens, scores[i].logprobs);
      const isGreedy = tokens.every((token, at) => token === Math.max(...Object.values(tops[at]!)));
      assert.equal(isGreedy, scores[i].isGreedy);
    }
    assert.deepEqual(
      scores.map(({ isGreedy }) => isGreedy),
      [true, false, false, false],
    );
  });

  it("repeats its prompt with log-probabilities and writes nothing where nothing is asked for", async () => {
    const body = { prompt: "hello there", echo: true, logprobs: 3, max_tokens: 0 };
    const { choices, usage } = await complete(body);
    const [{ text, logprobs, finish_reason }] = choices;
    assert.deepEqual([text, finish_reason, usage.completion_tokens], ["hello there", "length", 0]);
    const { tokens, token_logprobs, top_logprobs, text_offset } = logprobs!;
    assert.equal(tokens.length, usage.prompt_tokens);
    assert.deepEqual([token_logprobs[0], top_logprobs[0]], [null, null]);
    for (const [i, token] of tokens.entries()) {
      if (i > 0) assert.equal(top_logprobs[i]![token] >= token_logprobs[i]!, true);
      assert.ok(text_offset[i] >= (text_offset[i - 1] ?? 0) && text_offset[i] <= text.length);
    }
    const plain = await complete({ prompt: "hello there", max_tokens: 0 });
    assert.deepEqual([plain.choices[0].text, plain.choices[0].logprobs], ["", null]);
  });

  it("takes texts, ids and lists of either, several answers each", async () => {
    const ids = model.tokenizer.encode("hello");
    const more = { max_tokens: 4, seed: 9, n: 2 };
    const one = await complete({ prompt: "hello", ...more });
    const byIds = await complete({ prompt: ids, ...more });
    assert.deepEqual(byIds.choices, one.choices);
    const both = await complete({ prompt: [ids, "there"], ...more });
    assert.deepEqual(
      both.choices.map(({ index }) => index),
      [0, 1, 2, 3],
    );
    assert.deepEqual(both.choices.slice(0, 2), one.choices);
    const alone = await complete({ prompt: "hello", max_tokens: 4, seed: 10 });
    assert.equal(alone.choices[0].text, one.choices[1].text);
    assert.equal(one.usage.prompt_tokens, ids.length);
    assert.equal(both.usage.completion_tokens, 4 * 4);
  });

  it("streams what it says whole", async () => {
    const body = { prompt: ["hello there", [5, 6]], n: 2, max_tokens: 6, seed: 3, echo: true, logprobs: 2 };
    const whole = await complete(body);
    const response = await send("/v1/completions", {
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    const data = (await response.text()).split("\n\n").filter((event) => event.startsWith("data: "));
    assert.equal(data.pop(), "data: [DONE]");
    const chunks = data.map((event) => JSON.parse(event.slice(6)));
    const { choices: none, usage } = chunks.pop();
    assert.deepEqual(none, []);
    const { prompt_tokens_details: _, ...counts } = whole.usage;
    assert.deepEqual(
      { ...usage, prompt_tokens_details: undefined },
      { ...counts, prompt_tokens_details: undefined },
    );
    for (const choice of whole.choices) {
      const mine: Choice[] = chunks.flatMap((chunk) =>
        chunk.choices.filter(({ index }: Choice) => index === choice.index),
      );
      assert.equal(mine.map(({ text }) => text).join(""), choice.text);
      assert.equal(mine.at(-1)!.finish_reason, choice.finish_reason);
      for (const list of ["tokens", "token_logprobs", "top_logprobs", "text_offset"] as const)
        assert.deepEqual(
          mine.flatMap(({ logprobs }): unknown[] => logprobs?.[list] ?? []),
          choice.logprobs![list],
        );
    }
  });

  it("holds answers to what they must be, and refuses by name what it does not do", async () => {
    const { choices } = await complete({ prompt: "hello", guided_choice: ["yes", "no"], user: "u" });
    assert.ok(["yes", "no"].includes(choices[0].text));
    for (const [body, param] of [
      [{ prompt: "a", best_of: 3 }, "best_of"],
      [{ prompt: "a", suffix: "b" }, "suffix"],
      [{ prompt: "a", prompt_logprobs: 1 }, "prompt_logprobs"],
      [{ prompt: [] }, "prompt"],
      [{ prompt: [[]] }, "prompt"],
      [{ prompt: ["a", 5] }, "prompt[1]"],
      [{ prompt: [1e9], echo: true }, "prompt[0]"],
      [{ prompt: "word ".repeat(3000) }, "prompt"],
      [{ prompt: "a", guided_regex: "(a)\\1" }, "guided_regex"],
      [{}, "prompt"],
    ] as const) {
      const response = await send("/v1/completions", body);
      const { error } = await response.json();
      assert.equal(response.status, 400, JSON.stringify(body).slice(0, 60));
      assert.equal(error.param, param, error.message);
    }
    const { queue } = await (await handle(new Request("http://localhost/health"))).json();
    assert.deepEqual([queue.active, queue.waiting], [0, 0]);
  });

  it("tokenises and back, and tells what its tokenizer is", async () => {
    const { tokens, count } = await (await send("/tokenize", { prompt: "hello <s> there" })).json();
    assert.deepEqual(tokens, model.tokenizer.encode("hello <s> there", { parseSpecialTokens: true }));
    assert.equal(count, tokens.length);
    const bare = await (await send("/tokenize", { content: "hello" })).json();
    assert.deepEqual(bare.tokens, model.tokenizer.encode("hello", { addSpecialTokens: false }));
    const chat = { messages: [{ role: "user", content: "hello" }] };
    const asked = await (await send("/tokenize", chat)).json();
    const { usage } = await (await send("/v1/chat/completions", { ...chat, max_tokens: 1 })).json();
    assert.equal(asked.count, usage.prompt_tokens);
    const { prompt } = await (await send("/detokenize", { tokens })).json();
    assert.equal(prompt, model.tokenizer.decode(tokens, { skipSpecialTokens: false }));
    const beyond = await (await send("/detokenize", { tokens: [0, 1e9] })).json();
    assert.equal(beyond.error.param, "tokens[1]", beyond.error.message);
    const aside = await (await send("/tokenize", { prompt: "hello", documents: [{ text: "x" }] })).json();
    assert.equal(aside.error.param, "documents");
    const info = await (await handle(new Request("http://localhost/tokenizer_info"))).json();
    const [eos] = (
      await (await send("/tokenize", { prompt: info.eos_token, add_special_tokens: false })).json()
    ).tokens;
    assert.equal(eos, model.tokenizer.eosTokenIds[0]);
    assert.equal(info.chat_template, model.tokenizer.chatTemplate);
  });

  it("names fields that change nothing, and counts what it did", async () => {
    const body = { prompt: "hello", max_tokens: 1, user: "u", cache_prompt: true, keep_alive: null };
    const response = await send("/v1/completions", body);
    assert.equal(response.headers.get("baimo-ignored"), "cache_prompt, user");
    const chat = { messages: [{ role: "user", content: "hello" }], max_tokens: 1 };
    for (const [variables, named] of [
      [{ unread: 1 }, "chat_template_kwargs.unread"],
      [{ "秋\n": 1 }, "chat_template_kwargs"],
    ] as const) {
      const answer = await send("/v1/chat/completions", { ...chat, chat_template_kwargs: variables });
      assert.equal(answer.headers.get("baimo-ignored"), named);
    }
    const unread = await send("/v1/chat/completions", { ...chat, documents: [{ text: "x" }] });
    assert.equal((await unread.json()).error.param, "documents");
    const text = await (await handle(new Request("http://localhost/metrics"))).text();
    assert.match(text, /^baimo_requests_total\{method="POST",route="\/v1\/completions",status="400"\} 10$/m);
    assert.match(text, /^baimo_tokens_total\{model="tiny",kind="completion"\} \d+$/m);
    assert.match(text, /^baimo_response_seconds_bucket\{route="\/tokenize",le="\+Inf"\} 5$/m);
  });
});
