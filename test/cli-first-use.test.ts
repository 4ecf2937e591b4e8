// The command line as a newcomer meets it: mistyped models, units, hints, help, exit status.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { baimo, folder, launch, main, result, start, tiny, untilOutput } from "./baimo.ts";
import { golden } from "./places.ts";

/** A cache with one model, as the Hub's tools lay it out. */
function cacheWith(repo: string, file: string): string {
  const cache = join(folder, "cache-of-one");
  const home = join(cache, `models--${repo.replace("/", "--")}`);
  const commit = "a".repeat(40);
  mkdirSync(join(home, "snapshots", commit), { recursive: true });
  mkdirSync(join(home, "refs"), { recursive: true });
  writeFileSync(join(home, "refs", "main"), commit);
  writeFileSync(join(home, "snapshots", commit, file), readFileSync(tiny));
  return cache;
}

test("a mistyped model is refused by every command, never answered by another", async () => {
  const hub = { HF_HUB_CACHE: cacheWith("Qwen/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q8_0.gguf") };
  const qwen = /did you mean hf:Qwen\/Qwen3-0\.6B-GGUF:Q8_0\?/;
  const cases: [string[], RegExp][] = [
    [["run", "qwn", "write a poem"], qwen],
    [["run", "qwn"], qwen],
    [["run", "-m", "qwn", "write a poem"], qwen],
    [["run", "qwn", "write"], /as a prompt: baimo run -m poet "qwn write"/],
    [
      ["run", "Qwen/Qwen3-0.6B", "hi"],
      /is written hf:Qwen\/Qwen3-0\.6B \(baimo pull hf:Qwen\/Qwen3-0\.6B downloads/,
    ],
    [["run", "modle", "hi"], /^baimo: modle: there is no such file.*baimo pull hf:owner\/name/],
    [["run", "./modle", "hi"], /^baimo: \.\/modle: there is no such file/],
    [["run", "llama3", "hi"], /baimo models llama shows that family/],
    [["chat", "poett"], /did you mean poet\?/],
    [["tokenize", "qwn", "hi"], qwen],
    [["inspect", "qwn"], qwen],
    [["bench", "qwn"], qwen],
    [["verify", "qwn"], qwen],
    [["serve", "qwn"], qwen],
    [["inspect", tiny.replace("q8_0", "q8_O")], /did you mean .*llama-q8_0\.gguf/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = await baimo(args, "", hub);
    assert.match(stderr, message, args.join(" "));
    assert.match(stderr, /there is no such file, folder or model/, args.join(" "));
    assert.equal(status, 1, args.join(" "));
    assert.equal(stdout, "", args.join(" "));
  }
});

test("what is no model's name is the poet's prompt", async () => {
  for (const args of [
    ["hello"],
    ["写一首诗"],
    ["写 一首 诗"],
    ["秋夜", "春江"],
    ["Hello, world"],
    ["What is 7B?"],
  ]) {
    const { status, stderr } = await baimo(["run", ...args, "-n", "1", "-t", "1"]);
    assert.equal(status, 0, stderr);
  }
});

test("pull takes a name of the Hub with and without hf:", async () => {
  const offline = { HF_HUB_OFFLINE: "1" };
  for (const name of [
    "someone/tiny:Q8_0",
    "hf:someone/tiny:Q8_0",
    "https://huggingface.co/someone/tiny:Q8_0",
  ]) {
    const { status, stderr } = await baimo(["pull", name], "", offline);
    assert.equal(status, 1, name);
    assert.match(stderr, /^baimo: hf:someone\/tiny:Q8_0: is not in the cache/, name);
  }
  const wrong = await baimo(["pull", "qwn"], "", offline);
  assert.equal(wrong.status, 2);
  assert.match(
    wrong.stderr,
    /"qwn" does not name a model of the Hub; write hf:owner\/name, for example hf:Qwen/,
  );
});

test("a size of memory needs its unit", async () => {
  for (const size of ["8", "8000000000", "GB", "-8GB", "8XB"]) {
    const { status, stderr } = await baimo(["run", "-m", tiny, `--memory=${size}`, "hi"]);
    assert.equal(status, 2, size);
    assert.match(stderr, /Allowed: a size with its unit/, size);
  }
  assert.match((await baimo(["run", "hi", "--memory", "8"])).stderr, /Did you mean 8GB\?/);
  const fits = await baimo(["run", tiny, "--tokens", "1", "-n", "1", "--memory", "2 GB"]);
  assert.equal(fits.status, 0, fits.stderr);
});

test("help fits into 80 columns and tells the exit status", async () => {
  const { stdout } = await baimo(["--help"]);
  const names = Array.from(stdout.matchAll(/^ {2}([a-z]+) .*\S {2,}\S/gm), ([, name]) => name);
  assert.ok(names.includes("imatrix") && names.includes("serve"));
  for (const name of names) {
    const help = (await baimo(name === "help" ? ["--help"] : [name, "--help"])).stdout;
    assert.match(help, /Exit status: 0 done, 1 failed, 2 wrong command line, 130 ended by Ctrl-C/, name);
    for (const line of help.split("\n")) assert.ok(line.length <= 80, `${name}: ${line}`);
    // A line broken by hand is broken again: its end stands alone.
    assert.doesNotMatch(help.slice(0, help.indexOf("\nArguments:")), /\n\S{1,30}( \S{1,12})?\n\S/, name);
  }
  const serve = (await baimo(["serve", "--help"])).stdout;
  assert.match(serve, /--parallel <count>/);
  assert.match(serve, /--cache-tokens <count>/);
});

test("unknown keys of a configuration can be let through by every command that reads it", async () => {
  const odd = join(folder, "wobbly");
  cpSync(golden("families", "qwen3"), odd, { recursive: true });
  const config = JSON.parse(readFileSync(join(odd, "config.json"), "utf8"));
  writeFileSync(join(odd, "config.json"), JSON.stringify({ ...config, wobble: 1, sway: 2 }));
  const refused = await baimo(["run", odd, "--tokens", "1", "-n", "1"]);
  assert.equal(refused.status, 1);
  const [, flag] = /\((--ignore-config-keys \S+)\)/.exec(refused.stderr) ?? [];
  assert.ok(flag, refused.stderr);
  const commands = [
    ["run", odd, "--tokens", "1", "-n", "1"],
    ["bench", odd, "-p", "4", "-n", "2", "-r", "1"],
    ["verify", odd],
    ["convert", odd, join(folder, "wobbly.gguf")],
  ];
  for (const command of commands) {
    const { status, stderr } = await baimo([...command, ...flag.split(" ")]);
    assert.equal(status, 0, `${command[0]}: ${stderr}`);
  }
  const { problem } = JSON.parse((await baimo(["inspect", odd, "--json", ...flag.split(" ")])).stdout);
  assert.equal(problem, undefined);
  for (const name of ["chat", "serve", "imatrix"]) {
    assert.match((await baimo([name, "--help"])).stdout, /--ignore-config-keys <keys>/);
  }
});

test("a context beyond the training is warned of, once", async () => {
  const { status, stderr } = await baimo(["run", "poet", "秋夜", "-n", "2", "-c", "4096"]);
  assert.equal(status, 0);
  assert.match(stderr, /^baimo: warning: a context of 4,096 tokens is more than the 512 that [^\n]+\n$/);
  assert.equal((await baimo(["run", "poet", "秋夜", "-n", "2"])).stderr, "");
});

test("tokenize without a text says what is missing, and knows the poet", async () => {
  const empty = await baimo(["tokenize", "poet"], "");
  assert.equal(empty.status, 2);
  assert.match(empty.stderr, /the text is empty; standard input gave none/);
  assert.match((await baimo(["tokenize", "poet", "--count"], "秋夜")).stdout, /^3\n$/);
});

test("quantize says which tensors could not have the type", async () => {
  const target = join(folder, "fallback.gguf");
  const wide = golden("gguf", "llama-f32.gguf");
  const words = await baimo(["quantize", wide, target, "Q4_K_M"]);
  assert.equal(words.status, 0, words.stderr);
  assert.match(
    words.stderr,
    /^baimo: note: 13 tensors have rows that do not divide into blocks .*: 12 of Q4_K became Q5_0, 1 of Q6_K became Q8_0\n$/,
  );
  const { fallbacks } = JSON.parse(
    (await baimo(["quantize", wide, target, "Q4_K_M", "-f", "--json"])).stdout,
  );
  assert.deepEqual(fallbacks, [
    { from: "Q4_K", to: "Q5_0", tensors: 12 },
    { from: "Q6_K", to: "Q8_0", tensors: 1 },
  ]);
  const { fallbacks: none } = JSON.parse(
    (await baimo(["quantize", wide, target, "Q8_0", "-f", "--json"])).stdout,
  );
  assert.deepEqual(none, []);
});

test("Ctrl-C ends with 130 wherever it comes", async () => {
  const waiting = start(["tokenize", tiny, "--parse-special"]);
  const reading = start(["run", tiny, "--raw"]);
  const serving = start(["serve", tiny, "--port", "0", "--json", "-t", "1"]);
  const ends = [waiting, reading, serving].map(result);
  await untilOutput(serving, /\n/); // by now the others wait for their input
  for (const child of [waiting, reading, serving]) child.kill("SIGINT");
  for (const end of ends) assert.equal((await end).status, 130);
});

test("bench shows how far it is on a terminal", {
  skip: process.platform === "linux" ? false : "needs util-linux's `script` for a pseudo-terminal",
}, async () => {
  const command = `'${process.execPath}' '${main}' bench poet -p 300 -n 100 -r 2 -t 1`;
  const child = launch("script", ["-qefc", command, "/dev/null"], {
    TERM: "xterm",
    CI: "",
    SHELL: "/bin/sh",
  });
  const { status, stdout } = await result(child);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /round [12] of 2: (prompt|generation) .*% +[\d,]+ of 802/);
  assert.match(stdout, /generation of 100/);
});
