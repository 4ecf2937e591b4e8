// Reporter of the test run: names of what failed and was skipped before the runner's counts.
import { relative } from "node:path";
import { inspect, stripVTControlCharacters } from "node:util";

const root = process.cwd();

/** The source of a built test file, seen from the repository's root. */
const sourceOf = (file) =>
  relative(root, file)
    .replace(/^dist[/\\]/, "")
    .replace(/\.js$/, ".ts");

/** Lines moved to the right, below what they belong to. */
const indented = (text, by) => text.replace(/^(?=.)/gm, by);

/**
 * Turns the runner's events into text. A test is named by its file and the names around it. Diagnostics (seeds, figures)
 * stand below their file; the runner's own counts come last, as `# tests 12`.
 */
export default async function* report(events) {
  const failed = [];
  const skipped = new Map();
  const todo = [];
  const counts = [];
  const names = [];
  let file = emptyFile();

  for await (const { type, data } of events) {
    const at = data.file ? sourceOf(data.file) : "";
    if (at && at !== file.name && type !== "test:summary" && isOrdered(type)) {
      yield lineOf(file);
      file = emptyFile(at);
    }
    if (type === "test:start") names.splice(data.nesting, Number.POSITIVE_INFINITY, data.name);
    else if (type === "test:stdout" || type === "test:stderr") yield data.message;
    else if (type === "test:diagnostic") {
      if (at) file.notes.push(data.message);
      else counts.push(data.message);
    } else if (type === "test:pass" || type === "test:fail") {
      const whole = data.name === data.file; // the file as a process
      const name = [at, ...names.slice(0, data.nesting), ...(whole ? [] : [data.name])].join(" › ");
      if (data.nesting === 0) file.seconds += data.details.duration_ms / 1000;
      if (data.details.type !== "suite") file.tests++;
      if (data.skip !== undefined) note(skipped, String(data.skip || "no reason given"), name);
      else if (data.todo !== undefined) todo.push(`${name}: ${data.todo || "no reason given"}`);
      else if (type === "test:fail" && data.details.error.failureType !== "subtestsFailed") {
        failed.push(name);
        file.failures.push(`${name}\n${indented(errorText(data.details.error), "    ")}`);
      }
    }
  }

  yield lineOf(file);
  for (const [reason, tests] of skipped) {
    yield `\nskipped ${tests.length}, ${reason}\n${indented(tests.join("\n"), "  ")}\n`;
  }
  if (todo.length > 0) yield `\nto do ${todo.length}\n${indented(todo.join("\n"), "  ")}\n`;
  if (failed.length > 0) yield `\nfailed ${failed.length}\n${indented(failed.join("\n"), "  ")}\n`;
  if (process.env.BAIMO_LONG !== "1")
    yield "\nnpm run test:long has more kills, mutated files, distributions, GPU cases, requests, documents, looks and their pictures, random templates, spellings of JSON, conversations, and every family on the reference\n";
  yield `\n${counts.map((line) => `# ${line}\n`).join("")}`;
}

/** Events that come in the order of the files; others tell at once what happens in any of them. */
const isOrdered = (type) => /^test:(start|pass|fail|diagnostic)$/.test(type);

const emptyFile = (name = "") => ({ name, tests: 0, seconds: 0, notes: [], failures: [] });

function lineOf({ name, tests, seconds, notes, failures }) {
  if (!name) return "";
  const head = `${failures.length > 0 ? "FAILED" : "ok"} ${name}  ${tests} tests, ${seconds.toFixed(1)} s`;
  return `${[head, ...notes.map((text) => indented(text, "  ")), ...failures.map((text) => indented(text, "  "))].join("\n")}\n`;
}

function note(groups, reason, name) {
  groups.set(reason, [...(groups.get(reason) ?? []), name]);
}

/** What went wrong: the test's own error, not the runner's wrapping of it, and not the runner's part of the stack. */
function errorText({ cause, message, exitCode, signal }) {
  if (exitCode || signal) return `the file's process ended with ${signal ?? `status ${exitCode}`}`;
  const text = inspect(cause ?? message, { depth: 4, maxArrayLength: 20, maxStringLength: 4000 });
  return stripVTControlCharacters(text).replace(/\n +at .*\(?node:internal.*/g, "");
}
