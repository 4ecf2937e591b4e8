// The command line as a person or a program meets it: the built `baimo`, started as a process of its own.
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openCheckpoint, writeGguf } from "../formats/index.ts";

const main = fileURLToPath(new URL("./main.js", import.meta.url));
const golden = fileURLToPath(new URL("../../../test/golden", import.meta.url));
const tiny = join(golden, "gguf", "llama-q8_0.gguf");
const folder = mkdtempSync(join(tmpdir(), "baimo-cli-"));
after(() => rmSync(folder, { recursive: true }));

const env = { ...process.env, BAIMO_HOME: join(folder, "home"), NO_COLOR: "1", CI: "1" };

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

function start(args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, ...args], { env });
}

function result(child: ChildProcessWithoutNullStreams): Promise<Result> {
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, stdout, stderr })));
}

function baimo(args: readonly string[], input = ""): Promise<Result> {
  const child = start(args);
  child.stdin.end(input);
  return result(child);
}

/** Resolves when a process has written something that matches. */
function untilOutput(child: ChildProcessWithoutNullStreams, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      if (pattern.test(text)) resolve(text);
    });
    child.on("close", () => reject(new Error(`ended after: ${text}`)));
  });
}

const jsonLines = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** A copy of the tiny model with a chat template, which the golden one lacks. */
async function chatModel(): Promise<string> {
  const path = join(folder, "chat.gguf");
  const checkpoint = await openCheckpoint(tiny);
  try {
    const template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]";
    const metadata = new Map([...checkpoint.metadata, ["tokenizer.chat_template", template] as const]);
    const tensors = [];
    for (const { name, dtype, shape } of checkpoint.tensors.values()) {
      tensors.push({ name, dtype, shape, data: await checkpoint.readTensor(name) });
    }
    await writeGguf(path, { metadata, tensors });
  } finally {
    await checkpoint.close();
  }
  return path;
}

test("every command has help", async () => {
  const all = await baimo(["--help"]);
  assert.equal(all.status, 0);
  for (const name of ["run", "chat", "serve", "inspect", "bench", "verify", "pull", "tokenize"]) {
    assert.match(all.stdout, new RegExp(`^  ${name} `, "m"));
    const one = await baimo([name, "--help"]);
    assert.equal(one.status, 0, name);
    assert.match(one.stdout, new RegExp(`^Usage: baimo ${name} `), name);
    assert.match(one.stdout, /--verbose/, name);
    assert.equal(one.stderr, "", name);
  }
  const version = await baimo(["--version"]);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
});

test("a wrong command line says what is wrong and ends with 2", async () => {
  const cases: [string[], RegExp][] = [
    [["rnu"], /^baimo: unknown command 'rnu'[\s\S]*Did you mean run/],
    [["run", "--no-such"], /^baimo: unknown option '--no-such'[\s\S]*baimo run --help/],
    [
      ["run", "x", "--temperature", "hot"],
      /^baimo: option '--temperature <number>' argument 'hot'[\s\S]*a number/,
    ],
    [
      ["run", "x", "--temperature", "-1"],
      /^baimo: option temperature is -1; allowed: a number from 0 to 100/,
    ],
    [["run", "x", "--top-p", "0"], /^baimo: option topP is 0/],
    [["run", tiny, "--tokens", "1,b"], /^baimo: option '--tokens <ids>'[\s\S]*"b" is no token id/],
    [["run", tiny, "hello", "--tokens", "1"], /^baimo: give either a prompt or --tokens/],
    [["run", "x", "--logit-bias", "3"], /^baimo: option '--logit-bias' is "3"; write id:bias/],
    [["bench"], /^baimo: missing required argument 'model'/],
    [["bench", tiny, "-p", "0"], /whole number of at least 1/],
    [["serve", "--port", "70000"], /^baimo: option '--port' is 70000/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = await baimo(args);
    assert.match(stderr, message);
    assert.equal(status, 2, args.join(" "));
    assert.equal(stdout, "", args.join(" "));
  }
});

test("a failure says where and ends with 1; --verbose adds the stack", async () => {
  const missing = await baimo(["inspect", join(folder, "missing.gguf")]);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /^baimo: .*missing\.gguf: there is no such file\n$/);

  const damaged = join(folder, "damaged.gguf");
  writeFileSync(damaged, readFileSync(tiny).subarray(0, 700_000));
  for (const args of [
    ["inspect", damaged],
    ["run", damaged, "--tokens", "1"],
    ["bench", damaged],
  ]) {
    const { status, stdout, stderr } = await baimo(args);
    assert.equal(status, 1, args[0]);
    assert.match(stderr, /^baimo: .*damaged\.gguf.*\n$/, args[0]);
    assert.equal(stdout, "", args[0]);
  }
  const verbose = await baimo(["inspect", damaged, "--verbose"]);
  assert.match(verbose.stderr, /^baimo: BaimoError: .*damaged\.gguf[\s\S]*\n {4}at /);
});

test("run streams an answer, and a seed fixes it", async () => {
  const args = ["run", tiny, "--tokens", "1,80,200", "-n", "12", "--ignore-eos"];
  const first = await baimo([...args, "--seed", "7"]);
  assert.equal(first.status, 0, first.stderr);
  assert.notEqual(first.stdout.trim(), "");
  assert.equal(first.stderr, "");
  assert.deepEqual(await baimo([...args, "--seed", "7"]), first);
  const { stdout } = await baimo([...args, "--seed", "8"]);
  assert.notEqual(stdout, first.stdout);
  const oneThread = await baimo([...args, "--seed", "7", "--threads", "1"]);
  assert.equal(oneThread.stdout, first.stdout);
});

test("run --json prints the events, one a line", async () => {
  const { status, stdout } = await baimo(
    ["run", tiny, "--raw", "-n", "5", "--ignore-eos", "--seed", "1", "--logprobs", "2", "--json"],
    "a prompt from a pipe\n",
  );
  assert.equal(status, 0);
  const events = jsonLines(stdout);
  const tokens = events.filter((event) => event.type === "text-delta").flatMap((event) => event.tokens);
  assert.equal(tokens.length, 5);
  for (const token of tokens) {
    assert.ok(token.logprob <= 0);
    assert.equal(token.top.length, 2);
  }
  const finish = events.at(-1);
  assert.equal(finish.type, "finish");
  assert.equal(finish.reason, "length");
  assert.equal(finish.seed, 1);
  assert.equal(finish.usage.completionTokens, 5);
});

test("Ctrl-C ends run with 130, within a token", async () => {
  const child = start([
    "run",
    tiny,
    "--tokens",
    "1",
    "-c",
    "40000",
    "-n",
    "39000",
    "--ignore-eos",
    "--stats",
  ]);
  const done = result(child);
  await untilOutput(child, /./);
  const sent = performance.now();
  child.kill("SIGINT");
  const { status, stderr } = await done;
  assert.equal(status, 130);
  assert.match(stderr, /ended by aborted/);
  assert.ok(performance.now() - sent < 5000, "the answer would have taken longer");
});

test("a reader that goes away ends run quietly", async () => {
  const child = start(["run", tiny, "--tokens", "1", "-c", "40000", "-n", "39000", "--ignore-eos"]);
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  await untilOutput(child, /./);
  child.stdout.destroy();
  assert.equal(await ended, 0);
  assert.equal(stderr, "");
});

test("inspect tells metadata, tensors, parameters and memory", async () => {
  const { stdout } = await baimo(["inspect", tiny, "--context", "256", "--json"]);
  const facts = JSON.parse(stdout);
  assert.equal(facts.format, "gguf");
  assert.equal(facts.metadata["llama.block_count"], 2);
  assert.equal(facts.metadata["tokenizer.ggml.tokens"].length, 512);
  assert.equal(facts.tensors.length, 21);
  assert.deepEqual(facts.tensors[0].shape, [512, 256]);
  // 2 layers of 4 attention (256 x 256 twice, 64 x 256 twice) and 3 MLP matrices, 5 norms, embedding and head.
  assert.equal(facts.parameters, 2 * (2 * 65536 + 2 * 16384 + 3 * 131072) + 5 * 256 + 2 * 131072);
  // Keys and values in f16: 2 layers, 2 heads of 32.
  assert.equal(facts.memory.cacheBytes, 256 * 2 * 2 * 2 * 32 * 2);
  assert.equal(
    facts.memory.totalBytes,
    facts.memory.weightBytes + facts.memory.cacheBytes + facts.memory.bufferBytes,
  );

  const text = await baimo(["inspect", join(golden, "families", "qwen3")]);
  assert.equal(text.status, 0);
  assert.match(text.stdout, /memory at a context of 128 tokens/);
  assert.match(text.stdout, /model\.layers\.\*\.mlp\.down_proj\.weight +2 × +F32/);
});

test("inspect shows a model that cannot be run, and says why", async () => {
  const odd = join(folder, "odd");
  cpSync(join(golden, "families", "llama"), odd, { recursive: true });
  writeFileSync(join(odd, "config.json"), JSON.stringify({ model_type: "unheard_of" }));
  const { status, stdout } = await baimo(["inspect", odd]);
  assert.equal(status, 0);
  assert.match(stdout, /baimo cannot run it: .*"unheard_of"/);
  assert.match(stdout, /down_proj/);
});

test("bench measures what it says", async () => {
  const { status, stdout, stderr } = await baimo([
    "bench",
    tiny,
    "-p",
    "40",
    "-n",
    "8",
    "-t",
    "1",
    "-r",
    "2",
    "--json",
  ]);
  assert.equal(status, 0, stderr);
  const facts = JSON.parse(stdout);
  assert.equal(facts.engine.threads, 1);
  assert.equal(facts.promptTokens, 40);
  assert.equal(facts.generatedTokens, 8);
  for (const name of [
    "loadSeconds",
    "firstTokenSeconds",
    "promptTokensPerSecond",
    "generatedTokensPerSecond",
  ]) {
    assert.ok(facts[name] > 0, name);
  }
  assert.ok(facts.peakMemoryBytes > facts.weightBytes);
});

test("verify agrees with the stored answers", async () => {
  for (const source of [join(golden, "families", "llama"), join(golden, "gguf", "llama-f16.gguf"), tiny]) {
    const { status, stdout, stderr } = await baimo(["verify", source]);
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^all [23] cases agree$/m);
  }
});

test("verify names the first layer that diverges, and ends with 1", async () => {
  const damaged = join(folder, "llama");
  const alter = async (tensor: string) => {
    cpSync(join(golden, "families", "llama"), damaged, { recursive: true, force: true });
    const file = join(damaged, "model.safetensors");
    const checkpoint = await openCheckpoint(file);
    const { offset } = checkpoint.tensors.get(tensor)!;
    await checkpoint.close();
    const bytes = readFileSync(file);
    bytes.writeFloatLE(bytes.readFloatLE(offset) + 0.5, offset);
    writeFileSync(file, bytes);
    const { status, stdout } = await baimo(["verify", damaged, "--json"]);
    assert.equal(status, 1, tensor);
    return JSON.parse(stdout).cases.map((one: { divergesAt?: string }) => one.divergesAt);
  };
  assert.deepEqual(await alter("model.layers.0.mlp.down_proj.weight"), ["layer 0", "layer 0"]);
  assert.deepEqual(await alter("lm_head.weight"), ["output", "output"]);
  const text = await baimo(["verify", damaged]);
  assert.match(text.stdout, /the first part that diverges: output/);
});

test("verify without stored answers says so", async () => {
  const alone = join(folder, "alone.gguf");
  copyFileSync(tiny, alone);
  const { status, stderr } = await baimo(["verify", alone]);
  assert.equal(status, 1);
  assert.match(stderr, /alone\.golden\.json: cannot be read/);
});

test("tokenize cuts a text into tokens and puts it together again", async () => {
  const json = JSON.parse((await baimo(["tokenize", tiny, "the quick fox", "--json"])).stdout);
  assert.equal(json.count, json.tokens.length);
  assert.equal(json.tokens[0].token, "<s>");
  const ids = json.tokens.map((token: { id: number }) => token.id).join(",");
  const plain = await baimo(["tokenize", tiny, "--ids"], "the quick fox");
  assert.equal(plain.stdout, `${ids}\n`);
  const back = await baimo(["tokenize", tiny, "--decode", ids]);
  assert.match(back.stdout, /the quick fox\n$/);
  const count = await baimo(["tokenize", tiny, "the quick fox", "--no-special", "--count"]);
  assert.equal(count.stdout, `${json.count - 1}\n`);
  const outside = await baimo(["tokenize", tiny, "--decode", "99999"]);
  assert.equal(outside.status, 1);
  assert.match(outside.stderr, /99999/);
});

test("serve answers at the address that it prints, and Ctrl-C ends it", async () => {
  const child = start(["serve", tiny, "--port", "0", "--json", "--name", "tiny", "-t", "1"]);
  const done = result(child);
  const { url, model } = JSON.parse(await untilOutput(child, /\n/));
  assert.equal(model, "tiny");
  const models = await (await fetch(`${url}/v1/models`)).json();
  assert.equal((models as { data: { id: string }[] }).data[0].id, "tiny");
  child.kill("SIGINT");
  const { status } = await done;
  assert.equal(status, 0);
});

test("serve refuses a port that is taken when it was asked for, else takes the next one", async () => {
  const blocker = createServer();
  const port = await new Promise<number>((resolve) => {
    blocker.listen(0, "127.0.0.1", () => resolve((blocker.address() as { port: number }).port));
  });
  const refused = await baimo(["serve", tiny, "--port", String(port), "-t", "1"]);
  blocker.close();
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, new RegExp(`port ${port}: another program uses it`));

  const standard = createServer();
  const holding = await new Promise<boolean>((resolve) => {
    standard.once("error", () => resolve(false)); // taken by somebody else: as good
    standard.listen(8080, "127.0.0.1", () => resolve(true));
  });
  const child = start(["serve", tiny, "--json", "-t", "1"]);
  const done = result(child);
  const { port: found } = JSON.parse(await untilOutput(child, /\n/));
  assert.ok(found > 8080 && found < 8100, `port ${found}`);
  child.kill("SIGINT");
  assert.equal((await done).status, 0);
  if (holding) standard.close();
});

test("chat answers the lines of a pipe", async () => {
  const model = await chatModel();
  const args = ["chat", model, "-n", "4", "--ignore-eos", "--seed", "3", "-t", "1"];
  const { status, stdout, stderr } = await baimo([...args, "--json"], "hello\n/again\n/clear\nhello\n");
  assert.equal(status, 0, stderr);
  const finishes = jsonLines(stdout).filter((event) => event.type === "finish");
  assert.equal(finishes.length, 3);
  assert.deepEqual(
    finishes.map((event) => event.seed),
    [3, 4, 3],
  );
  assert.equal(finishes[0].usage.promptTokens, finishes[2].usage.promptTokens);
  const texts = (turn: number) => {
    const ends = jsonLines(stdout).flatMap((event, i) => (event.type === "finish" ? [i] : []));
    const events = jsonLines(stdout).slice(turn === 0 ? 0 : ends[turn - 1] + 1, ends[turn]);
    return events.map((event) => event.text ?? "").join("");
  };
  assert.equal(texts(0), texts(2));
  const without = await baimo(["chat", tiny], "hello\n");
  assert.equal(without.status, 1);
  assert.match(without.stderr, /no chat template/);
});

const hasScript = spawnSync("script", ["--version"]).status === 0 && process.platform === "linux";

test("in a terminal, Ctrl-C stops the answer and not the program, and history is kept", {
  skip: hasScript ? false : "needs util-linux's `script` for a pseudo-terminal",
}, async () => {
  const model = await chatModel();
  const command = [process.execPath, main, "chat", model, "-c", "40000", "--ignore-eos", "-t", "1"]
    .map((part) => `'${part}'`)
    .join(" ");
  const child = spawn("script", ["-qefc", command, "/dev/null"], { env: { ...env, TERM: "xterm" } });
  let seen = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (seen += text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const until = async (pattern: RegExp) => {
    for (const deadline = performance.now() + 20_000; !pattern.test(seen); ) {
      assert.ok(performance.now() < deadline, `waited for ${pattern}, saw: ${seen.slice(-500)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    seen = "";
  };
  await until(/> /);
  child.stdin.write("hello there\r");
  await until(/hello there\r\n[\s\S]{40}/);
  child.stdin.write("\x03");
  await until(/\(stopped\)[\s\S]*tokens[\s\S]*> /);
  child.stdin.write("\x03"); // nothing runs and nothing is typed: a hint, and the program goes on
  await until(/quit or Ctrl-D leaves[\s\S]*> /);
  child.stdin.write("\x1b[A"); // the line before
  await until(/hello there/);
  child.stdin.write("\x03"); // clears the line
  child.stdin.write("\x04");
  assert.equal(await ended, 0);
  assert.equal(readFileSync(join(env.BAIMO_HOME, "chat-history"), "utf8"), "hello there\n");
});
