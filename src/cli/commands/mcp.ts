// `baimo mcp`: models as tools of the Model Context Protocol, over standard input and output.
import { once } from "node:events";
import type { Command } from "commander";
import { modelId } from "../../serve/models/recipe.ts";
import { readConfig } from "../config/read-config.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { toLoadOptions } from "../open-model.ts";
import {
  addEngineOptions,
  type CommandContext,
  collect,
  type EngineFlags,
  MODEL_HELP,
  nonEmpty,
  reader,
} from "../options.ts";
import { openServedModels } from "../served-models.ts";
import { addUpstreamOptions, type NamedModels, wantedModels } from "../wanted-models.ts";

interface McpFlags extends EngineFlags, NamedModels {
  config?: string;
}

/** Adds the command. */
export function addMcp(program: Command, context: CommandContext): Command {
  const command = program
    .command("mcp")
    .summary("offer models as tools to a program")
    .description(
      "Answers the Model Context Protocol on standard input and output: models as tools (models, chat, complete, score, embed, " +
        "rerank). A program that uses such tools starts it. Over HTTP it is `baimo serve --mcp`.",
    )
    .argument("[models...]", `each ${MODEL_HELP}; left out: poet, the embedded model`)
    .option("--config <file>", "a JSON file of settings (default: what BAIMO_CONFIG names)", nonEmpty)
    .option("--name <id>", "a model's id, for each in their order", collect(reader(modelId)));
  return addEngineOptions(addUpstreamOptions(command)).action(async (sources: string[], flags: McpFlags) => {
    const { terminal } = context;
    const { config } = readConfig({
      file: flags.config,
      env: process.env,
      flags: { memory: flags.memory },
    });
    const interrupt = listenForInterrupt();
    const ending = new AbortController();
    const { signal } = ending;
    const closed = [once(process.stdin, "end"), once(process.stdin, "close"), aborted(interrupt.signal)];
    const ended = Promise.race(closed).finally(() => ending.abort());
    const onError = (error: unknown) =>
      terminal.note(`baimo: ${error instanceof Error ? error.message : error}`);
    const load = { ...(await toLoadOptions(flags)), maxWaiting: config.maxWaiting };
    const { local, upstreams } = wantedModels(sources, flags, config);
    const models = await openServedModels(local, { upstreams, config, load, terminal, signal, onError });
    try {
      const { createHandler } = await import("../../serve/index.ts");
      const { serveStdio } = await import("../../mcp/index.ts");
      const server = await serveStdio(createHandler({ models, signal, onError }));
      await ended;
      await server.close();
    } finally {
      interrupt.release();
      ending.abort();
      await models.dispose();
    }
  });
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
