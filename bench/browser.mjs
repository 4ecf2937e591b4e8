// One measurement in headless Chromium: this engine or wllama, same page, file and threads.
//
// JSON in argv, JSON out, as own.mjs. Needs a Chromium (CHROMIUM, or where Debian puts it).
//
// JSON in argv, JSON out, as own.mjs. Needs a Chromium (CHROMIUM, or where Debian puts it).
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { treeCpuMs } from "./machine.mjs";

const root = resolve(import.meta.dirname, "..");
const wllama = join(import.meta.dirname, "peers", "node_modules", "@wllama", "wllama", "esm");
const types = { ".js": "text/javascript", ".wasm": "application/wasm" };

/** Serves the built project, wllama and the model, with the headers that shared memory asks for. */
async function serve(model) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    if (pathname === "/") {
      response.setHeader("content-type", "text/html");
      return response.end("<!doctype html><title>bench</title>");
    }
    const file =
      pathname === "/model.gguf"
        ? model
        : pathname.startsWith("/wllama/")
          ? join(wllama, pathname.slice("/wllama/".length))
          : join(root, "dist", pathname);
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.statusCode = 404;
      return response.end();
    }
    response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream");
    response.setHeader("content-length", statSync(file).size);
    createReadStream(file).pipe(response);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

function findChromium() {
  return [process.env.CHROMIUM, "/usr/bin/chromium"].find((path) => path && existsSync(path));
}

/** Runs in the page: opens the model from one Blob, then prompts of each length. */
async function measureInPage({ engine, threads, contextLength, runs: wanted, tokens }) {
  const blob = await (await fetch("/model.gguf")).blob();
  const opened = performance.now();
  const open = { own: openOwn, wllama: openWllama }[engine];
  const { generate, about } = await open();
  const runs = [];
  let openMs = 0;
  for (const { length } of wanted) {
    // Once to warm up what the browser compiles as it goes, once to measure.
    for (const measured of [false, true]) {
      const { promptMs, tokenMs } = await generate(
        length,
        measured ? tokens : 4,
        2 * length + Number(measured),
      );
      openMs ||= performance.now() - opened;
      if (measured) runs.push({ context: length, promptMs, tokenMs });
    }
  }
  return { openMs, runs, about: { ...about, userAgent: navigator.userAgent } };

  async function openOwn() {
    const { load } = await import("/src/index.js");
    const file = new File([blob], "model.gguf");
    const model = await load(file, { threads, contextLength });
    return {
      about: { engine: "baimo", threads, kernels: model.engine.kernels },
      async generate(length, count, salt) {
        const ids = Array.from({ length }, (_, i) => 300 + ((i * 97 + salt * 7919) % 31_000));
        const started = performance.now();
        const gaps = [];
        let last = started;
        for await (const event of model.complete(ids, {
          temperature: 0,
          maxTokens: count,
          ignoreEos: true,
        })) {
          if (event.type !== "text-delta") continue;
          gaps.push((performance.now() - last) / event.tokens.length);
          last = performance.now();
        }
        // The mean, as wllama tells it.
        const rest = gaps.slice(1);
        return { promptMs: gaps[0], tokenMs: rest.reduce((a, b) => a + b, 0) / rest.length };
      },
    };
  }

  async function openWllama() {
    const { Wllama } = await import("/wllama/index.js");
    const instance = new Wllama({ default: "/wllama/wasm/wllama.wasm" }, { suppressNativeLog: true });
    const sizes = { n_ctx: contextLength, n_threads: threads, n_batch: 512, n_gpu_layers: 0 };
    await instance.loadModel([blob], sizes);
    return {
      about: { engine: "wllama", threads: instance.getNumThreads(), multithread: instance.isMultithread() },
      async generate(length, count, salt) {
        // Letters are a byte token each in the random model's vocabulary; a token begins the text, three are its space.
        const prompt = Array.from({ length: Math.max(1, length - 4) }, (_, i) =>
          String.fromCharCode(97 + ((i * 7 + salt * 5) % 26)),
        ).join("");
        const { timings } = await instance.createCompletion({
          prompt,
          max_tokens: count,
          temperature: 0,
          ignore_eos: true,
          cache_prompt: false,
        });
        if (Math.abs(timings.prompt_n - length) > 8)
          throw new Error(`a prompt of ${timings.prompt_n} tokens`);
        return {
          promptMs: (timings.prompt_ms * length) / timings.prompt_n,
          tokenMs: timings.predicted_per_token_ms,
        };
      },
    };
  }
}

const settings = JSON.parse(process.argv[2]);
const executablePath = findChromium();
if (!executablePath) throw new Error("no Chromium; name one in CHROMIUM");
const server = await serve(settings.model);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error.message));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const result = await page.evaluate(measureInPage, settings);
  console.log(JSON.stringify({ ...result, cpuMs: treeCpuMs(process.pid) }));
} finally {
  await browser.close();
  server.close();
}
