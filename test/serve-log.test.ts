// What is told of requests: JSON lines without words, and spans by OpenTelemetry's conventions.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { result, start, untilOutput } from "./baimo.ts";

const SECRET = "霜叶红于二月花";

test("serve logs a line for each request, without its words, and sends spans", async () => {
  // biome-ignore lint/suspicious/noExplicitAny: what a collector gets is what is checked
  const spans: any[] = [];
  const collector = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    for (const { scopeSpans } of JSON.parse(body).resourceSpans) spans.push(...scopeSpans[0].spans);
    response.end("{}");
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const { port } = collector.address() as AddressInfo;
  const more = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_SERVICE_NAME: "verses",
    BAIMO_POWER: JSON.stringify({ watts: 10 }),
  };
  const child = start(["serve", "poet", "--port", "0", "--json", "-t", "1", "--log", "requests"], more);
  const done = result(child);
  const { url } = JSON.parse(await untilOutput(child, /\n/));
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const headers = { "content-type": "application/json", traceparent: `00-${trace}-b7ad6b7169203331-01` };
  const ask = (body: object) =>
    fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body: JSON.stringify(body) });
  const messages = [{ role: "user", content: SECRET }];
  await (await ask({ messages, max_tokens: 3, stream: true })).text();
  await (await ask({ messages, temperature: "hot" })).text();
  child.kill("SIGTERM");
  const { status, stderr } = await done;
  collector.close();
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, new RegExp(SECRET));
  const lines = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(lines.length, 2);
  const [streamed, refused] = lines;
  assert.deepEqual(
    [streamed.route, streamed.status, streamed.model, streamed.tokens.completion],
    ["/v1/chat/completions", 200, "poet", 3],
  );
  assert.ok(Date.parse(streamed.time) > 0 && streamed.firstToken <= streamed.seconds);
  assert.deepEqual([refused.status, refused.code, refused.joules], [400, "invalid_type", undefined]);
  assert.ok(streamed.joules > 0 && streamed.joules < 10_000, `${streamed.joules} J`);
  const [span] = spans;
  assert.equal(span.name, "chat poet");
  assert.deepEqual([span.traceId, span.parentSpanId], [trace, "b7ad6b7169203331"]);
  const of = (key: string) => span.attributes.find((each: { key: string }) => each.key === key)?.value;
  assert.deepEqual(of("gen_ai.usage.output_tokens"), { intValue: "3" });
  assert.deepEqual(of("gen_ai.response.finish_reasons"), {
    arrayValue: { values: [{ stringValue: "length" }] },
  });
  assert.doesNotMatch(JSON.stringify(spans), new RegExp(SECRET));
});
