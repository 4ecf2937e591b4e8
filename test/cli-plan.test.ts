// `baimo plan`: tables, --explain, --json, scenarios, logs, and what is refused.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { baimo, folder, tiny } from "./baimo.ts";

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test("train: a published run, what is assumed and what is missing", async () => {
  const { status, stdout, stderr } = await baimo([
    "plan",
    "train",
    "GPT-3",
    "175B",
    "--gpu",
    "A100-80",
    "--mfu",
    "35%",
  ]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^FLOPs of training +3\.143e23 FLOP/m);
  assert.match(stdout, /^assumed, since nobody said:\n {2}goodput: 90\.0%/m);
  assert.match(stdout, /^missing:\n {2}GPUs \(give --gpus\)\n {2}price of a GPU-hour \(give --price, /m);
  assert.match(
    stdout,
    /without attention's own products and without recomputation$/m,
    "a pipe gets whole lines",
  );
  const priced = await baimo("plan train Llama 2 70B --gpu H100-SXM --gpus 512 --price 2.5USD".split(" "));
  assert.match(priced.stdout, /^days +53\.31 days$/m);
  assert.match(priced.stdout, /^cost of the GPUs +1,637,730\.31 USD /m);
  assert.match(
    priced.stdout,
    /^1,637,730\.31 USD is what the likely values give; half of the draws lie above 1,760,/m,
  );
  assert.match(
    priced.stdout,
    /^published: 8\.277e23 FLOP for 68\.98 B parameters .* here 6 N D is of 70\.00 B/m,
  );
  const rumour = await baimo(["plan", "train", "GPT-4"]);
  assert.match(rumour.stdout, /^warning: FLOPs of training rests on a rumour$/m);
});

test("serve: a checkpoint, every step explained", async () => {
  const args = ["plan", "serve", "poet", "--gpu", "H100-SXM", "--explain"];
  const { status, stdout, stderr } = await baimo(args);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^bytes of KV cache a token = [\d,]+ bytes\/token {2}= layers \* perLayer$/m);
  assert.match(stdout, /bandwidth: memory bandwidth = .*\[published; NVIDIA H100 .*\]/);
  assert.match(stdout, /\[measured; .*the checkpoint's own config and tensors\]/);
});

test("serve: a model of the catalogue is counted by the sizes of its layers", async () => {
  const { stdout } = await baimo(["plan", "serve", "Qwen2.5", "7B", "--gpu", "H200"]);
  assert.match(stdout, /^bytes of KV cache a token +57,344 /m);
  assert.doesNotMatch(stdout, /unknown|missing/);
  const mixture = await baimo(["plan", "serve", "Qwen3-MoE", "30B-A3B", "--gpu", "H200", "--batch", "8"]);
  assert.doesNotMatch(mixture.stdout, /unknown|missing/);
  const windows = await baimo(["plan", "serve", "Gemma 2 9B", "--gpu", "H200", "--explain"]);
  assert.match(windows.stdout, /longest window = 4,?096/);
});

test("roi: ranges give a distribution and a verdict; flags go before a scenario", async () => {
  const work = {
    tasksPerMonth: 20000,
    minutesPerTask: 6,
    hourlyWage: 60,
    modelCostPerTask: 0.12,
    acceptance: 0.9,
  };
  const rest = { reviewMinutes: 1, errorRate: 0.01, errorCost: 50, overhead: 1.4 };
  const scenario = {
    work: [Object.assign(work, rest)],
    fixedPerMonth: 40000,
    currency: "USD",
    today: "2026-11-28",
  };
  const path = file("scenario.json", JSON.stringify(scenario));
  const { stdout, stderr } = await baimo(["plan", "roi", "--scenario", path, "--json"]);
  const { results, quantities, verdict } = JSON.parse(stdout || "{}");
  assert.deepEqual(verdict, { kind: "model" }, stderr);
  assert.ok(Math.abs(quantities[results.breakEven].value / 7155.635062611809 - 1) < 1e-12);
  const dear = await baimo(["plan", "roi", "--scenario", path, "--fixed", "50K..112K..200K"]);
  assert.match(dear.stdout, /^verdict: Can't tell: measure fixed cost of the model first\.$/m);
});

test("--lang zh writes the whole answer in Chinese, every step with it", async () => {
  const roi =
    "roi --tasks 20K --minutes 4..6..9 --wage 60 --model-cost 0.12 --acceptance 87/100 --currency USD".split(
      " ",
    );
  const shapes: string[][] = [
    ["train", "GPT-3 175B", "--gpu", "H100-SXM", "--gpus", "512", "--mfu", "0.3..0.4..0.5"],
    [
      "serve",
      "Llama 3.1 70B",
      "--gpu",
      "A100-80",
      "--gpus",
      "1",
      "--batch",
      "64",
      "--price",
      "2 USD",
      "--api",
      "1 USD",
    ],
    ["serve", tiny, "--gpu", "H200", "--requests", "2"],
    ["scale", "--flops", "1e26"],
    ["scale", "--loss", "1.7"],
    roi,
    [...roi, "--review", "1", "--errors", "1%", "--error-cost", "50", "--fixed", "40K"],
  ];
  // Commands and what others call their things stay as they are.
  const names = /baimo (?:plan \w+|bench|inspect)|--[a-z-]+|Llama 3\.1 70B|hf:owner\/name/g;
  for (const args of shapes) {
    const { stdout, stderr } = await baimo(["plan", ...args, "--lang", "zh"]);
    assert.doesNotMatch(stdout.replace(names, ""), /\b[a-z]{2,} [a-z]{2,}/, stderr);
    const all = (await baimo(["plan", ...args, "--lang", "zh", "--explain"])).stdout;
    assert.match(all, /\[(假定|由提问者给出|公布的数|定义|实测|传闻|未知)/);
    assert.doesNotMatch(all, /\[(assumed|given|published|defined|measured|rumour|unknown|above)\b/);
  }
});

test("amounts that nobody has, and words that are no currency, are refused in plain words", async () => {
  const roi =
    "plan roi --tasks 20K --minutes 6 --wage 60 --model-cost 0.12 --acceptance 0.9 --currency USD".split(" ");
  const refused: [args: string[], text: RegExp][] = [
    [
      [...roi, "--minutes", "1e308"],
      /minutesPerTask\.value is 1e\+308; allowed: a number above 0 to 1,000,000,000,000,000/,
    ],
    [[...roi, "--wage", "1e300"], /hourlyWage\.value is 1e\+300/],
    [
      ["plan", "serve", "Llama 3.1 8B", "--gpu", "H200", "--requests", "1e308"],
      /requestsPerSecond\.value is 1e\+308/,
    ],
    [["plan", "train", "Llama 2 70B", "--gpu", "H100-SXM", "--mfu", "140%"], /mfu\.value is 1\.4;/],
    [
      ["plan", "train", "Llama 2 70B", "--price", "2.50 furlongs"],
      /'2\.50 furlongs' is invalid\. Allowed: a number such as/,
    ],
    [["plan", "train", "Llama 2 70B", "--price", "2.50 XYZ"], /"XYZ" is no currency/],
  ];
  for (const [args, text] of refused) {
    const { status, stdout, stderr } = await baimo(args);
    assert.deepEqual([status, stdout], [2, ""], args.join(" "));
    assert.match(stderr, text);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});

test("acceptance and errors are counted from an evaluation run or from dispatch runs", async () => {
  const run = join(folder, "counted");
  mkdirSync(run, { recursive: true });
  const task = { task: "t", output_type: "generate_until", doc_to_text: "{{q}}", doc_to_target: "{{a}}" };
  writeFileSync(join(run, "results_1.json"), JSON.stringify({ results: { t: {} }, configs: { t: task } }));
  const sample = (id: number, right: number) =>
    JSON.stringify({
      doc_id: id,
      doc: { q: "x", a: "y" },
      target: "y",
      arguments: { gen_args_0: { arg_0: "x", arg_1: { until: [] } } },
      resps: [["y"]],
      filtered_resps: ["y"],
      filter: "none",
      metrics: ["exact_match"],
      exact_match: right,
    });
  const lines = Array.from({ length: 20 }, (_, id) => sample(id, id < 17 ? 1 : 0));
  writeFileSync(join(run, "samples_t_1.jsonl"), lines.join("\n"));
  const runs = file(
    "runs.json",
    JSON.stringify(["done", "done", "failed", "waiting"].map((state) => ({ state }))),
  );
  const args = ["plan", "roi", "--acceptance", run, "--errors", runs, "--currency", "USD", "--explain"];
  const { stdout, stderr } = await baimo(args);
  assert.match(
    stdout,
    /acceptance = 85\.0%, 64\.0% to 94\.8%.*: right: 17 of 20, Wilson's 95% interval/,
    stderr,
  );
  assert.match(stdout, /rate of accepted errors = 33\.3%.*: wrong: 1 of 3, Wilson's/);
  const wrong = await baimo(["plan", "roi", "--acceptance", file("x.json", "{}"), "--currency", "USD"]);
  assert.match(wrong.stderr, /x\.json: expected what baimo dispatch --runs --json prints/);
});

test("scale, fit and stop", async () => {
  const scale = await baimo(["plan", "scale", "--flops", "1e26", "--law", "besiroglu"]);
  assert.match(scale.stdout, /^warning: extrapolates: 1\.0e26 FLOPs lie outside 1\.0e18 to 1\.0e25/m);
  const rows = [7, 8, 9].flatMap((n) =>
    [9, 10, 11].map((d) => ({
      parameters: 10 ** n,
      tokens: 10 ** d,
      loss: 1.8 + 480 / 10 ** (0.35 * n) + 2000 / 10 ** (0.37 * d),
    })),
  );
  const runs = file("runs.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
  const fit = JSON.parse((await baimo(["plan", "fit", runs, "--json"])).stdout);
  assert.ok(Math.abs(fit.constants.alpha - 0.35) < 1e-3, JSON.stringify(fit));
  const loss = Array.from({ length: 60 }, (_, i) => 6 - i / 100);
  const heldOut = [10, 20, 30, 40, 50, 60].map((step) => [step, 6 - step / 100]);
  const log = file("log.json", JSON.stringify({ steps: 100, loss, heldOut }));
  assert.match(
    (await baimo(["plan", "stop", log, "--target", "4.5"])).stdout,
    /^stop, after 40 steps: at best/,
  );
  assert.match((await baimo(["plan", "stop", log, "--target", "5.1"])).stdout, /^go on, after 60 steps/);
  const lines = Array.from({ length: 61 }, (_, step) =>
    JSON.stringify({ step, loss: 6 - step / 100, heldOut: step % 10 === 0 ? 6 - step / 100 : undefined }),
  );
  const fromZero = file("zero.jsonl", lines.join("\n"));
  const judged = await baimo(["plan", "stop", fromZero, "--target", "5.1", "--steps", "100"]);
  assert.match(judged.stdout, /^go on, after 60 steps/, judged.stderr);
});

test("every flag that what is missing names is there", async () => {
  const commands = [
    ["train", "--parameters", "7B"],
    ["train", "--layers", "2"],
    ["serve", "Baichuan 2 7B"],
    ["serve", "--layers", "2"],
    ["roi", "--tasks", "5", "--currency", "USD"],
    ["roi", "--fixed", "5 USD"],
  ];
  for (const args of commands) {
    const { stdout } = await baimo(["plan", ...args]);
    const { stdout: help } = await baimo(["plan", args[0], "--help"]);
    const [, listed = ""] = stdout.split("\nmissing:\n");
    const missing = listed
      .split("\n\n")[0]
      .split("\n")
      .filter((line) => !/^( {2}or .*)?$/.test(line));
    assert.ok(missing.length > 0, stdout);
    for (const line of missing) {
      const [, flag] = /\(give (--[a-z-]+)/.exec(line) ?? [];
      assert.ok(flag !== undefined && help.includes(`  ${flag} <`), `${args.join(" ")}: ${line}`);
    }
    assert.equal(new Set(missing.map((line) => line.split(" (")[0])).size, missing.length, listed);
  }
});

test("what is wrong is said", async () => {
  const refusals: [string[], RegExp, number][] = [
    [["plan", "train", "--parameters", "7x"], /Allowed: a number such as 7B/, 2],
    [["plan", "train", "Lama 2 70B"], /did you mean Llama 2 70B\?/, 2],
    [["plan", "train"], /name a model/, 2],
    [
      ["plan", "serve", "--parameters", "7B", "--gpu", "H900"],
      /no accelerator is called "H900"; did you mean H[18]00/,
      2,
    ],
    [["plan", "train", "--parameters", "7B", "--gpu", "H1000"], /did you mean H100-SXM\?/, 2],
    [
      ["plan", "train", "--parameters", "7B", "--price", "2.50"],
      /currency is missing: write it with an amount/,
      2,
    ],
    [["plan", "serve", "--parameters", "7B", "--api", "2"], /currency is missing/, 2],
    [
      ["plan", "serve", "--parameters", "7B", "--price", "2 USD", "--api", "1 EUR"],
      /currencies differ: USD, EUR/,
      2,
    ],
    [["plan", "train", "--parameters", "7B", "--price", "2 XYZ"], /"XYZ" is no currency; known: USD/, 2],
    [["plan", "fit", join(folder, "none.jsonl")], /none\.jsonl: there is no such file/, 1],
    [["plan", "stop", join(folder, "none.json"), "--target", "3"], /none\.json: there is no such file/, 1],
    [["plan", "stop", file("short.jsonl", '{"step":1,"loss":3}'), "--target", "3"], /Give --steps/, 2],
    [["plan", "roi", "--tasks", "5"], /currency is missing/, 2],
    [["plan", "scale"], /ask for --flops/, 2],
  ];
  for (const [args, message, code] of refusals) {
    const { status, stderr } = await baimo(args);
    assert.equal(status, code, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
  }
});
