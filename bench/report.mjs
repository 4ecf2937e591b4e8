// Turns the measurements of peers.mjs into the Markdown of docs/benchmarks.md.
import { median } from "./measure.mjs";
import { ENGINES } from "./peers.mjs";

/** What must hold on two threads, as factors of native's figure. */
const TARGETS = {
  Q4_0: { generation: 1.15, prompt: 0.5, open: 2.5, memory: 1.25 },
  Q8_0: { generation: 1.2, prompt: 0.5, memory: 1.25 },
};

/** One round's figures of one run, by context. */
const at = (round, context) => round.runs.find((run) => run.context === context);

/** Medians over the rounds of one cell. */
function summarise(rounds) {
  const contexts = rounds[0].runs.map((run) => run.context);
  const over = (pick) => median(rounds.map(pick));
  const longest = contexts.at(-1);
  return {
    contexts,
    tokenMs: Object.fromEntries(contexts.map((c) => [c, over((r) => at(r, c).tokenMs)])),
    promptRate: over((r) => (1000 * longest) / at(r, longest).promptMs),
    openMs: over((r) => r.openMs),
    processMs: over((r) => r.processMs),
    memory: over((r) => r.peakBytes / r.fileBytes),
    peakBytes: over((r) => r.peakBytes),
    others: Math.max(...rounds.map((r) => r.othersCores)),
  };
}

/** Rounds further apart than this are not compared: the machine may have been another in between. */
const PAIR_MS = 5 * 60_000;

/** Whether both were measured in one run, round by round. */
const paired = (rounds, natives) =>
  rounds
    .slice(0, natives.length)
    .every((round, i) => Math.abs(Date.parse(round.date) - Date.parse(natives[i].date)) < PAIR_MS);

/** Ratios to native, more being faster; each is the median of the rounds' own ratios, which forgives a slow drift. */
function compare(rounds, natives) {
  const pairs = rounds.slice(0, natives.length).map((round, i) => [round, natives[i]]);
  const contexts = rounds[0].runs.map((run) => run.context);
  const over = (pick) => median(pairs.map(([own, native]) => pick(own, native)));
  const longest = contexts.at(-1);
  return {
    generation: Object.fromEntries(
      contexts.map((c) => [c, over((own, native) => at(native, c).tokenMs / at(own, c).tokenMs)]),
    ),
    prompt: over((own, native) => at(native, longest).promptMs / at(own, longest).promptMs),
    open: over((own, native) => own.openMs / native.openMs),
  };
}

const times = (x) => `${x.toFixed(2)}×`;

/** The whole page, from `{ machine, cells }` of peers.mjs. */
export function renderBenchmarks({ machine, cells }) {
  const all = Object.values(cells).flat();
  const dates = all.map((r) => r.date.slice(0, 10)).sort();
  const facts = (name) => all.find((r) => r.about.engine.startsWith(name))?.about;
  const native = facts("node-llama-cpp");
  const lines = [
    "# Benchmarks",
    "",
    "Made by `npm run bench -- --peers --variants --write`; parts may have been measured again with `--only`. A model of random weights in the shape of",
    "TinyLlama 1.1B (22 layers, 2048, 5632, 32/4 heads, vocabulary 32,000) is opened by this engine and by",
    "native llama.cpp (CPU) in turn, a fresh process each time, the file in the page cache. A figure is the median of the rounds; a",
    "round's time a token is the median of its tokens (greedy, context 1,024). × compares with native within the round:",
    "speed for generation and prompt (more is better), time for opening (less is better); rounds of different runs are not",
    "compared. Figures ask for a machine with nothing else running: † marks rows that did not have it.",
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
  for (const [key, rounds] of Object.entries(cells)) {
    if (rounds.length === 0) continue;
    const { about } = rounds[0];
    if (about.engine !== "baimo" || !key.includes("/2/") || !key.startsWith("Q4_0")) continue;
    lines.push(`- ${ENGINES[key.split("/")[2]].label}: ${about.node}, kernels ${about.kernels}`);
  }
  for (const dtype of ["Q4_0", "Q8_0"]) lines.push(...renderModel(dtype, cells));
  return `${lines.join("\n")}\n`;
}

function renderModel(dtype, cells) {
  const rows = [];
  let fileBytes = 0;

  let contexts = [16, 512];
  for (const threads of [2, 1]) {
    const natives = cells[`${dtype}/${threads}/native`];
    for (const name of Object.keys(ENGINES)) {
      const measured = cells[`${dtype}/${threads}/${name}`];
      if (measured === undefined || measured.length === 0) continue;
      fileBytes = measured[0].fileBytes;
      const s = summarise(measured);
      contexts = s.contexts;
      const ratio =
        name === "native" || !natives?.length || !paired(measured, natives)
          ? undefined
          : compare(measured, natives);
      const beside = (value, r) => (r === undefined ? value : `${value} (${times(r)})`);
      rows.push(
        [
          ENGINES[name].label + (s.others > 0.1 ? " †" : ""),
          threads,
          measured.length,
          ...contexts.map((c) => beside(s.tokenMs[c].toFixed(1), ratio?.generation[c])),
          beside(s.promptRate.toFixed(1), ratio?.prompt),
          beside((s.openMs / 1000).toFixed(2), ratio?.open),
          (s.processMs / 1000).toFixed(2),
          `${(s.peakBytes / 1e6).toFixed(0)} (${times(s.memory)} the file)`,
        ].join(" | "),
      );
    }
  }
  if (rows.length === 0) return [];
  const heads = [
    "engine",
    "threads",
    "rounds",
    ...contexts.map((c) => `ms a token at ${c}`),
    `prompt of ${contexts.at(-1)}, tokens/s`,
    "open to first token, s",
    "the same from process start, s",
    "peak memory, MB",
  ];
  const lines = [
    "",
    `## ${dtype}, ${(fileBytes / 1e6).toFixed(0)} MB`,
    "",
    `| ${heads.join(" | ")} |`,
    `|${" --- |".repeat(heads.length)}`,
    ...rows.map((row) => `| ${row} |`),
  ];
  if (rows.some((row) => row.includes("†"))) {
    lines.push("", "† other work took more than a tenth of a core during some round.");
  }
  lines.push(...renderTargets(dtype, cells));
  return lines;
}

function renderTargets(dtype, cells) {
  const own = cells[`${dtype}/2/own`];
  const natives = cells[`${dtype}/2/native`];
  if (!own?.length || !natives?.length || !paired(own, natives)) return [];
  const ratio = compare(own, natives);
  const { memory } = summarise(own);
  const target = TARGETS[dtype];
  const verdict = (label, value, wanted, more) =>
    `- ${label}: ${times(value)}` +
    (wanted === undefined
      ? ""
      : `, wanted ${more ? "at least" : "at most"} ${times(wanted)}: ${(more ? value >= wanted : value <= wanted) ? "met" : "not met"}`);
  return [
    "",
    "Two threads, against the aims:",
    "",
    ...Object.entries(ratio.generation).map(([context, value]) =>
      verdict(`generation at ${context}`, value, target.generation, true),
    ),
    verdict("prompt", ratio.prompt, target.prompt, true),
    verdict("open to first token", ratio.open, target.open, false),
    verdict("peak memory over file size", memory, target.memory, false),
  ];
}
