// The examples in README and docs: they type-check, and those that need no network run.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { packCorpus } from "../src/data/index.ts";
import { trainTokenizer } from "../src/tokenizers/index.ts";
import { baimo, folder, start, untilOutput } from "./baimo.ts";
import { browserArguments, executablePath, noBrowser, visitPage } from "./browser.ts";
import { golden, readJson, root } from "./places.ts";
import { prose } from "./prose.ts";
import { serveFolder } from "./serve-folder.ts";

const run = promisify(execFile);
/** A project that has installed the package. */
const project = mkdtempSync(join(folder, "project-"));

interface Example {
  /** Where it stands: "README.md:17". */
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

/** The blocks between fences of one document. */
function readExamples(path: string): Example[] {
  const text = readFileSync(path, "utf8");
  return Array.from(text.matchAll(/^```(\w+)\n(.*?)^```/gms), (match) => ({
    place: `${relative(root, path)}:${text.slice(0, match.index).split("\n").length}`,
    language: match[1],
    text: match[2],
  }));
}

const documents = [
  join(root, "README.md"),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(root, "docs", name)),
];
const examples = documents.flatMap(readExamples);
/** Those that a user of the package writes; others are files of the project, with tests of their own. */
const programs = examples.filter(({ language, text }) => language === "ts" && text.includes('from "baimo'));
const pages = examples.filter(({ language }) => language === "html");

before(async () => {
  mkdirSync(join(project, "node_modules"));
  symlinkSync(root, join(project, "node_modules", "baimo"), "junction");
  symlinkSync(join(root, "node_modules", "ai"), join(project, "node_modules", "ai"), "junction");
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
  for (const name of ["model.gguf", "draft.gguf"]) {
    cpSync(join(root, "assets", "poet.gguf"), join(project, name));
  }
  cpSync(golden("families", "llama"), join(project, "folder"), { recursive: true });
  cpSync(golden("families", "bert"), join(project, "bge-small-en-v1.5"), { recursive: true });
  cpSync(golden("families", "bert-rank"), join(project, "bge-reranker-base"), { recursive: true });
  const runs = [7, 8, 9].flatMap((n) =>
    [9, 10, 11].map((d) => ({
      parameters: 10 ** n,
      tokens: 10 ** d,
      loss: 1.8 + 480 / 10 ** (n / 3) + 2e3 / 10 ** (d / 3),
    })),
  );
  writeFileSync(join(project, "runs.jsonl"), runs.map((row) => JSON.stringify(row)).join("\n"));
  mkdirSync(join(project, "tasks"));
  cpSync(
    join(root, "assets", "evaluation", "data", "next.jsonl"),
    join(project, "tasks", "data", "next.jsonl"),
  );
  const task = readFileSync(join(root, "assets", "evaluation", "poet_zh_next.yaml"), "utf8");
  writeFileSync(
    join(project, "tasks", "my_task.yaml"),
    `fewshot_split: test\n${task.replace("task: poet_zh_next", "task: my_task")}`,
  );
  const documents = Array.from({ length: 40 }, (_, i) => ({ id: `d${i}`, text: prose(i) }));
  writeFileSync(join(project, "corpus.jsonl"), documents.map((row) => JSON.stringify(row)).join("\n"));
  const tokenizer = join(project, "my-tokenizer.json");
  const texts = documents.map(({ text }) => text);
  writeFileSync(tokenizer, JSON.stringify(await trainTokenizer(texts, { vocabSize: 300 })));
  const blank = join(project, "blank");
  mkdirSync(blank);
  const config = { ...readJson(golden("families", "llama", "config.json")), vocab_size: 300 };
  writeFileSync(join(blank, "config.json"), JSON.stringify(config));
  cpSync(tokenizer, join(blank, "tokenizer.json"));
  const training = {
    stage: "pretrain",
    model: blank,
    data: [join(project, "corpus.jsonl")],
    out: join(project, "trained"),
    sequenceLength: 32,
    batch: 4,
    microBatch: 4,
    steps: 2,
    lr: 0.001,
  };
  writeFileSync(join(project, "run.yaml"), JSON.stringify(training)); // JSON is YAML
  const output = join(project, "my-corpus");
  await packCorpus([join(project, "corpus.jsonl")], { output, tokenizer, sequenceLength: 64 });
  writeFileSync(join(project, "log.json"), JSON.stringify({ steps: 100, loss: [6, 5.9, 5.8] }));
  const url = /http:\/\/127\.0\.0\.1:\d+/;
  const [address] = url.exec(await untilOutput(start(["serve", "--port", "0"]), url)) ?? [];
  const price = { currency: "USD", input: 0.9, output: 0.9, source: "https://a.example", date: "2026-11-01" };
  const giant = { endpoints: [`${address}/v1`], model: "poet", price };
  writeFileSync(join(project, "server.json"), JSON.stringify({ models: { giant } }));
});

after(() => rmSync(project, { recursive: true, force: true }));

test("there are examples of every kind", () => {
  assert.ok(programs.length > 0 && pages.length > 0 && commands().length > 12);
});

test("programs type-check and run", async () => {
  const files = programs.map(({ text }, i) => {
    writeFileSync(join(project, `${i}.ts`), text);
    return `${i}.ts`;
  });
  const compilerOptions = {
    module: "nodenext",
    target: "es2022",
    lib: ["ES2022", "DOM"],
    types: ["node"],
    typeRoots: [join(root, "node_modules", "@types")],
    strict: true,
    outDir: "built",
    rootDir: ".",
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  await run(process.execPath, [tsc, "-p", project]).catch(({ stdout }) => assert.fail(stdout));
  for (const [i, { place }] of programs.entries()) {
    const { stdout } = await run(process.execPath, [join("built", `${i}.js`)], { cwd: project });
    assert.notEqual(stdout, "", place);
  }
});

test("pages answer", { skip: noBrowser }, async () => {
  const browser = await chromium.launch({ executablePath, args: browserArguments });
  const server = await serveFolder(project, { isolated: true });
  try {
    for (const { text } of pages) {
      // the poet in place of what would have to be downloaded; a page without an icon asks for one
      const icon = '<link rel="icon" href="data:,">';
      writeFileSync(
        join(project, "index.html"),
        text.replace(/"https:[^"]*\.gguf"/, '"poet"').replace("<meta", `${icon}<meta`),
      );
      await visitPage(browser, server.url, {}, async (page) => {
        await page.waitForFunction("document.querySelector('#answer').textContent.length > 10");
      });
    }
  } finally {
    server.close();
    await browser.close();
  }
});

/** Every line with a command of baimo, without its comment. */
function commands(): { place: string; words: string[] }[] {
  return documents.flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .flatMap((line, i) => {
        const [, command] = /^\s*npx baimo (.*?)(?:\s+# .*)?$/.exec(line) ?? [];
        if (command === undefined) return [];
        const words = command.match(/"[^"]*"|\S+/g) ?? [];
        return [
          { place: `${relative(root, path)}:${i + 1}`, words: words.map((w) => w.replaceAll('"', "")) },
        ];
      }),
  );
}

/** What a line needs to be over soon, and with the poet, which is of Q8_0. */
const more: Record<string, string[]> = {
  bench: ["--repeat", "1"],
  eval: ["--limit", "1"],
  quantize: ["--requantize"],
  run: ["--max-tokens", "8"],
};

for (const { place, words } of commands()) {
  test(`${place}: baimo ${words.join(" ")}`, async () => {
    const [command] = words;
    const settings = { HF_HUB_OFFLINE: "1" };
    // What is converted would replace the model of the other lines.
    const file = (word: string) =>
      join(project, command === "convert" ? word.replace("model", "converted") : word);
    const args = words.map((word) =>
      /^(model\.gguf|run\.yaml|folder|small\.gguf|(runs|corpus|clean|unique)\.jsonl|keys\.json|tokenizer\.json|packed|log\.json|tasks|runs\/(a|giant|july)|server\.json|side-by-side)$/.test(
        word,
      )
        ? file(word)
        : word,
    );
    if (words.some((word) => word.startsWith("hf:"))) {
      const { status, stderr } = await baimo(args, "", settings);
      assert.equal(status, 1);
      assert.match(stderr, /the Hub may not be asked|is not in the cache/);
    } else if (words.some((word) => word.startsWith("postgres:"))) {
      const { status, stderr } = await baimo(args, "", settings);
      assert.equal(status, 1);
      assert.match(stderr, /needs the package pg|the database of Postgres \S+ cannot be used/);
    } else if (command === "serve") {
      // Endpoints need not be there for a server to start.
      const whole = words.includes("--upstream") || words.includes("--keys");
      const given = whole ? args : args.slice(0, 2);
      const child = start([...given, "--port", "0"], { ...settings, GIANT_KEY: "none" });
      await untilOutput(child, /http:\/\/127\.0\.0\.1:\d+/);
      child.kill("SIGKILL");
    } else {
      const { status, stderr } = await baimo([...args, ...(more[command] ?? [])], "", settings);
      assert.equal(status, 0, stderr);
    }
  });
}
