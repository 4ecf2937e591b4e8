// The journal: answers come back, a torn line does not, another run's is refused.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BaimoError } from "../../errors.ts";
import { openJournal } from "./journal.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "baimo-journal-"));
});
after(() => rm(folder, { recursive: true }));

const header = { run: "abc", started: "2026-01-01T00:00:00.000Z" };
const cost = {
  promptTokens: 3,
  completionTokens: 0,
  amount: undefined,
  seconds: 0,
  latency: 0.25,
  isBound: true,
};

test("answers come back, and the beginning stays", async () => {
  const path = join(folder, "runs", "journal.jsonl");
  const first = await openJournal(path, header);
  await first.append([
    { key: "a", answer: [-1.5, true], cost },
    { key: "b", answer: "秋夜\n", cost },
  ]);
  await first.append([{ key: "c", answer: Number.NEGATIVE_INFINITY, cost, failed: "gone" }]);
  await first.close();
  await appendFile(path, '{"key":"d","answer":"torn');
  const again = { run: "abc", started: "2026-02-02T00:00:00.000Z", facts: { version: "2" } };
  const second = await openJournal(path, again);
  assert.equal(second.header.started, header.started);
  assert.deepEqual(second.answers.get("a"), { answer: [-1.5, true], cost, failed: undefined });
  assert.equal(second.answers.get("b")?.answer, "秋夜\n");
  assert.deepEqual(second.answers.get("c"), { answer: Number.NEGATIVE_INFINITY, cost, failed: "gone" });
  assert.equal(second.answers.has("d"), false);
  await second.append([{ key: "d", answer: "whole", cost }]);
  await second.close();
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  assert.equal(lines.length, 5);
  assert.equal(JSON.parse(lines[4]).answer, "whole");
});

test("one process has a journal at a time, until it closes it or is gone", async () => {
  const path = join(folder, "held.jsonl");
  const first = await openJournal(path, header);
  const isBusy = ({ code, message }: BaimoError) =>
    code === "busy" && message.includes(`process ${process.pid} of`);
  await assert.rejects(openJournal(path, header), isBusy);
  await assert.rejects(openJournal(path, header), isBusy);
  await first.close();
  const script = "process.stdout.write(String(process.pid))";
  const gone = execFileSync(process.execPath, ["-e", script], { encoding: "utf8" });
  const claim = (pid: string) => `+${hostname()}/${pid}/1 00000000-0000-0000-0000-000000000000`;
  await appendFile(`${path}.lock`, `${claim(gone)}\n+tor`);
  const opened = await Promise.allSettled([1, 2, 3].map(() => openJournal(path, header)));
  const [one, ...others] = opened.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  assert.deepEqual(others, []);
  await one.close();
});

test("another run's journal is refused, and what is no journal", async () => {
  const path = join(folder, "other.jsonl");
  await (await openJournal(path, header)).close();
  const refused = (code: string) => (error: unknown) => error instanceof BaimoError && error.code === code;
  await assert.rejects(openJournal(path, { run: "xyz", started: "" }), refused("request"));
  await assert.rejects(openJournal(join(path, "below", "journal.jsonl"), header), refused("request"));
  await assert.rejects(openJournal(folder, header), /cannot be kept there \(EISDIR\)/);
  await writeFile(path, '{"a":1}\n');
  await assert.rejects(openJournal(path, header), refused("format"));
});
