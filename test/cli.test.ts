// The command line: help, errors, exit status, and the commands that do not talk.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { openCheckpoint } from "../src/formats/index.ts";
import { baimo, folder, result, start, tiny } from "./baimo.ts";
import { golden } from "./places.ts";

test("as a process of its own: output, input from a pipe, exit status", async () => {
  const run = (args: string[], input = "") => {
    const child = start(args);
    child.stdin.end(input);
    return result(child);
  };
  const version = await run(["--version"]);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal(version.status, 0);
  assert.equal((await run(["tokenize", tiny, "--count"], "the quick fox")).stdout, "11\n");
  const wrong = await run(["rnu"]);
  assert.match(wrong.stderr, /^baimo: unknown command 'rnu'/);
  assert.equal(wrong.status, 2);
  assert.equal((await run(["inspect", join(folder, "missing.gguf")])).status, 1);
});

test("every command has help", async () => {
  const all = await baimo(["--help"]);
  assert.equal(all.status, 0);
  for (const name of [
    "run",
    "chat",
    "serve",
    "embed",
    "inspect",
    "bench",
    "verify",
    "pull",
    "list",
    "remove",
    "tokenize",
  ]) {
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
      /^baimo: option '--temperature <number>' argument 'hot'[\s\S]*Allowed: a number from 0 to 100/,
    ],
    [
      ["run", "x", "--temperature", "-1"],
      /^baimo: option '--temperature <number>' argument '-1'[\s\S]*Allowed: a number from 0 to 100/,
    ],
    [["run", "x", "--top-p", "0"], /^baimo: option '--top-p <number>' argument '0'/],
    [["run", tiny, "--tokens", "1,b"], /^baimo: option '--tokens <ids>'[\s\S]*"b" is no token id/],
    [
      ["run", tiny, "--tokens", "1,9999999"],
      /^baimo: --tokens\[1\] is 9999999; allowed: a whole number from 0 to/,
    ],
    [["run", "x", "-n", "0"], /argument '0' is invalid. Allowed: a whole number from 1/],
    [["run", tiny, "hello", "--tokens", "1"], /^baimo: give either a prompt or --tokens/],
    [
      ["run", "x", "--logit-bias", "3"],
      /^baimo: option '--logit-bias <id:bias>' argument '3'[\s\S]*Allowed: id:bias/,
    ],
    [["run", "hf:Qwen", "x"], /^baimo: "hf:Qwen" does not name a model on the Hub/],
    [["inspect"], /^baimo: missing required argument 'model'/],
    [["bench", tiny, "-p", "0"], /a whole number from 1/],
    [
      ["serve", "--port", "70000"],
      /^baimo: option '-p, --port <port>' argument '70000'[\s\S]*from 0 to 65,535/,
    ],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = await baimo(args);
    assert.match(stderr, message);
    assert.equal(status, 2, args.join(" "));
    assert.equal(stdout, "", args.join(" "));
  }
});

test("--json prints a failure as JSON on standard output, and the exit status stays", async () => {
  const cases: [string[], number, string, RegExp][] = [
    [["inspect", join(folder, "missing.gguf"), "--json"], 1, "request", /there is no such file/],
    [
      ["bench", tiny, "--json", "--threads", "2.5"],
      2,
      "usage",
      /'-t, --threads <count>' argument '2.5'.*Allowed: a whole/,
    ],
    [["run", "x", "--json", "--context", "-1"], 2, "usage", /'-c, --context <tokens>' argument '-1'/],
    [["quantize", tiny, "out.gguf", "Q9", "--json"], 2, "usage", /'Q9' is invalid.*Allowed: "F32"/],
  ];
  for (const [args, expected, code, message] of cases) {
    const { status, stdout, stderr } = await baimo(args);
    const { error } = JSON.parse(stdout);
    assert.equal(status, expected, stdout);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(stderr, /^baimo: /);
  }
});

test("a failure says where and ends with 1; --verbose adds the stack", async () => {
  const missing = await baimo(["inspect", join(folder, "missing.gguf")]);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /^baimo: .*missing\.gguf: there is no such file, folder or model[^\n]*\n$/);

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

  const text = await baimo(["inspect", golden("families", "qwen3")]);
  assert.equal(text.status, 0);
  assert.match(text.stdout, /memory at a context of 128 tokens/);
  assert.match(text.stdout, /model\.layers\.\*\.mlp\.down_proj\.weight +2 × +F32/);
});

test("inspect shows a model that cannot be run, and says why", async () => {
  const odd = join(folder, "odd");
  cpSync(golden("families", "llama"), odd, { recursive: true });
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
  for (const source of [golden("families", "llama"), golden("gguf", "llama-f16.gguf"), tiny]) {
    const { status, stdout, stderr } = await baimo(["verify", source]);
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^all [23] cases agree$/m);
  }
});

test("verify names the first layer that diverges, and ends with 1", async () => {
  const damaged = join(folder, "llama");
  const alter = async (tensor: string) => {
    cpSync(golden("families", "llama"), damaged, { recursive: true, force: true });
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
  assert.equal(outside.status, 2);
  assert.match(outside.stderr, /99999/);
});

test("embed prints a vector for each text, or for each line of the input", async () => {
  const bert = golden("families", "bert");
  const plain = await baimo(["embed", bert, "--dimensions", "4"], "the moon\n\na river\n");
  const rows = plain.stdout.trimEnd().split("\n");
  assert.deepEqual(
    rows.map((row) => row.split(" ").length),
    [4, 4],
  );
  const json = await baimo(["embed", bert, "the moon", "--dimensions", "4", "--json"]);
  const { index, vector } = JSON.parse(json.stdout);
  assert.equal(index, 0);
  assert.equal(vector.join(" "), rows[0]);
  assert.match((await baimo(["embed", bert, "a", "--pooling", "max"])).stderr, /mean.*last.*cls/);
});

test("pull fetches a model of the Hub, verifies it, and says where it lies", async () => {
  const commit = "c".repeat(40);
  const bytes = readFileSync(tiny);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const hub = createServer((request, response) => {
    const path = new URL(request.url!, "http://hub").pathname;
    const json = (body: unknown) =>
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (path.startsWith("/api/models/someone/tiny/revision/")) {
      const counts = { downloads: 0, likes: 0, private: false, gated: false };
      return json({
        ...counts,
        _id: "1",
        id: "someone/tiny",
        sha: commit,
        lastModified: "2025-01-01T00:00:00Z",
      });
    }
    if (path === `/api/models/someone/tiny/tree/${commit}`) {
      const lfs = { oid: sha256, size: bytes.length, pointerSize: 134 };
      return json([{ type: "file", path: "tiny-Q8_0.gguf", size: bytes.length, oid: "0".repeat(40), lfs }]);
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (!path.endsWith("/tiny-Q8_0.gguf") || !range) return response.writeHead(404).end("{}");
    const [from, to] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)];
    response.writeHead(206, { "content-range": `bytes ${from}-${to}/${bytes.length}` });
    response.end(bytes.subarray(from, to + 1));
  });
  await new Promise<void>((resolve) => hub.listen(0, "127.0.0.1", resolve));
  const HF_ENDPOINT = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  try {
    const pulled = await baimo(["pull", "hf:someone/tiny", "--json"], "", { HF_ENDPOINT });
    assert.equal(pulled.status, 0, pulled.stderr);
    assert.equal(pulled.stderr, "");
    const { model, path } = JSON.parse(pulled.stdout);
    assert.equal(model, "hf:someone/tiny");
    assert.ok(path.startsWith(join(folder, "hub")), path);
    assert.deepEqual(readFileSync(path), bytes);
    const inspected = await baimo(["inspect", "hf:someone/tiny", "--json"], "", { HF_ENDPOINT });
    assert.equal(JSON.parse(inspected.stdout).tensors.length, 21);
    const missing = await baimo(["pull", "hf:someone/else"], "", { HF_ENDPOINT });
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /^baimo: someone\/else: there is no such model/);
  } finally {
    hub.closeAllConnections();
    hub.close();
  }
});
