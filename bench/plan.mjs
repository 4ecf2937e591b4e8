// What `npm run bench -- --peers` measures: engines, models, prompt lengths, rounds. Data only.
import { join } from "node:path";

const here = import.meta.dirname;
const scripts = {
  own: join(here, "own.mjs"),
  native: join(here, "peers", "native.mjs"),
  transformers: join(here, "peers", "transformers.mjs"),
  browser: join(here, "browser.mjs"),
  loops: join(here, "loops.mjs"),
};

/** What is measured, and beside which engine it is reported; `settings` go to its script. */
export const ENGINES = {
  own: { label: "baimo, Node 24", script: scripts.own, node: "node-24", against: "native" },
  native: { label: "node-llama-cpp", script: scripts.native, node: "node-24" },
  own20: { label: "baimo, Node 20", script: scripts.own, node: "node-20", against: "native" },
  plain: {
    label: "baimo, Node 24, plain SIMD",
    script: scripts.own,
    node: "node-24",
    against: "native",
    settings: { options: { kernels: "simd" } },
  },
  flash: {
    label: "node-llama-cpp, flash attention on",
    script: scripts.native,
    node: "node-24",
    settings: { flashAttention: true },
    against: "native",
  },
  /** The same weights as an ONNX graph, which peers/onnx.mjs writes. */
  transformers: {
    label: "@huggingface/transformers",
    script: scripts.transformers,
    node: "node-24",
    graph: true,
    against: "own",
  },
  /** A third of the experts in memory, the others read from the file as they are asked for. */
  paged: {
    label: "baimo, Node 24, a third of the experts in memory",
    script: scripts.own,
    node: "node-24",
    expertShare: 1 / 3,
    against: "own",
  },
  /** Opens what an earlier opening has kept, which a run before the first round makes sure of. */
  kept: {
    label: "baimo, Node 24, packed weights kept",
    script: scripts.own,
    node: "node-24",
    rehearsed: true,
    settings: { options: { packedCache: { folder: join(here, "data", "packed") } } },
    against: "own",
  },
  browser: {
    label: "baimo, Chromium",
    script: scripts.browser,
    node: "node-24",
    browser: true,
    settings: { engine: "own" },
    against: "wllama",
  },
  wllama: {
    label: "@wllama/wllama, Chromium",
    script: scripts.browser,
    node: "node-24",
    browser: true,
    settings: { engine: "wllama" },
  },
  /** Not an engine: the ceilings of the machine at that time, on as many threads. */
  loops: { label: "loops", script: scripts.loops, node: "node-24" },
};

/** The kinds of files that people download, one model of them all. */
const types = ["Q4_0", "Q8_0", "Q4_K_M", "Q6_K", "F16"].map((type) => `llama-1.1b-${type}`);
const mixture = "mixtral-1.5b-Q4_0";
const families = ["gpt2-124m-Q8_0", "bloom-560m-Q8_0"];

/** Those whose blocks an ONNX graph can have as they are. */
const withGraph = ["llama-1.1b-Q4_0", "llama-1.1b-Q8_0"];

/** Measured with two threads, without and with the long contexts. */
const usual = {
  threads: 2,
  contextLength: 1024,
  tokens: 24,
  rounds: 5,
  runs: [{ length: 16 }, { length: 32, promptOnly: true }, { length: 128 }, { length: 512 }],
};
const short = { ...usual, runs: [{ length: 16 }, { length: 512 }] };
const long = {
  part: "long",
  threads: 2,
  contextLength: 4608,
  tokens: 12,
  rounds: 2,
  // The second prompt begins with the first, whose keys and values are still there.
  runs: [
    { length: 2048, promptOnly: true },
    { length: 4096, goesOn: true },
  ],
};

/**
 * The cells in the order of measuring; engines of one cell take turns. A cell's key is model/threads/engine, with /long for
 * the part of long contexts.
 *
 * runs      prompts, shortest first; promptOnly: its tokens a second alone, goesOn: what the cell before left is kept
 * rounds    so often, unless --rounds says otherwise
 * seconds   about how long a round takes on the two cores of docs/benchmarks.md
 */
export const PLAN = [
  ...types.map((model) => ({
    ...usual,
    model,
    seconds: withGraph.includes(model) ? 55 : 35,
    engines: ["own", "native", "loops", ...(withGraph.includes(model) ? ["transformers"] : [])],
  })),
  { ...usual, model: mixture, engines: ["own", "native", "loops", "paged"], seconds: 40 },
  { ...usual, model: "llama-1.1b-Q4_0", engines: ["kept"], runs: [{ length: 16 }], tokens: 8, seconds: 5 },
  ...[...types, mixture].map((model) => ({ ...long, model, engines: ["own", "native"], seconds: 120 })),
  ...[...types, mixture].map((model) => ({
    ...short,
    threads: 1,
    rounds: 2,
    model,
    engines: ["own", "native", "loops"],
    seconds: 60,
  })),
  ...families.map((model) => ({
    ...short,
    rounds: 3,
    model,
    engines: ["own", "native", "loops"],
    seconds: 25,
  })),
  // llama.cpp runs encoders, but node-llama-cpp generates with decoders alone.
  { ...short, rounds: 3, model: "t5-250m-Q8_0", engines: ["own", "loops"], seconds: 10 },
  {
    threads: 2,
    contextLength: 512,
    tokens: 16,
    rounds: 2,
    runs: [{ length: 16 }, { length: 128 }],
    model: "llama-1.1b-Q4_0",
    engines: ["browser", "wllama"],
    seconds: 90,
  },
  ...["Q4_0", "Q8_0", "Q4_K_M"].map((type) => ({
    ...short,
    rounds: 2,
    model: `llama-1.1b-${type}`,
    part: "variants",
    seconds: 60,
    engines: ["own20", "plain", "native", ...(type === "Q4_0" ? ["flash"] : [])],
    asked: "variants",
  })),
  {
    ...short,
    rounds: 1,
    model: "llama-6.7b-Q8_0",
    runs: [{ length: 16 }, { length: 128 }],
    engines: ["own", "native", "loops"],
    seconds: 120,
    asked: "large",
    passing: true,
  },
];

/** The name under which a cell's results are kept. */
export const cellKey = ({ model, threads, part }, engine) =>
  [model, threads, engine, ...(part ? [part] : [])].join("/");

/**
 * What must hold on two threads: factors of the other engine's speed (open: of its time, or seconds), or of the memory foretold.
 */
export const BARS = [
  ...[
    ["llama-1.1b-Q4_0", 1.3],
    ["llama-1.1b-Q8_0", 1.35],
    ["llama-1.1b-Q4_K_M", 1.25],
    ["llama-1.1b-Q6_K", 1.2],
    ["llama-1.1b-F16", 1.2],
    [mixture, 1.25],
  ].flatMap(([model, wanted]) => [
    { model, engine: "own", what: "generation", context: 16, wanted },
    { model, engine: "own", what: "generation", context: 512, wanted },
    { model, engine: "own", part: "long", what: "generation", context: 4096, wanted: 1.1 },
  ]),
  { model: "llama-1.1b-Q4_0", engine: "own", what: "prompt", context: 512, wanted: 0.75 },
  { model: "llama-1.1b-Q8_0", engine: "own", what: "prompt", context: 512, wanted: 0.95 },
  { model: "llama-1.1b-Q4_K_M", engine: "own", what: "prompt", context: 512, wanted: 0.75 },
  { model: "llama-1.1b-Q4_0", engine: "own", what: "open", wanted: 1.5 },
  { model: "llama-1.1b-Q4_0", engine: "kept", what: "seconds to open", wanted: 0.5 },
  {
    model: "llama-1.1b-Q4_0",
    engine: "own20",
    part: "variants",
    what: "generation",
    context: 16,
    wanted: 1.15,
  },
  {
    model: "llama-1.1b-Q4_0",
    engine: "own20",
    part: "variants",
    what: "generation",
    context: 512,
    wanted: 1.15,
  },
  ...[16, 128].flatMap((context) => [
    { model: "llama-1.1b-Q4_0", engine: "browser", what: "generation", context, wanted: 8 },
    { model: "llama-1.1b-Q4_0", engine: "browser", what: "prompt", context, wanted: 8 },
  ]),
];
