// `baimo run`, `chat` and `serve`: streaming, Ctrl-C, pipes, a terminal.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { openCheckpoint, writeGguf } from "../src/formats/index.ts";
import { baimo, env, folder, jsonLines, launch, main, result, start, tiny, untilOutput } from "./baimo.ts";
import { until } from "./until.ts";

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
  child.kill("SIGINT");
  const { status, stderr } = await done;
  assert.equal(status, 130);
  assert.match(stderr, /ended by aborted/);
});

test("a reader that goes away ends run quietly", async () => {
  const child = start(["run", tiny, "--tokens", "1", "-c", "40000", "-n", "39000", "--ignore-eos"]);
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  await untilOutput(child, /./);
  child.stdout.destroy();
  assert.equal(await ended, 0);
  assert.match(stderr, /^baimo: warning: a context of 40,000 tokens [^\n]*\n$/);
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
  assert.equal(status, 130);
});

test("Ctrl-C ends a stream of serve with an error, not in the middle of a word", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const child = start([
      "serve",
      await chatModel(),
      "--port",
      "0",
      "--json",
      "--name",
      "tiny",
      "-t",
      "1",
      "-c",
      "40000",
      "--grace",
      "0",
    ]);
    const done = result(child);
    const { url } = JSON.parse(await untilOutput(child, /\n/));
    const body = JSON.stringify({
      model: "tiny",
      stream: true,
      max_tokens: 39_000,
      logit_bias: { "2": -100 },
      messages: [{ role: "user", content: "hello" }],
    });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
    let text = "";
    for await (const bytes of response.body!.pipeThrough(new TextDecoderStream())) {
      if (text === "") child.kill(signal);
      text += bytes;
    }
    const last = JSON.parse(text.trimEnd().split("\n\n").at(-1)!.replace("data: ", ""));
    assert.equal(last.error.code, "server_closing");
    const { status, stderr } = await done;
    assert.equal(status, signal === "SIGINT" ? 130 : 0);
    assert.match(stderr, /^baimo: warning: a context of 40,000 tokens [^\n]*\n$/);
  }
});

test("a second Ctrl-C ends serve at once", async () => {
  const child = start(["serve", tiny, "--port", "0", "--json", "--name", "tiny", "-t", "1"]);
  const done = result(child);
  const { port, url } = JSON.parse(await untilOutput(child, /\n/));
  // A request that never comes to its end, which the first Ctrl-C waits for.
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  socket.write("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{");
  await fetch(`${url}/health`);
  child.kill("SIGINT");
  await until(() =>
    fetch(`${url}/health`).then(
      () => false,
      () => true,
    ),
  );
  child.kill("SIGINT");
  const { status } = await done;
  socket.destroy();
  assert.equal(status, 130);
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
  assert.equal((await done).status, 130);
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
  const parts = [process.execPath, main, "chat", model, "-c", "40000", "--ignore-eos", "-t", "1"];
  // In the shell's place: one that waited would take the same Ctrl-C as its own end.
  const command = `exec ${parts.map((part) => `'${part}'`).join(" ")}`;
  const child = launch("script", ["-qefc", command, "/dev/null"], { TERM: "xterm", SHELL: "/bin/sh" });
  let seen = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (seen += text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const seeing = async (pattern: RegExp) => {
    await until(() => pattern.test(seen) || child.exitCode !== null);
    assert.match(seen, pattern);
    seen = "";
  };
  await seeing(/> /);
  child.stdin.write("hello there\r");
  await seeing(/hello there[\r\n]+[\s\S]{40}/);
  child.stdin.write("\x03");
  await seeing(/\(stopped\)[\s\S]*tokens[\s\S]*> /);
  child.stdin.write("\x03"); // nothing runs and nothing is typed: a hint, and the program goes on
  await seeing(/quit or Ctrl-D leaves[\s\S]*> /);
  child.stdin.write("\x1b[A"); // the line before
  await seeing(/hello there/);
  child.stdin.write("\x03"); // clears the line
  child.stdin.write("\x04");
  assert.equal(await ended, 0);
  assert.equal(readFileSync(join(env.BAIMO_HOME, "chat-history"), "utf8"), "hello there\n");
});

test("without a model the embedded one answers, in run, chat and serve", async () => {
  const request = "以《秋夜》为题写一首五言绝句";
  const once = await baimo(["run", request, "--seed", "5", "-n", "24"]);
  assert.equal(once.status, 0, once.stderr);
  assert.match(once.stdout, /\p{Script=Han}{5}/u);
  const talk = await baimo(["chat", "--seed", "5", "-n", "24"], `${request}\n`);
  assert.equal(talk.stdout, once.stdout);

  const child = start(["serve", "--port", "0", "--json"]);
  const { url, model } = JSON.parse(await untilOutput(child, /\n/));
  const body = JSON.stringify({
    model,
    messages: [{ role: "user", content: request }],
    seed: 5,
    max_tokens: 24,
  });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  assert.match(choices[0].message.content, /\p{Script=Han}{5}/u);
  child.kill("SIGINT");
});
