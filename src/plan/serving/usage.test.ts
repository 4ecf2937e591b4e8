// Utilisation from a usage log and from /metrics; beside a measured speed.
import assert from "node:assert/strict";
import { it } from "node:test";
import { shapeOfNumbers } from "../model/shape.ts";
import { readMeasurement } from "./measured.ts";
import { planServing } from "./plan-serving.ts";
import { readMetrics, readUsageLog } from "./usage.ts";

it("a log of JSON lines, in our words or OpenAI's", () => {
  const log = [
    '{"time": "2026-11-01T00:00:00Z", "completionTokens": 500}',
    '{"created": 1793491300, "usage": {"completion_tokens": 400}}',
    '{"timestamp": 1793491400000, "completionTokens": 100}',
  ].join("\n");
  const start = Date.parse("2026-11-01T00:00:00Z") / 1000;
  assert.equal(readUsageLog(log, "log").value, 1000 / (1793491400 - start));
  assert.throws(() => readUsageLog('{"time": 1}', "log"), /log, line 1: expected a time/);
  assert.throws(() => readUsageLog('{"time": 1, "completionTokens": 2}', "log"), /covers 0 seconds/);
});

it("the log of baimo serve --log requests, among what else it says", () => {
  const log = [
    "baimo: make the first account at http://127.0.0.1:8080/#set-up=0",
    '{"time":"2026-11-29T04:10:54.593Z","seconds":0.177,"route":"/v1/chat/completions","status":200,"model":"poet","tokens":{"prompt":17,"cached":0,"completion":26}}',
    '{"time":"2026-11-29T04:10:55.593Z","seconds":0.001,"route":"/metrics","status":200}',
    '{"time":"2026-11-29T04:10:56.593Z","seconds":0.029,"route":"/v1/chat/completions","status":200,"model":"poet","tokens":{"prompt":17,"cached":16,"completion":24}}',
  ].join("\n");
  assert.equal(readUsageLog(log, "log").value, 25);
  assert.throws(() => readUsageLog("baimo: hello", "log"), /no line is a JSON object; expected a time/);
  assert.throws(() => readUsageLog('{"time": 1, "completionTokens": 2', "log"), /log, line 1: is not JSON/);
});

it("two looks at /metrics", () => {
  const look = (count: number) =>
    `baimo_tokens_total{model="a",kind="prompt"} 9\nbaimo_tokens_total{model="a",kind="completion"} ${count}\nbaimo_tokens_total{model="b",kind="completion"} 5\n`;
  assert.equal(readMetrics(look(100), look(460), 36, "metrics").value, 10);
  assert.equal(
    readMetrics("vllm:generation_tokens_total 1", "vllm:generation_tokens_total 3", 2, "x").value,
    1,
  );
  assert.throws(() => readMetrics(look(9), look(1), 36, "metrics"), /went back/);
  assert.throws(() => readMetrics("", "", 36, "metrics"), /no counter/);
  const fresh = "# HELP baimo_tokens_total Tokens\n# TYPE baimo_tokens_total counter\n";
  assert.equal(
    readMetrics(fresh, look(175), 18, "metrics").value,
    10,
    "nothing was answered before the first look",
  );
});

it("a measurement of another model, or one above the bound, is told of", () => {
  const model = shapeOfNumbers({ parameters: 1e9, numLayers: 16, hiddenSize: 2048, numHeads: 16 });
  const bench = { model: "tiny", promptTokens: 9, generatedTokens: 9, promptTokensPerSecond: 9 };
  const figures = { generatedTokensPerSecond: 20, peakMemoryBytes: 9, weightBytes: 5_000 };
  const measured = readMeasurement(Object.assign(bench, figures), "bench.json");
  const device = { tflops: 1, gigabytesPerSecond: 1 };
  assert.deepEqual(planServing(model, { ...device, measured }).warnings, [
    "measured was tiny of 5,000 bytes, and the plan is of 2,000,000,000",
    "faster than the bound: the bandwidth or the peak that was given is too low",
  ]);
});

it("efficiency is measured by bound, and utilisation is what the log says", () => {
  const model = shapeOfNumbers({ parameters: 1e9, numLayers: 16, hiddenSize: 2048, numHeads: 16 });
  const bench = {
    model: "one",
    promptTokens: 256,
    generatedTokens: 64,
    promptTokensPerSecond: 100,
    generatedTokensPerSecond: 20,
    peakMemoryBytes: 3e9,
    weightBytes: 2e9,
  };
  const usage = readMetrics(
    "llamacpp:tokens_predicted_total 0",
    "llamacpp:tokens_predicted_total 36000",
    3600,
    "m",
  );
  const { results, assumed } = planServing(model, {
    gigabytesPerSecond: 50,
    weights: "BF16",
    measured: readMeasurement(bench, "bench.json"),
    usage,
    price: 0.5,
    currency: "EUR",
  });
  const cache = 16 * 2 * 2048 * 2 * 288;
  const bound = 50e9 / (2e9 + cache);
  assert.ok(Math.abs(results.efficiency.value! - 20 / bound) < 1e-12);
  assert.ok(Math.abs(results.utilisation.value! - 10 / results.speed.value!) < 1e-12);
  assert.ok(!assumed.some(({ name }) => /utilisation|share of the bound/.test(name)));
  assert.throws(() => readMeasurement({}, "bench.json"), /"promptTokens" should be a number above 0/);
});
