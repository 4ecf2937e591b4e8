// A process that runs command lines in turn: reading the program takes longer than most of them.
import { Readable, Writable } from "node:stream";
import { runProgram } from "../src/cli/program.ts";
import type { CommandLine, Result } from "./baimo.ts";

/** Collects what is written to it. */
function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

async function run({ args, input, env }: CommandLine): Promise<Result> {
  const [stdout, stderr] = [collector(), collector()];
  const streams = {
    stdin: Readable.from([Buffer.from(input)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
  };
  const before = { ...process.env };
  for (const [name, value] of Object.entries(streams)) {
    Object.defineProperty(process, name, { value, configurable: true });
  }
  Object.assign(process.env, env);
  const status = await runProgram(args);
  for (const name of Object.keys(env)) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

let last: Promise<unknown> = Promise.resolve();
process.on("message", (line: CommandLine) => {
  last = last.then(async () => process.send?.(await run(line)));
});
