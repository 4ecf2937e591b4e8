// Runs the comparison of plan.mjs: one child process a measurement, the engines taking turns.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { foretell } from "./foresight.mjs";
import { describeMachine, machineBusySeconds, warm } from "./machine.mjs";
import { cellKey, ENGINES, PLAN } from "./plan.mjs";
import { prepareModel } from "./random-model.mjs";

const here = import.meta.dirname;
const peers = join(here, "peers");
const resultsFile = join(here, "data", "peers.json");

/** Of the form of the stored results; others are left aside. */
const VERSION = 2;
/** A measurement that takes longer is given up. */
const LIMIT_MS = 15 * 60_000;
/** More cores than this at work elsewhere disturb a measurement. */
const DISTURBED = 0.1;

/** Installs the peers and the two Node versions into their own folder, unless they are there. */
function installPeers() {
  const { dependencies } = JSON.parse(readFileSync(join(peers, "package.json"), "utf8"));
  if (Object.keys(dependencies).every((name) => existsSync(join(peers, "node_modules", name)))) return;
  console.error("bench: installing the peers into bench/peers (once; about 1.2 GB)");
  // not `npm ci`: it refuses a lock file without the builds for platforms that its maker's registry did not have
  const npm = spawnSync("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: peers,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) throw new Error(`npm install in ${peers} ended with ${npm.status ?? npm.error}`);
}

/** The binary of a Node version that bench/peers carries, or this one where it has none for this platform. */
function nodeBinary(name) {
  const binary = join(peers, "node_modules", name, "bin", "node");
  return existsSync(binary) ? binary : process.execPath;
}

/** Starts one measurement and returns its result, with the share of the machine that others used meanwhile. */
async function measureOnce({ script, node }, settings) {
  warm(settings.model);
  const busyBefore = machineBusySeconds();
  const started = performance.now();
  const child = spawn(nodeBinary(node), [script, JSON.stringify(settings)], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (err += data));
  const status = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}:\n${err.slice(-2000)}`);
  const result = JSON.parse(out.trim().split("\n").at(-1));
  const wallMs = performance.now() - started;
  const busyAfter = machineBusySeconds();
  const known = busyBefore !== undefined && result.cpuMs !== undefined;
  const others = known ? Math.max(0, (busyAfter - busyBefore) * 1000 - result.cpuMs) / wallMs : 0;
  return { ...result, wallMs, othersCores: others, date: new Date().toISOString() };
}

/** The same, tried again while somebody else's work makes a figure worthless; the least disturbed is kept. */
async function measurePatiently(engine, settings, patience) {
  let result = await measureOnce(engine, settings);
  for (let again = 0; again < patience && result.othersCores > DISTURBED; again++) {
    console.error(`  disturbed (${result.othersCores.toFixed(2)} cores busy elsewhere), once more`);
    const retry = await measureOnce(engine, settings);
    if (retry.othersCores < result.othersCores) result = retry;
  }
  return result;
}

/**
 * Measures what of the plan `only` lets through, and keeps all results in bench/data/peers.json.
 *
 * rounds    so often each engine is measured, in turn; default: as the plan says
 * only      regular expression over `llama-1.1b-Q4_0/2/own`, `…/2/native/long`, …: measure these, keep other stored results
 * asked     parts of the plan that are measured only when asked for: "variants", "large"
 * quick     to try the pipeline: one round, few tokens, half-long contexts; nothing is kept
 */
export async function comparePeers({ rounds, only = "", asked = [], patience = 0, quick = false }) {
  installPeers();
  const results = quick ? { version: VERSION, machine: describeMachine(), cells: {} } : readResults();
  const filter = new RegExp(only);
  const cells = PLAN.filter(({ asked: by }) => by === undefined || asked.includes(by))
    .map((cell) => ({ ...cell, engines: cell.engines.filter((name) => filter.test(cellKey(cell, name))) }))
    .filter(({ engines }) => engines.length > 0)
    .map((cell) => (quick ? quicken(cell) : { ...cell, rounds: rounds ?? cell.rounds }));
  const seconds = cells.reduce((sum, cell) => sum + cell.seconds * cell.rounds, 0);
  if (!quick) console.error(`bench: ${cells.length} cells, about ${Math.ceil(seconds / 60)} minutes`);
  for (const cell of cells) {
    const model = await prepareModel(cell.model);
    try {
      await measureCell(cell, model, { results, patience, save: () => quick || writeResults(results) });
    } finally {
      if (cell.passing && model.made) rmSync(model.path);
    }
  }
  return results;
}

/** One round of the same steps, smaller. */
function quicken(cell) {
  // wllama is slow.
  const kept = cell.engines.some((name) => ENGINES[name].browser) ? cell.runs.slice(0, 1) : cell.runs;
  const runs = kept.map((run) => ({ ...run, length: Math.min(run.length, run.goesOn ? 512 : 256) }));
  return { ...cell, runs, rounds: 1, tokens: 6 };
}

/** Measures the engines of a cell in turn; one that fails is left out, and the others go on. */
async function measureCell(cell, model, { results, patience, save }) {
  const { threads, contextLength, runs, tokens } = cell;
  const fresh = new Map(cell.engines.map((name) => [name, []]));
  for (let round = 0; round < cell.rounds; round++) {
    for (const name of fresh.keys()) {
      const { settings: more, expertShare, rehearsed, graph, ...engine } = ENGINES[name];
      const key = cellKey(cell, name);
      try {
        const foretold = foretell(model.path, { contextLength, threads, expertShare });
        const options = expertShare === undefined ? {} : { options: { memoryBytes: foretold.totalBytes } };
        const path = graph ? await prepareGraph(model.path) : model.path;
        const settings = { model: path, threads, contextLength, runs, tokens, ...options, ...more };
        if (rehearsed && round === 0) await measureOnce(engine, settings);
        const result = await measurePatiently(engine, settings, patience);
        fresh.get(name).push({ ...result, contextLength, foretold, fileBytes: model.bytes });
        report(`${key}, round ${round + 1}`, result);
      } catch (error) {
        console.error(`  ${key} could not be measured: ${error.message}`);
        process.exitCode = 1;
        if (round === 0) fresh.delete(name);
        continue;
      }
      results.cells[key] = fresh.get(name);
      save();
    }
  }
}

/** Loaded when it is wanted: what it is written with lies in bench/peers. */
async function prepareGraph(path) {
  const { prepareOnnx } = await import("./peers/onnx.mjs");
  return prepareOnnx(path);
}

function report(where, result) {
  const parts = [];
  if (result.openMs) parts.push(`open ${(result.openMs / 1000).toFixed(2)} s`);
  for (const { context, promptMs, tokenMs } of result.runs) {
    const rate =
      promptMs && context > 16 ? [`prompt ${((1000 * context) / promptMs).toFixed(1)} tokens/s`] : [];
    const token = tokenMs ? [`${tokenMs.toFixed(1)} ms a token`] : [];
    parts.push(`at ${context}: ${[...token, ...rate].join(", ")}`);
  }
  if (result.peakBytes) parts.push(`peak ${(result.peakBytes / 1e6).toFixed(0)} MB`);
  if (result.readBytesPerSecond) {
    const giga = (value) => (value / 1e9).toFixed(1);
    parts.push(`${giga(result.readBytesPerSecond)} GB/s read, ${giga(result.integerOpsPerSecond)} GOP/s`);
  }
  if (result.othersCores > DISTURBED) parts.push(`disturbed: ${result.othersCores.toFixed(2)} cores`);
  console.error(`  ${where}: ${parts.join("; ")}`);
}

/** The stored results, if they are of this machine; an empty set otherwise. */
export function readResults() {
  const machine = describeMachine();
  if (existsSync(resultsFile)) {
    const stored = JSON.parse(readFileSync(resultsFile, "utf8"));
    const same = JSON.stringify(stored.machine) === JSON.stringify(machine);
    if (stored.version === VERSION && same) return stored;
  }
  return { version: VERSION, machine, cells: {} };
}

function writeResults(results) {
  mkdirSync(dirname(resultsFile), { recursive: true });
  writeFileSync(resultsFile, JSON.stringify(results));
}
