// `npm run bench`: this engine's speed; with --peers, beside native llama.cpp and others.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const root = resolve(import.meta.dirname, "..");
const HELP = `npm run bench                    this engine on the embedded model
npm run bench -- FILE…           the same on model files
npm run bench -- --peers         random models, this engine and others in turn: native llama.cpp, @huggingface/transformers, and
                                 wllama in a page (installs them into bench/peers, makes 11 GB of models in bench/data; about
                                 an hour)
npm run bench -- --make NAME     makes a random model and prints its path, for example llama-1.1b-Q4_K_M,
                                 mixtral-1.5b-Q4_0, qwen3-0.6b-BF16-safetensors
npm run bench -- --train         training: the poet's shape, a Llama of 15 M, LoRA beside 0.6 B; with --python PATH (an
                                 interpreter with torch and transformers) beside PyTorch
npm run bench -- --train-memory  memory of ten trainings, foretold and measured
node bench/kernels.mjs           every kernel by itself: GB/s and GFLOP/s

options
  --threads N       threads, where no peers are asked for
  --rounds N        N rounds of each cell of --peers; default: one to five, as bench/plan.mjs says
  --only REGEXP     measure these cells of --peers (llama-1.1b-Q4_0/2/own, mixtral-1.5b-Q4_0/2/native/long, …), keep the
                    others' stored results
  --variants        with --peers: Node 20, the plain-SIMD build and native's flash attention, too (6 minutes more)
  --large           with --peers: a dense model of 7.2 GB, made for it and removed again (5 minutes more)
  --quick           with --peers: tries each step once, small, and stores nothing
  --patience N      measure again up to N times while other work disturbs; default 2
  --stored          with --peers: measure nothing, report the stored results
  --write           with --peers: write docs/benchmarks.md from all stored results
  --json            results as JSON
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: "boolean" },
    train: { type: "boolean" },
    "train-memory": { type: "boolean" },
    python: { type: "string" },
    variants: { type: "boolean" },
    large: { type: "boolean" },
    stored: { type: "boolean" },
    write: { type: "boolean" },
    quick: { type: "boolean" },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
    make: { type: "string" },
    only: { type: "string" },
    rounds: { type: "string" },
    patience: { type: "string", default: "2" },
    threads: { type: "string" },
  },
});

/** A count from the command line, or the end of the program. */
function count(name, value) {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0) return number;
  console.error(`bench: --${name} takes a whole number, not "${value}"`);
  process.exit(2);
}

if (values.help) {
  console.log(HELP);
} else if (!existsSync(join(root, "dist/src/index.js"))) {
  console.error("bench: the project is not built; run npm run build first");
  process.exitCode = 1;
} else if (values.make !== undefined) {
  const { prepareModel } = await import("./random-model.mjs");
  const { path, bytes } = await prepareModel(values.make);
  console.log(values.json ? JSON.stringify({ path, bytes }) : `${path} (${(bytes / 1e6).toFixed(0)} MB)`);
} else if (values["train-memory"]) {
  const { compareMemory } = await import("./train-memory.mjs");
  const threads = values.threads === undefined ? undefined : count("threads", values.threads);
  for await (const line of compareMemory({ threads, only: values.only })) console.log(line);
} else if (values.train) {
  const { compareTraining, trainingLines } = await import("./train.mjs");
  const results = await compareTraining({
    rounds: values.rounds === undefined ? undefined : count("rounds", values.rounds),
    threads: values.threads === undefined ? undefined : count("threads", values.threads),
    python: values.python,
    only: values.only,
  });
  console.log(values.json ? JSON.stringify(results) : trainingLines(results).join("\n"));
} else if (values.peers) {
  const { comparePeers, readResults } = await import("./peers.mjs");
  const { renderBenchmarks } = await import("./report.mjs");
  const results = values.stored
    ? readResults()
    : await comparePeers({
        rounds: values.rounds === undefined ? undefined : count("rounds", values.rounds),
        only: values.only,
        asked: ["variants", "large"].filter((part) => values[part]),
        patience: values.quick ? 0 : count("patience", values.patience),
        quick: values.quick,
      });
  const page = renderBenchmarks(results);
  const isWritten = values.write && !values.quick && Object.keys(results.cells).length > 0;
  if (isWritten) writeFileSync(join(root, "docs/benchmarks.md"), page);
  console.log(values.json ? JSON.stringify(results) : page);
} else {
  measureOwn(positionals.length > 0 ? positionals : embeddedModels());
}

/** The model files that the package carries. */
function embeddedModels() {
  const folder = join(root, "assets");
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true }) : [];
  const models = files.filter((name) => name.endsWith(".gguf")).map((name) => join(folder, name));
  if (models.length === 0) {
    console.error("bench: no embedded model in assets/; name a file, or see --help");
    process.exit(1);
  }
  return models;
}

/** Measures each file in a process of its own and prints a line for each. */
function measureOwn(paths) {
  const threads = values.threads ? count("threads", values.threads) : availableParallelism();
  const results = paths.map((path) => {
    const runs = [{ length: 16 }, { length: 128 }];
    const settings = { model: resolve(path), threads, contextLength: 256, runs, tokens: 32 };
    const child = spawnSync(
      process.execPath,
      [join(import.meta.dirname, "own.mjs"), JSON.stringify(settings)],
      { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
    );
    if (child.status !== 0) process.exit(child.status ?? 1);
    return { path, ...JSON.parse(child.stdout.trim().split("\n").at(-1)) };
  });
  if (values.json) {
    console.log(JSON.stringify(results));
    return;
  }
  for (const { path, about, runs, openMs, peakBytes } of results) {
    console.log(`${path}: ${about.threads} threads, ${about.kernels}, Node ${process.versions.node}`);
    for (const run of runs) {
      console.log(
        `  context ${run.context}: ${run.tokenMs.toFixed(2)} ms a token (${(1000 / run.tokenMs).toFixed(0)} tokens/s), ` +
          `prompt ${((1000 * run.context) / run.promptMs).toFixed(0)} tokens/s`,
      );
    }
    const size = statSync(path).isFile() ? statSync(path).size : 0;
    console.log(
      `  open to first token ${(openMs / 1000).toFixed(2)} s, peak memory ${(peakBytes / 1e6).toFixed(0)} MB` +
        (size > 0 ? `, file ${(size / 1e6).toFixed(0)} MB` : ""),
    );
  }
  console.log("every kernel by itself: node bench/kernels.mjs");
}
