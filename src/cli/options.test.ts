// Flags of the engine and of sampling, given what is wrong: refused as a wrong command line.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import {
  addEngineOptions,
  addSamplingOptions,
  addServingOptions,
  checkBias,
  checkIds,
  checkLogprobs,
  type SamplingFlags,
  toGenerateOptions,
} from "./options.ts";
import { COMMANDS } from "./program.ts";
import { createTerminal } from "./terminal.ts";

const WRONG = [
  "",
  " ",
  "frob",
  "NaN",
  "Infinity",
  "-Infinity",
  "1e999",
  "-1e99",
  "2.5.1",
  "0x",
  "1,2",
  "[]",
  "null",
  "true",
];

function parse(args: readonly string[]): SamplingFlags {
  const command = addServingOptions(addEngineOptions(addSamplingOptions(new Command("test"))))
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} });
  return command.parse(args, { from: "user" }).opts();
}

test("every flag with a value refuses what is not one, by its name and with what is allowed", () => {
  const { options } = addServingOptions(addEngineOptions(addSamplingOptions(new Command("test"))));
  const flags = options.filter((option) => option.required).map((option) => option.long!);
  assert.ok(flags.length >= 17, flags.join());
  for (const flag of flags) {
    // Any text but none may end an answer, or be a key.
    for (const text of ["--stop", "--ignore-config-keys"].includes(flag) ? [""] : WRONG) {
      assert.throws(
        () => parse([`${flag}=${text}`]),
        (error) => {
          assert.ok(error instanceof CommanderError, String(error));
          assert.ok(error.message.includes(flag), error.message);
          assert.match(error.message, /Allowed: |It must be /);
          return true;
        },
        `${flag}=${text}`,
      );
    }
  }
  for (const args of [
    ["--threads", "2.5"],
    ["--threads", "257"],
    ["--context", "-1"],
    ["--top-k", "1.5"],
  ])
    assert.throws(() => parse(args), /Allowed: a whole number from/, args.join(" "));
});

test("right flags become options", () => {
  const args =
    "--temperature 0.5 --top-k 3 --seed -7 --stop a\\nb --stop c --logit-bias 3:-1.5 --logit-bias 4=2";
  const options = toGenerateOptions(parse(args.split(" ")));
  const { temperature, topK, seed, stop, logitBias, maxTokens } = options;
  assert.deepEqual([temperature, topK, seed, maxTokens], [0.5, 3, -7, undefined]);
  assert.deepEqual(stop, ["a\nb", "c"]);
  assert.deepEqual(logitBias, { 3: -1.5, 4: 2 });
  const { cacheType, device } = parse(["--cache-type", "q8", "--device", "CPU"]) as Record<string, unknown>;
  assert.deepEqual([cacheType, device], ["Q8", "cpu"]);
});

test("no flag of any command takes an empty text for a value, but a system message or a prompt before texts", () => {
  const program = new Command();
  const context = { terminal: createTerminal(), exitCode: 0 };
  for (const add of COMMANDS) add(program, context);
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  const flags = commands.flatMap((command) =>
    command.options.filter((option) => option.required).map((option) => ({ command, option })),
  );
  assert.ok(flags.length > 80, `${flags.length} flags`);
  for (const { command, option } of flags) {
    if (option.long === "--system" || option.long === "--prompt") continue;
    const name = `${command.name()} ${option.long}`;
    assert.ok(option.parseArg, `${name} takes any text`);
    assert.throws(() => option.parseArg?.("", undefined), InvalidArgumentError, name);
  }
});

test("log-probabilities are asked for with --json", () => {
  const command = new Command("test").exitOverride().configureOutput({ outputError: () => {} });
  checkLogprobs(command, { logprobs: 2, json: true });
  checkLogprobs(command, {});
  assert.throws(() => checkLogprobs(command, { logprobs: 0 }), /--logprobs shows in what --json prints/);
});

test("ids that only a model shows to be wrong are a wrong command line", () => {
  const command = new Command("test").exitOverride().configureOutput({ outputError: () => {} });
  const refused = (message: RegExp) => (error: unknown) =>
    error instanceof CommanderError && message.test(error.message);
  checkIds(command, "--tokens", [0, 9], 10);
  assert.throws(
    () => checkIds(command, "--tokens", [0, 10], 10),
    refused(/^error: --tokens\[1\] is 10; allowed: a whole number from 0 to 9 \(the vocabulary has 10\)$/),
  );
  checkBias(command, { logitBias: [["9", 1]] }, 10);
  assert.throws(
    () => checkBias(command, { logitBias: [["10", 1]] }, 10),
    refused(/^error: --logit-bias has the key "10"; allowed: token ids from 0 to 9$/),
  );
});
