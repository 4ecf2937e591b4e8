// Runs the built command line, in a process of its own or in one that runs many.
import { type ChildProcess, type ChildProcessWithoutNullStreams, fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { golden, root } from "./places.ts";

export const main = join(root, "dist", "src", "cli", "main.js");
/** A model of random weights, 1.4 MB. */
export const tiny = golden("gguf", "llama-q8_0.gguf");
/** A folder for what a test file writes. */
export const folder = mkdtempSync(join(tmpdir(), "baimo-cli-"));
export const env = {
  ...withoutSettings(process.env),
  BAIMO_HOME: join(folder, "home"),
  HF_HUB_CACHE: join(folder, "hub"),
  NO_COLOR: "1",
  CI: "1",
};

/** Whoever runs the tests may have settings of a server of their own. */
function withoutSettings(given: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !name.startsWith("BAIMO_")));
}

const children: ChildProcess[] = [];
after(() => {
  for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** How a process ended and what it wrote. */
export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A command line for the host, what stands on its standard input, and its environment beyond the host's own. */
export interface CommandLine {
  readonly args: readonly string[];
  readonly input: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Starts any program in the tests' environment. */
export function launch(program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) {
  const child = spawn(program, args, { env: { ...env, ...more } });
  children.push(child);
  return child;
}

/** Starts `baimo`. */
export function start(args: readonly string[], more: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams {
  return launch(process.execPath, [main, ...args], more);
}

/** Collects what a process writes until it ends. */
export function result(child: ChildProcessWithoutNullStreams): Promise<Result> {
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, stdout, stderr })));
}

let host: ChildProcess | undefined;
/** Command lines sent to the host, which answers in their order. */
const waiting: ((result: Result) => void)[] = [];

/** The process that runs command lines one after another. */
function startHost(): ChildProcess {
  const child = fork(join(import.meta.dirname, "cli-host.js"), { env });
  children.push(child);
  child.on("message", (result: Result) => waiting.shift()?.(result));
  child.on("exit", (status) => {
    host = undefined;
    for (const settle of waiting.splice(0))
      settle({ status, stdout: "", stderr: "the host of command lines ended" });
  });
  child.unref();
  child.channel?.unref();
  return child;
}

/** Runs `baimo` to its end, as `start` does, but without a process of its own. */
export function baimo(args: readonly string[], input = "", more: NodeJS.ProcessEnv = {}): Promise<Result> {
  host ??= startHost();
  const child = host;
  child.channel?.ref();
  return new Promise<Result>((resolve) => {
    waiting.push(resolve);
    child.send({ args, input, env: more } satisfies CommandLine);
  }).finally(() => {
    if (waiting.length === 0) child.channel?.unref();
  });
}

/** Resolves with what a process has written as soon as that matches. */
export function untilOutput(child: ChildProcessWithoutNullStreams, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      if (pattern.test(text)) resolve(text);
    });
    child.on("close", () => reject(new Error(`ended after: ${text}`)));
  });
}

// biome-ignore lint/suspicious/noExplicitAny: what a command prints is what its test checks
export const jsonLines = (text: string): any[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
