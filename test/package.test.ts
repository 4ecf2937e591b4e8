// The package as others get it: installed, type-checked, built by bundlers, run in a page.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { build as bundle } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { build, createServer } from "vite";
import { load } from "../src/index.ts";
import { browserArguments, executablePath, noBrowser, visitPage } from "./browser.ts";
import { root } from "./places.ts";
import { serveFolder } from "./serve-folder.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "baimo-package-"));
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
/** Why the package could not be installed, if it could not. */
let absent: string | undefined;
/** What the poet says to the question in the page. */
let expected = "";

const program = `
import { BaimoError, type Model, load } from "baimo";
import { openCheckpoint, pullModel } from "baimo/formats";
import { mayI } from "baimo/licences";
import { createHandler } from "baimo/serve";
import { openTokenizer } from "baimo/tokenizers";

export async function answer(): Promise<string> {
  const model: Model = await load("poet", { threads: 1 });
  let text = "";
  try {
    for await (const event of model.chat([{ role: "user", content: "秋夜" }], { seed: 1 })) {
      if (event.type === "text-delta") text += event.text;
      else if (event.type === "finish") console.log(event.reason, event.usage.completionTokens);
    }
    const handler = createHandler({ models: new Map([["poet", model]]) });
    const response: Response = await handler(new Request("http://localhost/v1/models"));
    console.log(response.status);
  } catch (error) {
    if (error instanceof BaimoError) console.log(error.code);
  }
  await model[Symbol.asyncDispose]();
  const checkpoint = await openCheckpoint("poet");
  await checkpoint.close();
  console.log(mayI({ uses: ["MIT"], action: "use" }, new Map()).verdict);
  console.log((await openTokenizer("poet")).encode("秋夜"), pullModel);
  return text;
}
`;

const page = `
import { load } from "baimo";

globalThis.talk = async (threads) => {
  const model = await load("poet", { threads });
  let text = "";
  for await (const event of model.chat([{ role: "user", content: "秋夜" }], { seed: 7, maxTokens: 24 })) {
    if (event.type === "text-delta") text += event.text;
  }
  const used = model.engine.threads;
  await model.dispose();
  return { text, threads: used };
};
`;

const html = (script: string) =>
  `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`;

before(async () => {
  const { stdout } = await run("npm", [
    "pack",
    "--ignore-scripts",
    "--silent",
    "--pack-destination",
    folder,
    root,
  ]);
  write("package.json", '{ "private": true, "type": "module" }');
  const install = ["install", "--prefer-offline", "--fetch-retries=0", join(folder, stdout.trim())];
  const { stderr } = await run("npm", install, { cwd: folder }).catch((error) => {
    if (!/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENOTCACHED|network/.test(error.stderr)) throw error;
    absent = "the dependencies cannot be installed: npm's registry is out of reach";
    return { stderr: "" };
  });
  assert.doesNotMatch(stderr, /install-scripts/, "npm asks about scripts of the package");
  if (absent) return;
  write("page.js", page);
  write("index.html", html("/page.js"));
  const model = await load("poet", { threads: 1 });
  const options = { seed: 7, maxTokens: 24 };
  for await (const event of model.chat([{ role: "user", content: "秋夜" }], options)) {
    if (event.type === "text-delta") expected += event.text;
  }
  await model.dispose();
});

after(() => rmSync(folder, { recursive: true }));

/** Skips a test where the package is not installed. */
const installed = (body: (context: TestContext) => Promise<void>) => (context: TestContext) =>
  absent ? context.skip(absent) : body(context);

test(
  "the installed package answers, names its version and has its command",
  installed(async () => {
    write(
      "answer.js",
      'import { load } from "baimo";\nimport manifest from "baimo/package.json" with { type: "json" };\n' +
        'const model = await load("poet"); console.log(manifest.version, model.name); await model.dispose();',
    );
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const { stdout } = await run(process.execPath, ["answer.js"], { cwd: folder });
    assert.equal(stdout, `${version} baimo poet\n`);
    const command = join(folder, "node_modules", ".bin", "baimo");
    const ids = await run(process.execPath, [command, "tokenize", "poet", "秋夜", "--ids"], { cwd: folder });
    assert.equal(ids.stdout, "1,437,495\n");
  }),
);

for (const [module, moduleResolution] of [
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
]) {
  for (const types of [[], ["node"]]) {
    test(
      `its types hold under ${moduleResolution}, strict, ${types.length > 0 ? "with" : "without"} Node's`,
      installed(async () => {
        const name = `tsconfig.${moduleResolution}.${types.length}.json`;
        const compilerOptions = {
          module,
          moduleResolution,
          types,
          typeRoots: [join(root, "node_modules", "@types")],
          lib: ["ES2022", "DOM"],
          target: "ES2022",
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          noEmit: true,
        };
        write("program.ts", program);
        write(name, JSON.stringify({ compilerOptions, files: ["program.ts"] }));
        const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
        await run(process.execPath, [tsc, "-p", name], { cwd: folder }).catch(({ stdout }) =>
          assert.fail(stdout),
        );
      }),
    );
  }
}

describe("in a page the poet answers as in Node", { skip: noBrowser, concurrency: 1 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await chromium.launch({ executablePath, args: browserArguments });
  });
  after(() => browser?.close());

  /** Opens the page and asks the poet on two threads, of which one is given where no memory can be shared. */
  async function ask(url: string, threads: number): Promise<void> {
    await visitPage(browser, url, {}, async (opened) => {
      await opened.waitForFunction("globalThis.talk");
      const told = await opened.evaluate("talk(2)");
      assert.deepEqual(told, { text: expected, threads });
    });
  }

  /** Asks in a built page, with memory that can be shared unless it is said otherwise. */
  async function askBuilt(built: string, isolated = true): Promise<void> {
    const server = await serveFolder(built, { isolated });
    try {
      await ask(server.url, isolated ? 2 : 1);
    } finally {
      server.close();
    }
  }

  test(
    "built by Vite",
    installed(async () => {
      await build({ root: folder, configFile: false, logLevel: "error" });
      await askBuilt(join(folder, "dist"));
      await askBuilt(join(folder, "dist"), false);
    }),
  );

  test(
    "served by Vite while it is written",
    installed(async () => {
      const server = await createServer({ root: folder, configFile: false, logLevel: "error" });
      try {
        await server.listen();
        await ask(server.resolvedUrls?.local[0] ?? "", 1);
      } finally {
        await server.close();
      }
    }),
  );

  test(
    "built by esbuild, with the poet put beside it",
    installed(async () => {
      const built = join(folder, "esbuild");
      await bundle({
        entryPoints: [join(folder, "page.js")],
        bundle: true,
        format: "esm",
        outdir: join(built, "code", "app"),
        logLevel: "error",
      });
      mkdirSync(join(built, "assets"));
      copyFileSync(join(folder, "node_modules/baimo/assets/poet.gguf"), join(built, "assets/poet.gguf"));
      writeFileSync(join(built, "index.html"), html("/code/app/page.js"));
      await askBuilt(built);
    }),
  );

  test(
    "without a bundler",
    installed(async () => {
      const served = join(folder, "served");
      cpSync(join(folder, "node_modules", "baimo"), join(served, "baimo"), { recursive: true });
      writeFileSync(join(served, "page.js"), page.replace('"baimo"', '"/baimo/dist/browser/index.js"'));
      writeFileSync(join(served, "index.html"), html("/page.js"));
      await askBuilt(served);
    }),
  );
});
