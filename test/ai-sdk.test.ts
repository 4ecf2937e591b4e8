// The AI SDK (`ai`), unmodified, over models in this process: text, tools, objects, vectors.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { embedMany, generateText, isStepCount, jsonSchema, Output, rerank, streamText, tool } from "ai";
import { type BaimoProvider, createProvider } from "../src/ai-sdk/provider.ts";
import { toRerankingModel } from "../src/ai-sdk/reranking-model.ts";
import { load, type Model } from "../src/index.ts";
import { loadChatModel } from "./chat-model.ts";

const template =
  "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content or '' }}" +
  "{% for c in m.tool_calls or [] %}<tool_call>\n{{ c.function | tojson }}\n</tool_call>{% endfor %}\n{% endfor %}" +
  "{% if add_generation_prompt %}assistant: {% endif %}";

interface Report {
  city: string;
  days: number;
}
const report = jsonSchema<Report>({
  type: "object",
  properties: { city: { type: "string", maxLength: 6 }, days: { type: "integer", minimum: 1, maximum: 14 } },
  required: ["city", "days"],
  additionalProperties: false,
});

describe("the AI SDK", () => {
  let models: Model[];
  let baimo: BaimoProvider;
  before(async () => {
    models = await Promise.all([load("poet", { threads: 1 }), loadChatModel({}, template)]);
    baimo = createProvider(new Map(["poet", "tiny"].map((id, i) => [id, models[i]])));
  });
  after(() => Promise.all((models ?? []).map((model) => model.dispose())));

  test("text of the poet, streamed as whole, with usage", async () => {
    const asked = {
      model: baimo("poet"),
      prompt: "以《秋夜》为题写一首五言绝句",
      seed: 1,
      maxOutputTokens: 12,
    };
    const { text, usage, finishReason, providerMetadata } = await generateText(asked);
    assert.ok(text.length > 0);
    assert.deepEqual([usage.outputTokens, finishReason, providerMetadata?.baimo.seed], [12, "length", 1]);
    const stream = streamText(asked);
    let joined = "";
    for await (const piece of stream.textStream) joined += piece;
    assert.equal(joined, text);
    assert.equal((await stream.usage).inputTokens, usage.inputTokens);
  });

  test("options of the engine's own, and what a model cannot", async () => {
    const own = (options: object) =>
      generateText({
        model: baimo("poet"),
        prompt: "秋",
        providerOptions: { baimo: options as never },
        maxRetries: 0,
      });
    assert.equal((await own({ maxTokens: 2 })).usage.outputTokens, 2);
    await assert.rejects(own({ minP: 7 }), /minP is 7/);
    const reasoning = { model: baimo("poet"), prompt: "秋", reasoning: "high" as const };
    await assert.rejects(generateText(reasoning), /'reasoning' is "high"/);
    assert.throws(() => baimo("gpt"), /"gpt" is not here; there is "poet" or "tiny"/);
    const image = { type: "file" as const, mediaType: "image/png", data: new Uint8Array(4) };
    const messages = [{ role: "user" as const, content: [image] }];
    await assert.rejects(generateText({ model: baimo("poet"), messages }), /models here read text only/);
  });

  test("a tool is called, answered and told of, streamed as whole", async () => {
    const asked: Report[] = [];
    const weather = tool({
      description: "The weather.",
      inputSchema: report,
      execute(input: Report) {
        asked.push(input);
        return { rain: true };
      },
    });
    const question = {
      model: baimo("tiny"),
      tools: { weather },
      prompt: "Xi'an?",
      seed: 4,
      providerOptions: { baimo: { parallelToolCalls: false } },
    };
    const once = { ...question, toolChoice: "required" as const, stopWhen: isStepCount(1) };
    const whole = await generateText(once);
    const [call] = whole.toolCalls;
    assert.deepEqual([call.toolName, call.input, whole.finishReason], ["weather", asked[0], "tool-calls"]);
    const stream = streamText(once);
    let json = "";
    for await (const part of stream.stream) if (part.type === "tool-input-delta") json += part.delta;
    assert.deepEqual(JSON.parse(json), call.input);
    assert.deepEqual(asked[1], asked[0]);
    const told = [{ role: "user" as const, content: "Xi'an?" }, ...whole.responseMessages];
    const { prompt: _, ...rest } = question;
    const later = await generateText({ ...rest, messages: told, toolChoice: "none", maxOutputTokens: 3 });
    assert.ok(later.usage.inputTokens! > whole.usage.inputTokens!);
  });

  test("an object of a schema", async () => {
    const { output } = await generateText({
      model: baimo("tiny"),
      prompt: "Xi'an?",
      seed: 4,
      output: Output.object({ schema: report }),
    });
    assert.ok(output.days >= 1 && output.days <= 14 && output.city.length <= 6);
  });

  test("vectors and ranks", async () => {
    const values = ["one", "two"];
    const { embeddings, usage } = await embedMany({ model: baimo.embeddingModel("tiny"), values });
    const own = await models[1].embed(values);
    assert.deepEqual(embeddings[1], [...own[1].vector]);
    assert.equal(usage.tokens, own[0].tokens + own[1].tokens);
    const scored = [1, 0].map((index) => ({ index, score: index / 2, logit: 0, tokens: 1 }));
    const ranker = toRerankingModel({ ...models[1], rerank: async () => scored });
    const { ranking } = await rerank({ model: ranker, query: "one", documents: values });
    assert.deepEqual(
      ranking.map(({ originalIndex, score }) => [originalIndex, score]),
      [
        [1, 0.5],
        [0, 0],
      ],
    );
    const unable = { model: baimo.rerankingModel("tiny"), query: "one", documents: values };
    await assert.rejects(rerank(unable), /cannot rank texts/);
  });

  test("an abort ends the answer", async () => {
    const controller = new AbortController();
    const asked = { model: baimo("poet"), prompt: "秋", providerOptions: { baimo: { ignoreEos: true } } };
    const stream = streamText({ ...asked, abortSignal: controller.signal, onError: () => {} });
    let count = 0;
    for await (const part of stream.stream) {
      if (part.type === "text-delta" && ++count === 3) controller.abort();
    }
    assert.ok(count < 200, `${count} pieces`);
    const deadline = performance.now() + 10_000;
    while (models[0].queue.active > 0) {
      assert.ok(performance.now() < deadline);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
});
