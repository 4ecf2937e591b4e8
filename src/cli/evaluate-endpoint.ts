// An endpoint for `baimo eval`: what it can do, and which tasks therefore run.
import { InvalidArgumentError } from "commander";
import { BaimoError } from "../errors.ts";
import type { Budget, EndpointCapabilities, PreparedRun, Subject } from "../evaluate/index.ts";
import type { Price } from "../upstream/price.ts";
import { readPrice } from "./amount.ts";
import { readConfig } from "./config/read-config.ts";
import { endpointKey } from "./environment.ts";
import { endpointsOf } from "./served-upstreams.ts";
import type { Terminal } from "./terminal.ts";

/** What the command line says of an endpoint. */
export interface EndpointFlags {
  config?: string;
  endpointModel?: string;
  budget?: Budget;
  parallel?: number;
}

/** An endpoint as the command line names it, or the configuration. */
export interface NamedEndpoint {
  readonly url: string;
  readonly model: string;
  readonly apiKey?: string;
  readonly price?: Price;
}

/** An endpoint that was asked what it can do. */
export interface ProbedEndpoint {
  readonly subject: Subject;
  readonly capabilities: EndpointCapabilities;
  /** Of a request, several of them asked at once, by those of the questions. */
  readonly secondsEach: number;
}

/** Reads "200000" or "2.50 USD". */
export function readBudget(text: string): Budget {
  const { amount, currency } = readPrice(text);
  if (amount.low !== undefined || amount.source !== undefined || !(amount.value > 0))
    throw new InvalidArgumentError('Allowed: tokens, such as 200000, or money, such as "2.50 USD".');
  return { most: amount.value, unit: currency ?? "tokens" };
}

/**
 * The endpoint that a word names, by its address or as a model of the configuration; undefined for weights.
 * @throws {BaimoError} `config` for a key that is not in the environment
 */
export function findEndpoint(source: string | undefined, flags: EndpointFlags): NamedEndpoint | undefined {
  if (source === undefined) return undefined;
  const { endpointModel, config: file } = flags;
  if (/^https?:/.test(source) && !/\.(gguf|safetensors|bin|json)$/i.test(source))
    return { url: source, model: endpointModel ?? "default", apiKey: endpointKey() };
  const entry =
    file === undefined ? undefined : readConfig({ file, env: process.env }).config.models?.[source];
  if (!entry || !("endpoints" in entry)) return undefined;
  const [{ url, key }] = endpointsOf(source, entry, process.env);
  return { url, model: endpointModel ?? entry.model ?? source, apiKey: key, price: entry.price };
}

/** Asks an endpoint what it can do, and prints it. */
export async function openEndpoint(
  { url, model, apiKey, price }: NamedEndpoint,
  { budget, parallel }: EndpointFlags,
  isChat: boolean,
  terminal: Terminal,
): Promise<ProbedEndpoint> {
  const { createEndpointClient, createEndpointSubject, probeEndpoint } = await import("../evaluate/index.ts");
  const client = createEndpointClient({ url, model, apiKey, budget, price, parallel });
  const capabilities = await probeEndpoint(client, model);
  for (const [name, found] of Object.entries(capabilities)) {
    terminal.note(`baimo: ${name}: ${found.can ? "yes" : `no, ${found.why}`}`);
  }
  const subject = createEndpointSubject(client, { model, capabilities, isChat });
  return { subject, capabilities, secondsEach: (client.seconds ?? 0) / client.parallel };
}

/** The tasks that the endpoint can run; says of each how, or why not. */
export async function runnableTasks(
  run: PreparedRun,
  { subject, capabilities }: ProbedEndpoint,
  isChat: boolean,
  terminal: Terminal,
): Promise<PreparedRun> {
  const { checkEndpoint } = await import("../evaluate/index.ts");
  const tasks = run.tasks.filter(({ task, documents }) => {
    const [request] = documents[0].requests;
    try {
      checkEndpoint(request.kind, { model: subject.name, capabilities, isChat });
      const way = request.kind === "generate_until" ? "by generation" : "by likelihood";
      terminal.note(`baimo: ${task.config.task} runs ${way}`);
      return true;
    } catch (error) {
      if (!(error instanceof BaimoError)) throw error;
      terminal.note(`baimo: ${task.config.task} does not run: ${error.message}`);
      return false;
    }
  });
  if (tasks.length === 0) throw new BaimoError("request", "no task runs on this endpoint");
  return { tasks, groups: run.groups };
}
