// Programs that try to leave their sandbox, to stay in it for ever, or to fill the machine.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Sandbox, type Verdict } from "./sandbox.ts";

const sandbox = new Sandbox();
after(() => sandbox.close());
const run = (source: string, tests = "", seconds = 2): Promise<Verdict> =>
  sandbox.run({ source, tests, seconds, memoryBytes: 2 ** 25 });

test("a right program passes, a wrong one does not", async () => {
  const add = "function add(a, b) { return a + b }";
  const tests = "const assert = 1";
  assert.deepEqual(await run(add, "assert.equal(add(1, 2), 3)"), { outcome: "passed", detail: "" });
  assert.equal((await run(add, "assert.deepEqual([add(1, 2)], [4])")).outcome, "failed");
  assert.equal((await run("function add(a, b) { return a +", "add")).outcome, "failed");
  assert.equal((await run("", "require('node:assert').deepEqual({ a: [1] }, { a: [1] })")).outcome, "passed");
  assert.equal(
    (await run("const later = async () => 1", "later().then(v => assert(v === 2))")).outcome,
    "failed",
  );
  assert.equal(
    (await run("const later = async () => 2", "later().then(v => assert(v === 2))")).outcome,
    "passed",
  );
  assert.equal((await run(tests)).outcome, "failed");
});

/** Each passes only if it gets what it looks for. */
const ESCAPES: Readonly<Record<string, string>> = {
  process: "process.exit(7)",
  "process by another name": "globalThis['pro' + 'cess'].exit(7)",
  require: "require('node:fs').readFileSync('/etc/passwd')",
  "require of a child process": "require('child_process').execSync('id')",
  "a static import": "import fs from 'node:fs'; fs.readFileSync('/etc/passwd')",
  "the network": "fetch('http://127.0.0.1')",
  "sockets and workers": "[WebSocket, Worker, XMLHttpRequest]",
  "QuickJS's own modules": "std.open('/etc/passwd', 'r')",
  "os of QuickJS": "os.exec(['id'])",
  "the host's memory": "WebAssembly.Memory",
  "shared waiting": "Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0) || process",
  "a constructor's constructor": "assert.constructor.constructor('return process')().exit(7)",
  "a console's constructor": "console.log.constructor('return process')().pid.toFixed()",
  Function: "new Function('return process')().pid.toFixed()",
  "an async function's constructor": "(async () => {}).constructor('return process.pid')()",
  "a generator's constructor": "[...(function* () {}).constructor('yield process.pid')()]",
  eval: "(0, eval)('process.pid.toFixed()')",
  this: "(function () { return this })().process.pid.toFixed()",
  "a caller": "(function f() { return f.caller.arguments })()[0]",
  "a stack of the host": "Error.prepareStackTrace = (e, s) => s; new Error().stack[0].getThis().process.pid",
  "a getter on a prototype": "Object.prototype.then = function () { process.exit() }; ({}).then()",
  timers: "setTimeout(() => {}, 0)",
  Deno: "Deno.readTextFileSync('/etc/passwd')",
  "assert made kind": "assert.equal = () => {}; assert.equal(1, 2)",
  "assert made anew": "globalThis.assert = () => {}; assert(false)",
};

describe("an escape fails", () => {
  for (const [name, source] of Object.entries(ESCAPES))
    test(name, async () => {
      const { outcome, detail } = await run(source);
      assert.equal(outcome, "failed", detail);
    });

  test("an import that is awaited", async () => {
    const { outcome } = await run("", "import('node:fs').then(fs => fs.readFileSync('/etc/passwd'))");
    assert.equal(outcome, "failed");
  });

  test("what one program leaves, the next does not find", async () => {
    await run("globalThis.left = 1; Array.prototype.left = 1; Object.prototype.left = 1");
    const found = await run(
      "assert(typeof left === 'undefined' && [].left === undefined && ({}).left === undefined)",
    );
    assert.equal(found.outcome, "passed");
  });

  test("an answer that hides its tests", async () => {
    for (const source of ["/*", "`", "throw 0 //", "if (false) {"])
      assert.equal((await run(source, "assert(false)")).outcome, "failed");
  });
});

const GRASPS: Readonly<Record<string, [source: string, expected: RegExp]>> = {
  "a loop without end": ["for (;;);", /time/],
  "a loop that catches": ["for (;;) try { for (;;); } catch {} finally { continue }", /time/],
  "promises without end": ["(function f() { Promise.resolve().then(f) })()", /time/],
  "a promise that never settles": ["new Promise(() => {})", /failed/],
  "a regular expression": ["/^(a+)+$/.test('a'.repeat(40) + 'b')", /time/],
  "a sort without end": ["[3, 1, 2].sort(() => { for (;;); })", /time/],
  "a getter without end": ["throw { get message() { for (;;); } }", /time/],
  "a proxy without end": ["throw new Proxy({}, { get() { for (;;); } })", /time|failed/],
  recursion: ["(function f() { f() })()", /failed|lost/],
  "recursion in JSON": ["JSON.parse('['.repeat(1e6))", /failed|memory|lost/],
  "recursion in an expression": ["new RegExp('('.repeat(1e6))", /failed|memory|lost/],
  "recursion in the parser": [`${"(".repeat(200_000)}`, /failed|memory|lost/],
  "recursion of toString": [
    "let a = []; for (let i = 0; i < 1e4; i++) a = [a]; String(a)",
    /failed|memory|lost/,
  ],
  "a list without end": ["const a = []; for (;;) a.push(new Array(1e4).fill(0))", /time|memory/],
  "a text without end": ["let s = 'x'; for (;;) s += s", /time|memory|failed/],
  "a large buffer": ["new ArrayBuffer(2 ** 40)", /failed|memory/],
  "many buffers": ["const a = []; for (;;) a.push(new Uint8Array(2 ** 20).fill(1))", /time|memory/],
  "a large message": ["throw new Error('x'.repeat(2 ** 23))", /failed|memory|time/],
  "a large text that is thrown": ["throw 'x'.repeat(2 ** 23)", /failed|memory|time/],
  "a large output": ["console.log('x'.repeat(2 ** 23)); 'x'.repeat(2 ** 23)", /passed|time/],
  symbols: ["throw Symbol('x')", /failed/],
  nothing: ["throw undefined", /failed/],
  "memory, caught": ["for (;;) try { const a = []; for (;;) a.push({}) } catch {}", /time|memory/],
};

describe("a program that would not end, or fill the machine, is ended", () => {
  for (const [name, [source, expected]] of Object.entries(GRASPS))
    test(name, async () => {
      const { outcome, detail } = await run(source, "", expected.source.startsWith("time") ? 0.03 : 2);
      assert.match(outcome, expected, detail);
      assert.ok(detail.length <= 300);
    });

  test("and the next one passes", async () => {
    assert.equal((await run("assert(true)")).outcome, "passed");
  });
});
