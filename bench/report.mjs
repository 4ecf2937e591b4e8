// Turns the measurements of peers.mjs into the Markdown of docs/benchmarks.md.
import { median } from "./measure.mjs";
import { BARS, cellKey, ENGINES, PLAN } from "./plan.mjs";

/** Rounds further apart than this are not compared: the machine may have been another in between. */
const PAIR_MS = 15 * 60_000;
/** More cores than this at work elsewhere mark a row. */
const DISTURBED = 0.1;
/** How far a foretold peak may be from the measured one. */
const FORESIGHT = 0.1;

const times = (x) => `${x.toFixed(2)}×`;
const percent = (x) => `${Math.round(100 * x)}%`;
const mega = (bytes) => (bytes / 1e6).toFixed(0);
const giga = (value) => (value / 1e9).toFixed(1);

/** One round's figures of one run, by context. */
const at = (round, context) => round.runs.find((run) => run.context === context);

/** The median over rounds of what `pick` finds in them; undefined where it finds nothing. */
function over(rounds, pick) {
  const found = rounds.map(pick).filter((value) => Number.isFinite(value));
  return found.length > 0 ? median(found) : undefined;
}

/** Rounds of two engines of a cell that were measured in turn. */
function pairs(rounds, others = []) {
  return rounds
    .slice(0, others.length)
    .map((round, i) => [round, others[i]])
    .filter(([a, b]) => Math.abs(Date.parse(a.date) - Date.parse(b.date)) < PAIR_MS);
}

/** What is read and computed in a second, by what the model's weights and the cache weigh. */
const readRate = ({ foretold }, { context, tokenMs }) =>
  (foretold.tokenBytes + context * foretold.positionBytes) / (tokenMs / 1000);
const operationRate = ({ foretold }, { context, promptMs }) =>
  (context * foretold.promptOps + foretold.headOps) / (promptMs / 1000);

/** The figures of a cell's engine at one context; ratios to the engine beside it, which forgive a slow drift. */
function figuresAt(rounds, context, { others, loops }) {
  const beside = pairs(rounds, others);
  const ratio = (field) =>
    over(beside, ([own, other]) => at(other, context)?.[field] / at(own, context)?.[field]);
  const share = (rate, ceiling) =>
    over(pairs(rounds, loops), ([round, loop]) => {
      const run = at(round, context);
      return run && rate(round, run) / loop[ceiling(round)];
    });
  return {
    tokenMs: over(rounds, (round) => at(round, context)?.tokenMs),
    promptRate: over(rounds, (round) => (1000 * context) / at(round, context)?.promptMs),
    generation: ratio("tokenMs"),
    prompt: ratio("promptMs"),
    readRate: over(rounds, (round) => readRate(round, at(round, context) ?? {})),
    readShare: share(readRate, () => "readBytesPerSecond"),
    operationRate: over(rounds, (round) => operationRate(round, at(round, context) ?? {})),
    operationShare: share(operationRate, ({ foretold }) =>
      foretold.floats ? "floatOpsPerSecond" : "integerOpsPerSecond",
    ),
  };
}

/** The engines of a model that were measured: one row each, with the parts of the plan that it was measured in. */
function listRows(model, cells, isWanted) {
  const rows = new Map();
  for (const cell of PLAN.filter((cell) => cell.model === model)) {
    for (const name of cell.engines) {
      const rounds = cells[cellKey(cell, name)];
      // Native runs beside the variants, too, only that they have something to be compared with.
      if (!rounds?.length || !isWanted(name) || (cell.part === "variants" && name === "native")) continue;
      const engine = ENGINES[name];
      const row = rows.get(`${cell.threads}/${name}`) ?? { name, engine, threads: cell.threads, parts: [] };
      row.parts.push({
        rounds,
        others: engine.against && cells[cellKey(cell, engine.against)],
        loops: cells[cellKey(cell, "loops")],
      });
      rows.set(`${cell.threads}/${name}`, row);
    }
  }
  return [...rows.values()].sort((a, b) => b.threads - a.threads);
}

/** The contexts at which any round of these rows has `field`, in order. */
function contextsOf(rows, field) {
  const found = rows.flatMap(({ parts }) =>
    parts.flatMap(({ rounds }) => rounds.flatMap(({ runs }) => runs.filter((run) => run[field]))),
  );
  return [...new Set(found.map(({ context }) => context))].sort((a, b) => a - b);
}

function renderTable(heads, rows) {
  return [
    `| ${heads.join(" | ")} |`,
    `|${" --- |".repeat(heads.length)}`,
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ];
}

const isDisturbed = ({ parts }) =>
  parts.some(({ rounds }) => rounds.some(({ othersCores }) => othersCores > DISTURBED));
const labelOf = (row) => row.engine.label + (isDisturbed(row) ? " †" : "");
const roundsOf = ({ parts }) => parts.map(({ rounds }) => rounds.length).join(" + ");

/** Generation and prompts of a model's engines. */
function renderSpeed(rows, { prompts: least, roofline }) {
  const generation = contextsOf(rows, "tokenMs");
  const prompts = contextsOf(rows, "promptMs").filter((context) => context >= least);
  const [reading, computing] = [generation[0], prompts.findLast((context) => context <= 512)];
  const heads = [
    "engine",
    "threads",
    "rounds",
    ...generation.map((context) => `ms a token at ${context}`),
    ...prompts.map((context) => `prompt of ${context}, tokens/s`),
    ...(roofline
      ? [`read at ${reading}, GB/s (of the loop)`, `prompt of ${computing}, GOP/s (of the loop)`]
      : []),
  ];
  const body = rows.map((row) => {
    const find = (context, field) => {
      const figures = row.parts.map((part) => figuresAt(part.rounds, context, part));
      return figures.find((found) => found[field] !== undefined) ?? {};
    };
    const cell = (value, extra) =>
      value === undefined ? "" : extra === undefined ? value : `${value} (${extra})`;
    const ratio = (value) => value && times(value);
    return [
      labelOf(row),
      row.threads,
      roundsOf(row),
      ...generation.map((context) => {
        const found = find(context, "tokenMs");
        return cell(found.tokenMs?.toFixed(1), ratio(found.generation));
      }),
      ...prompts.map((context) => {
        const found = find(context, "promptRate");
        return cell(found.promptRate?.toFixed(1), ratio(found.prompt));
      }),
      ...(roofline
        ? [
            [find(reading, "readRate"), "readRate", "readShare"],
            [find(computing, "operationRate"), "operationRate", "operationShare"],
          ].map(([found, rate, share]) =>
            cell(found[rate] && giga(found[rate]), found[share] && percent(found[share])),
          )
        : []),
    ];
  });
  return renderTable(heads, body);
}

/** Opening and memory, a row for each context window. */
function renderOpening(rows) {
  const heads = [
    "engine",
    "threads",
    "context window",
    "open to first token, s",
    "from process start, s",
    "peak memory, MB",
    "of the file",
    "foretold, MB",
    "peak / foretold",
  ];
  const body = rows.flatMap((row) =>
    row.parts.map(({ rounds, others }) => {
      const { contextLength, foretold, fileBytes } = rounds[0];
      const open = over(pairs(rounds, others), ([own, other]) => own.openMs / other.openMs);
      const peak = over(rounds, (round) => round.peakBytes);
      const own = rounds[0].about.engine === "baimo";
      return [
        labelOf(row),
        row.threads,
        contextLength,
        (over(rounds, ({ openMs }) => openMs) / 1000).toFixed(2) + (open ? ` (${times(open)})` : ""),
        (over(rounds, ({ processMs }) => processMs) / 1000).toFixed(2),
        mega(peak),
        times(peak / fileBytes),
        ...(own ? [mega(foretold.totalBytes), (peak / foretold.totalBytes).toFixed(2)] : ["", ""]),
      ];
    }),
  );
  return renderTable(heads, body);
}

/** How often an expert was in memory, and whether paging changed a token. */
function renderPaging(rows) {
  const paged = rows.find(({ name }) => name === "paged")?.parts[0];
  if (!paged) return [];
  const last = paged.rounds.at(-1);
  const { experts } = last.about;
  const unpaged = paged.others?.at(-1);
  const same =
    unpaged &&
    JSON.stringify(last.runs.map((run) => run.ids)) === JSON.stringify(unpaged.runs.map((run) => run.ids));
  const rate = experts ? percent(experts.hits / (experts.hits + experts.misses)) : "unknown";
  return [
    "",
    `With a budget of ${mega(last.foretold.totalBytes)} MB an expert was in memory ${rate} of the times that it was asked for in the last ` +
      `run${same === undefined ? "" : same ? "; the tokens are those of the run without paging" : "; THE TOKENS DIFFER from the run without paging"}.`,
  ];
}

function renderModel(model, cells) {
  const lines = [];
  const rows = listRows(model, cells, (name) => name !== "loops" && !ENGINES[name].browser);
  if (rows.length > 0) {
    const roofline = rows.some(({ parts }) => parts.some(({ rounds }) => rounds[0].foretold.tokenBytes));
    lines.push("", `## ${model}, ${mega(rows[0].parts[0].rounds[0].fileBytes)} MB`, "");
    lines.push(
      ...renderSpeed(rows, { prompts: 32, roofline }),
      "",
      ...renderOpening(rows),
      ...renderPaging(rows),
    );
  }
  const pages = listRows(model, cells, (name) => ENGINES[name].browser);
  if (pages.length > 0) {
    const { about } = pages[0].parts[0].rounds[0];
    lines.push("", `## ${model} in the browser`, "", `\`${about.userAgent}\``, "");
    lines.push(...renderSpeed(pages, { prompts: 16, roofline: false }));
  }
  return lines;
}

/** Bars that are not speeds at a context. */
const BAR_KINDS = {
  open: {
    measure: (rounds, others) => over(pairs(rounds, others), ([own, other]) => own.openMs / other.openMs),
    what: "time to open",
    most: true,
    unit: times,
  },
  "seconds to open": {
    measure: (rounds) => over(rounds, ({ openMs }) => openMs / 1000),
    what: "time to open",
    most: true,
    unit: (value) => `${value.toFixed(2)} s`,
  },
};

/** What of the two-thread figures was wanted, and whether it is so. */
function renderBars(cells) {
  const rows = BARS.map((bar) => {
    const cell = { ...bar, threads: 2 };
    const rounds = cells[cellKey(cell, bar.engine)];
    const others = cells[cellKey(cell, ENGINES[bar.engine].against)];
    const { measure, what, most, unit } = BAR_KINDS[bar.what] ?? {
      measure: () => figuresAt(rounds, bar.context, { others })[bar.what],
      what: `${bar.what} at ${bar.context}`,
      unit: times,
    };
    const value = rounds?.length ? measure(rounds, others) : undefined;
    const met = most ? value <= bar.wanted : value >= bar.wanted;
    return [
      bar.model,
      ENGINES[bar.engine].label,
      what,
      `at ${most ? "most" : "least"} ${unit(bar.wanted)}`,
      ...(value === undefined ? ["not measured", ""] : [unit(value), met ? "met" : "not met"]),
    ];
  });
  return [
    ...renderTable(["model", "engine", "what", "wanted", "measured", ""], rows),
    ...renderForesight(cells),
  ];
}

function renderForesight(cells) {
  const found = Object.entries(cells)
    .filter(([, rounds]) => rounds[0]?.about.engine === "baimo" && rounds[0].peakBytes)
    .map(([key, rounds]) => [key, over(rounds, (round) => round.peakBytes / round.foretold.totalBytes)])
    .sort(([, a], [, b]) => Math.abs(Math.log(b)) - Math.abs(Math.log(a)));
  if (found.length === 0) return [];
  const beyond = found.filter(([, ratio]) => Math.abs(ratio - 1) > FORESIGHT).length;
  const [[worst, ratio]] = found;
  return [
    "",
    `Peak memory within ${percent(FORESIGHT)} of what \`baimo inspect\` foretells: ${found.length - beyond} of ${found.length} cells ` +
      `(furthest: ${worst}, ${ratio.toFixed(2)} of it): ${beyond === 0 ? "met" : "not met"}.`,
  ];
}

/** The whole page, from `{ machine, cells }` of peers.mjs. */
export function renderBenchmarks({ machine, cells }) {
  const all = Object.values(cells).flat();
  if (all.length === 0) return "# Benchmarks\n\nNothing was measured.\n";
  const dates = all.map((round) => round.date.slice(0, 10)).sort();
  const facts = (name) => all.find((round) => round.about.engine.startsWith(name))?.about;
  const native = facts("node-llama-cpp");
  const lines = [
    "# Benchmarks",
    "",
    "Made by `npm run bench -- --peers --variants --large --write`; parts may have been measured again with `--only`. Models of",
    "random weights in the shapes of published ones (bench/model-shapes.mjs), types as llama.cpp mixes them, are opened by this engine",
    "and by another in turn, a fresh process each time, the file in the page cache. A prompt of 16 is what opening is measured with; a",
    "prompt of 64 and 16 tokens warm up, then everything else is measured. A figure is the median of the rounds; a round's time",
    "a token is the median of its tokens (greedy). × compares with the other engine within the round (native llama.cpp, in a page",
    "wllama; @huggingface/transformers with this engine): speed for generation and prompts (more is better), time for opening (less is",
    "better). Figures ask for a machine with nothing else running: † marks rows during which other work took more than a tenth of a core.",
    "",
    "Roofline: bytes of weights (a mixture's chosen experts only) and of keys and values that a token reads, in a second, over what a",
    "plain read loop in WebAssembly reaches on the same threads in the same round (bench/loops.as.ts; a loop with one stream of",
    "reads, so that more than 100% is possible); operations of a prompt's matrix products in a second over an unrolled loop of integer",
    "dot products (of float multiply-adds for F16). Both from the model's sizes; Node 24.",
    "",
    `- date: ${dates[0]}${dates.at(-1) !== dates[0] ? ` to ${dates.at(-1)}` : ""}`,
    `- machine: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; ${machine.features.join(", ")}`,
  ];
  if (native) {
    lines.push(
      `- native: ${native.engine} (llama.cpp ${native.llamaCpp}), flash attention ${native.flashAttention}, mmap ${native.mmap}`,
      `- native's system info: \`${native.systemInfo.trim()}\``,
    );
  }
  const builds = all
    .filter(({ about }) => about.engine === "baimo" && about.node)
    .map(({ about }) => `- baimo: Node ${about.node.slice(1)}, kernels ${about.kernels}`);
  lines.push(...new Set(builds));
  lines.push(...renderCeilings(cells), "", "## What must hold, two threads", "", ...renderBars(cells));
  for (const model of new Set(PLAN.map((cell) => cell.model))) lines.push(...renderModel(model, cells));
  lines.push(
    "",
    "## What is not here",
    "",
    "- `@huggingface/transformers` with mixes of K-quants, F16 and other families: it runs ONNX graphs alone and reads no GGUF. The blocks",
    "  of Q4_0, Q8_0 and Q6_K are written as such a graph (bench/peers/onnx.mjs); those of Q4_K have no such form.",
    "- The model with an encoder beside native: node-llama-cpp 3.22 generates with decoders alone (llama.cpp's assertion",
    "  `llama_encode must be called first`).",
  );
  return `${lines.join("\n")}\n`;
}

/** What the loops reached, over all cells. */
function renderCeilings(cells) {
  return [2, 1].flatMap((threads) => {
    const rounds = Object.entries(cells).flatMap(([key, found]) =>
      key.endsWith(`/${threads}/loops`) ? found : [],
    );
    if (rounds.length === 0) return [];
    const rate = (field) => giga(over(rounds, (round) => round[field]));
    return [
      `- loops, ${threads} thread${threads > 1 ? "s" : ""}: ${rate("readBytesPerSecond")} GB/s read, ` +
        `${rate("integerOpsPerSecond")} GOP/s of integer products, ${rate("floatOpsPerSecond")} GFLOP/s of float ones`,
    ];
  });
}
