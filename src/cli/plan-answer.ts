// Flags that all plans share, and how their answers are printed.
import type { Command } from "commander";
import { BaimoError } from "../errors.ts";
import { recordOf } from "../json.ts";
import type { Answer } from "../plan/index.ts";
import type { EstimateFields } from "../plan/quantity/estimate.ts";
import type { Currency } from "../plan/quantity/units.ts";
import { type Price, readNumber, readPrice } from "./amount.ts";
import { addLanguageOption, type Language } from "./language.ts";
import { type CommandContext, nonEmpty, refuseUsage } from "./options.ts";
import type { PlanText } from "./plan-text.ts";
import { readJsonFile } from "./text-file.ts";

/** The values of `addAnswerOptions`. */
export interface AnswerFlags {
  scenario?: string;
  explain?: boolean;
  json?: boolean;
  verbose?: boolean;
  lang: Language;
}

/** Adds --scenario, --explain, --json and --lang. */
export function addAnswerOptions(command: Command, { scenario = true } = {}): Command {
  if (scenario)
    command.option(
      "--scenario <file>",
      "options from a JSON file, in the library's names; flags go before",
      nonEmpty,
    );
  return addLanguageOption(command)
    .option("--explain", "show every formula, source and step")
    .option("--json", "print a JSON document, with the whole explanation");
}

/** The values of `addDeviceOptions`. */
export interface DeviceFlags {
  gpu?: string;
  tflops?: number;
  gpuMemory?: number;
  bandwidth?: number;
}

/** Adds the options that say which device. */
export function addDeviceOptions(command: Command): Command {
  return command
    .option(
      "--gpu <name>",
      "A100-80, A800, H100-SXM, H800, H200, MI300X, B200, Ascend-910, EPYC-9654, or another's name with figures",
      nonEmpty,
    )
    .option("--tflops <number>", "its dense 16-bit peak in TFLOP/s", readNumber)
    .option("--gpu-memory <GB>", "its memory in GB", readNumber)
    .option("--bandwidth <GB/s>", "its memory bandwidth in GB/s", readNumber);
}

export const toDevice = ({ gpu, tflops, gpuMemory, bandwidth }: DeviceFlags) => ({
  accelerator: gpu,
  tflops,
  gigabytes: gpuMemory,
  gigabytesPerSecond: bandwidth,
});

/** Adds --currency and a price. */
export function addPriceOptions(command: Command, of: string): Command {
  return command
    .option("--currency <code>", "of every price: USD, EUR, CNY, …", upperCase)
    .option(
      "--price <amount>",
      `${of}, with its currency, source and date: "2.50 USD @ provider.example 2026-11-01"`,
      readPrice,
    );
}

/**
 * Amounts of money and the one currency of them all, of --currency or written with one.
 * @throws {BaimoError} `request` for two currencies, and for none where no scenario may have it
 */
export function readMoney<K extends string>(
  { currency, scenario }: { currency?: string; scenario?: string },
  prices: Readonly<Record<K, Price | undefined>>,
): { [key in K]?: EstimateFields } & { currency?: Currency } {
  const given = Object.entries<Price | undefined>(prices).filter(([, price]) => price !== undefined);
  const codes = new Set([currency, ...given.map(([, price]) => price?.currency)]);
  codes.delete(undefined);
  const [code] = codes;
  const refuse = (text: string): never => {
    throw new BaimoError("request", text, { option: "currency" });
  };
  if (codes.size > 1) refuse(`currencies differ: ${[...codes].join(", ")}; there is no rate of exchange`);
  if (code === undefined && given.length > 0 && scenario === undefined)
    refuse(`currency is missing: write it with an amount, as "2.50 USD", or add --currency USD`);
  const amounts = Object.fromEntries(given.map(([key, price]) => [key, price?.amount]));
  return { ...amounts, currency: code } as ReturnType<typeof readMoney<K>>; // the library checks the currency
}

/** A word that is written in capitals, in any case. */
export const upperCase = (text: string): string => nonEmpty(text).toUpperCase();

/** Runs a plan; an option that the library refuses is a wrong command line. */
export async function asCommandLine(command: Command, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    refuseUsage(command, error);
  }
}

/** Today, by which prices are old or not. */
export const today = (): string => new Date().toISOString().slice(0, 10);

/** Options of a scenario file with those of flags over them. */
export async function mergeScenario<O extends object>(file: string | undefined, flags: O): Promise<O> {
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  if (file === undefined) return given as O; // the same without what is undefined
  const scenario = recordOf(await readJsonFile(file), file);
  return { ...scenario, ...given } as O; // the library checks every option of it
}

/** What an answer has beside its figures; lines are asked for only where they are shown. */
interface More {
  readonly title?: (text: PlanText) => string;
  readonly lines?: (text: PlanText) => readonly string[];
  readonly json?: Readonly<Record<string, unknown>>;
}

/** Prints an answer; `more`: what only this plan has. */
export async function printAnswer(
  answer: Answer,
  { json, explain = false, lang }: AnswerFlags,
  { terminal }: CommandContext,
  more: More = {},
): Promise<void> {
  if (json) {
    const { documentOf } = await import("../plan/index.ts");
    terminal.json(documentOf(answer, more.json ?? {}));
    return;
  }
  const { planText } = await import("./plan-text.ts");
  const text = planText(lang);
  const width = terminal.interactive ? terminal.columns() : undefined; // a pipe gets whole lines
  if (more.title) terminal.line(more.title(text));
  for (const line of text.resultLines(answer, explain, width)) terminal.line(line);
  for (const line of [...(more.lines?.(text) ?? []), ...text.aboutLines(answer)]) terminal.line(line);
}
