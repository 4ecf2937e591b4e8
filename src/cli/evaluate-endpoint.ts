// An endpoint for `baimo eval`: what it can do, and which tasks therefore run.

import { BaimoError } from "../errors.ts";
import {
  checkEndpoint,
  type EndpointCapabilities,
  type PreparedRun,
  type Subject,
} from "../evaluate/index.ts";
import { endpointKey } from "./environment.ts";
import type { Terminal } from "./terminal.ts";

/** What the command line says of an endpoint. */
export interface EndpointFlags {
  endpointModel?: string;
  budget?: number;
  parallel?: number;
}

/** An endpoint that was asked what it can do. */
export interface ProbedEndpoint {
  readonly subject: Subject;
  readonly capabilities: EndpointCapabilities;
}

/** Whether a word names an endpoint and no file of a model. */
export const namesEndpoint = (source: string | undefined): source is string =>
  source !== undefined && /^https?:/.test(source) && !/\.(gguf|safetensors|bin|json)$/i.test(source);

/** Asks an endpoint what it can do, and prints it. */
export async function openEndpoint(
  url: string,
  flags: EndpointFlags,
  isChat: boolean,
  terminal: Terminal,
): Promise<ProbedEndpoint> {
  const { createEndpointClient, createEndpointSubject, probeEndpoint } = await import("../evaluate/index.ts");
  const { endpointModel: model = "default", budget: budgetTokens, parallel } = flags;
  const client = createEndpointClient({ url, model, apiKey: endpointKey(), budgetTokens, parallel });
  const capabilities = await probeEndpoint(client, model);
  for (const [name, found] of Object.entries(capabilities)) {
    terminal.note(`baimo: ${name}: ${found.can ? "yes" : `no, ${found.why}`}`);
  }
  return { subject: createEndpointSubject(client, { model, capabilities, isChat }), capabilities };
}

/** The tasks that the endpoint can run; says of each how, or why not. */
export function runnableTasks(
  run: PreparedRun,
  { subject, capabilities }: ProbedEndpoint,
  isChat: boolean,
  terminal: Terminal,
): PreparedRun {
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
