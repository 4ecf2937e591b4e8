// Endpoints for `baimo eval`: which are meant, what each can do, which tasks therefore run there.
import { InvalidArgumentError } from "commander";
import { BaimoError } from "../errors.ts";
import type { Budget, EndpointCapabilities, Ledger, PreparedRun, Subject } from "../evaluate/index.ts";
import type { Price } from "../upstream/price.ts";
import { readPrice } from "./amount.ts";
import { readConfig } from "./config/read-config.ts";
import { endpointKey } from "./environment.ts";
import { endpointsOf } from "./served-upstreams.ts";
import type { Terminal } from "./terminal.ts";

/** What the command line says of endpoints. */
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
  /** What it is called in files: the model, with the address where another one has that. */
  readonly name: string;
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
 * The endpoints that words name, by an address, with "#model" behind it or not, or as models of the configuration; undefined for
 * weights, which one word alone may name.
 * @throws {BaimoError} `config` for a key that is not in the environment; `request` for weights among several, or one twice
 */
export function findEndpoints(
  sources: readonly string[],
  flags: EndpointFlags,
): readonly NamedEndpoint[] | undefined {
  const found = sources.map((source) => findEndpoint(source, flags));
  if (sources.length <= 1 && !found[0]) return undefined;
  const endpoints = found.map((endpoint, i) => {
    if (endpoint) return endpoint;
    throw new BaimoError(
      "request",
      `"${sources[i]}" is no endpoint, and several models are asked at once at endpoints alone; run weights by themselves, or serve them (baimo serve)`,
    );
  });
  const named = endpoints.map((endpoint) => {
    const names = NAMES.map((nameOf) => nameOf(endpoint));
    const ownName = (_: string, i: number) =>
      endpoints.filter((other) => NAMES[i](other) === NAMES[i](endpoint)).length === 1;
    return { ...endpoint, name: names.find(ownName) ?? names[2] };
  });
  const twice = named.find(({ name }, i) => named.findIndex((one) => one.name === name) < i);
  if (!twice) return named;
  throw new BaimoError("request", `${twice.url} is named twice for the model ${twice.model}`);
}

/** From the shortest: the first that no other endpoint has. */
const NAMES: readonly ((endpoint: Pick<NamedEndpoint, "url" | "model">) => string)[] = [
  ({ model }) => model,
  ({ model, url }) => `${model}@${new URL(url).host}`,
  ({ model, url }) => `${model}@${url.replace(/^https?:\/\//, "").replace(/\/+$/, "")}`,
];

function findEndpoint(
  source: string,
  { endpointModel, config: file }: EndpointFlags,
): Omit<NamedEndpoint, "name"> | undefined {
  if (/^https?:/.test(source) && !/\.(gguf|safetensors|bin|json)$/i.test(source)) {
    const [url, model = endpointModel ?? "default"] = source.split(/#(.+)/s);
    return { url, model, apiKey: endpointKey() };
  }
  const entry =
    file === undefined ? undefined : readConfig({ file, env: process.env }).config.models?.[source];
  if (!entry || !("endpoints" in entry)) return undefined;
  const [{ url, key }] = endpointsOf(source, entry, process.env);
  return { url, model: endpointModel ?? entry.model ?? source, apiKey: key, price: entry.price };
}

/** Asks an endpoint what it can do, and says it. */
export async function openEndpoint(
  { url, model, name, apiKey, price }: NamedEndpoint,
  { budget, parallel, ledger }: EndpointFlags & { readonly ledger?: Ledger },
  isChat: boolean,
  note: (text: string) => void,
): Promise<ProbedEndpoint> {
  const { createEndpointClient, createEndpointSubject, probeEndpoint } = await import("../evaluate/index.ts");
  const client = createEndpointClient({ url, model, apiKey, budget, price, parallel, ledger });
  const capabilities = await probeEndpoint(client, model);
  const can = Object.entries(capabilities).filter(([, found]) => found.can);
  if (can.length > 0) note(`it can: ${can.map(([capability]) => capability).join(", ")}`);
  const lacks = new Map<string, string[]>();
  for (const [capability, found] of Object.entries(capabilities))
    if (!found.can) lacks.set(found.why, [...(lacks.get(found.why) ?? []), capability]);
  for (const [why, names] of lacks) note(`it cannot: ${names.join(", ")}: ${why}`);
  const subject = createEndpointSubject(client, { model, capabilities, isChat, name });
  return { subject, capabilities, secondsEach: (client.seconds ?? 0) / client.parallel };
}

/** The tasks that the endpoint can run; says of each how, or why not. */
export async function runnableTasks(
  run: PreparedRun,
  { subject, capabilities }: ProbedEndpoint,
  isChat: boolean,
  note: (text: string) => void,
): Promise<PreparedRun> {
  const { checkEndpoint } = await import("../evaluate/index.ts");
  // Tasks by how they run, or why they do not.
  const ways = new Map<string, string[]>();
  const say = (way: string, task: string) => ways.set(way, [...(ways.get(way) ?? []), task]);
  const tasks = run.tasks.filter(({ task, documents }) => {
    const [request] = documents[0].requests;
    try {
      checkEndpoint(request.kind, { model: subject.name, capabilities, isChat });
      say(request.kind === "generate_until" ? "by generation" : "by likelihood", task.config.task);
      return true;
    } catch (error) {
      if (!(error instanceof BaimoError)) throw error;
      say(`not, since ${error.message}`, task.config.task);
      return false;
    }
  });
  for (const [way, names] of ways) note(`${listed(names)}: ${way}`);
  if (tasks.length > 0) return { tasks, groups: run.groups };
  throw new BaimoError(
    "request",
    "no task runs on this endpoint; what it can do is said above. Is the address the one before /chat/completions, and the model one of " +
      "its (--endpoint-model, or #model behind the address)?",
  );
}

const MOST_NAMED = 8;
const listed = (names: readonly string[]): string =>
  names.length <= MOST_NAMED
    ? names.join(", ")
    : `${names.slice(0, MOST_NAMED).join(", ")} and ${names.length - MOST_NAMED} more tasks`;

/** Says lines of one endpoint, by its name where there are several. */
export const notesOf =
  (terminal: Terminal, { name }: NamedEndpoint, isAlone: boolean): ((text: string) => void) =>
  (text) =>
    terminal.note(`baimo: ${isAlone ? "" : `${name}: `}${text}`);
