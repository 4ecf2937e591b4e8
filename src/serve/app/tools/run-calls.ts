// Runs the calls of an answer that somebody has allowed; of the others it says they were declined.
import { BaimoError } from "../../../errors.ts";
import type { Part } from "../../../store/parts.ts";
import type { Connections } from "../../../upstream/tool-connections.ts";
import type { Offered } from "./offered.ts";

type Call = Extract<Part, { type: "tool-call" }>;
type Result = Extract<Part, { type: "tool-result" }>;

/** What is allowed, and where. */
export interface Allowed {
  readonly offered: readonly Offered[];
  /** Ids of calls. */
  readonly allowed: readonly string[];
  readonly connections: Connections;
  readonly signal: AbortSignal;
}

/** The results of all calls, in their order; what fails is a result, too. */
export function runCalls(calls: readonly Call[], given: Allowed): Promise<Result[]> {
  return Promise.all(
    calls.map(async (call): Promise<Result> => {
      const { id, name } = call;
      return { type: "tool-result", id, name, text: await run(call, given) };
    }),
  );
}

async function run(call: Call, { offered, allowed, connections, signal }: Allowed): Promise<string> {
  if (!allowed.includes(call.id)) return "The user declined this call.";
  const found = offered.find(({ name }) => name === call.name);
  if (!found) return `There is no tool "${call.name}".`;
  let given: unknown;
  try {
    given = JSON.parse(call.arguments || "{}");
  } catch {
    return "The arguments are not JSON.";
  }
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return "The arguments are no object.";
  try {
    return await connections.call(found.server, found.tool.name, given, signal);
  } catch (error) {
    if (error instanceof BaimoError && !signal.aborted) return `The tool failed: ${error.message}`;
    throw error;
  }
}
