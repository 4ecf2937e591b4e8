// This engine beside native llama.cpp: one child process a measurement, engines in turn, five rounds.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describeMachine, machineBusySeconds, warmFile } from "./machine.mjs";
import { prepareModel } from "./random-model.mjs";

const here = import.meta.dirname;
const peers = join(here, "peers");
const resultsFile = join(here, "data", "peers.json");

/** What is measured; a variant is only reported beside the comparison. */
export const ENGINES = {
  own: { label: "baimo, Node 24", script: join(here, "own.mjs"), node: "node-24" },
  native: { label: "node-llama-cpp", script: join(peers, "native.mjs"), node: "node-24" },
  own20: { label: "baimo, Node 20", script: join(here, "own.mjs"), node: "node-20", variant: true },
  plain: {
    label: "baimo, Node 24, plain SIMD",
    script: join(here, "own.mjs"),
    node: "node-24",
    settings: { options: { kernels: "simd" } },
    variant: true,
  },
  flash: {
    label: "node-llama-cpp, flash attention on",
    script: join(peers, "native.mjs"),
    node: "node-24",
    settings: { flashAttention: true },
    variant: true,
  },
};

/** Installs the peers and the two Node versions into their own folder, unless they are there. */
function installPeers() {
  const installed = join(peers, "node_modules", "node-llama-cpp", "package.json");
  if (existsSync(installed)) return;
  console.error("bench: installing the peers into bench/peers (once; about 900 MB)");
  const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: peers,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) throw new Error(`npm ci in ${peers} ended with ${npm.status ?? npm.error}`);
}

/** The binary of a Node version that bench/peers carries, or this one where it has none for this platform. */
function nodeBinary(name) {
  const binary = join(peers, "node_modules", name, "bin", "node");
  return existsSync(binary) ? binary : process.execPath;
}

/** Starts one measurement and returns its result, with the share of the machine that others used meanwhile. */
async function measureOnce(engine, settings) {
  const { script, node, settings: more } = ENGINES[engine];
  warmFile(settings.model);
  const busyBefore = machineBusySeconds();
  const started = performance.now();
  const child = spawn(nodeBinary(node), [script, JSON.stringify({ ...settings, ...more })], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (err += data));
  const status = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (status !== 0) throw new Error(`${engine} ended with ${status}:\n${err.slice(-2000)}`);
  const result = JSON.parse(out.trim().split("\n").at(-1));
  const wallMs = performance.now() - started;
  const busyAfter = machineBusySeconds();
  const others =
    busyBefore === undefined ? 0 : Math.max(0, (busyAfter - busyBefore) * 1000 - result.cpuMs) / wallMs;
  return { ...result, wallMs, othersCores: others, date: new Date().toISOString() };
}

/**
 * Measures every cell (model, threads) that `only` lets through, and keeps all results in bench/data/peers.json.
 *
 * rounds    how often each engine is measured, in turn; one thread and the variants at most three times
 * tokens    generated in each measurement and counted
 * only      regular expression over `Q4_0/2/own`, `Q8_0/1/native`, … : measure these, keep the other stored results
 * variants  also measure Node 20, the plain-SIMD build and native's flash attention (2 threads)
 */
export async function comparePeers({ rounds, tokens, contexts, only, variants, patience }) {
  installPeers();
  const machine = describeMachine();
  const results = readResults(machine);
  const filter = new RegExp(only ?? "");
  for (const dtype of ["Q4_0", "Q8_0"]) {
    const model = await prepareModel(`llama-1.1b-${dtype}`);
    for (const threads of [2, 1]) {
      const named = Object.keys(ENGINES)
        .filter((name) => !ENGINES[name].variant || (variants && threads === 2))
        .filter((name) => filter.test(`${dtype}/${threads}/${name}`));
      const fresh = new Map(named.map((name) => [name, []]));
      for (let round = 0; round < rounds; round++) {
        for (const name of named) {
          // What no aim depends on is measured thrice at most, to keep the whole within ten minutes.
          if (round >= 3 && (threads === 1 || ENGINES[name].variant)) continue;
          const settings = { model: model.path, threads, contextLength: 1024, contexts, tokens };
          let result = await measureOnce(name, settings);
          // Somebody else's work makes a figure worthless: try again, then keep the least disturbed with its mark.
          for (let again = 0; again < patience && result.othersCores > 0.1; again++) {
            console.error(`  disturbed (${result.othersCores.toFixed(2)} cores busy elsewhere), once more`);
            const retry = await measureOnce(name, settings);
            if (retry.othersCores < result.othersCores) result = retry;
          }
          fresh.get(name).push({ ...result, fileBytes: model.bytes });
          results.cells[`${dtype}/${threads}/${name}`] = fresh.get(name);
          report(`${dtype} ${threads} thread${threads > 1 ? "s" : ""} round ${round + 1}`, name, result);
          writeResults(results);
        }
      }
    }
  }
  return results;
}

function report(where, name, result) {
  const runs = result.runs.map((run) => {
    const rate =
      run.context >= 64 ? `, prompt ${((1000 * run.context) / run.promptMs).toFixed(1)} tokens/s` : "";
    return `${run.tokenMs.toFixed(1)} ms a token at ${run.context}${rate}`;
  });
  const others = result.othersCores > 0.1 ? ` (disturbed: ${result.othersCores.toFixed(2)} cores)` : "";
  console.error(
    `  ${where}, ${name}: open ${(result.openMs / 1000).toFixed(2)} s; ${runs.join("; ")}; ` +
      `peak ${(result.peakBytes / 1e6).toFixed(0)} MB${others}`,
  );
}

/** The stored results, if they are of this machine; an empty set otherwise. */
function readResults(machine) {
  if (existsSync(resultsFile)) {
    const stored = JSON.parse(readFileSync(resultsFile, "utf8"));
    if (JSON.stringify(stored.machine) === JSON.stringify(machine)) return stored;
  }
  return { machine, cells: {} };
}

function writeResults(results) {
  mkdirSync(dirname(resultsFile), { recursive: true });
  writeFileSync(resultsFile, JSON.stringify(results));
}
