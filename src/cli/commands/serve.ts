// `baimo serve`: the OpenAI-compatible server and the page, on one port.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import type { Mcp } from "../../mcp/index.ts";
import type { ApplicationOptions } from "../../serve/app/application-options.ts";
import type { OpenDispatcher } from "../../serve/dispatcher/open-dispatcher.ts";
import type { Handler } from "../../serve/handler.ts";
import { modelId } from "../../serve/models/recipe.ts";
import type { KeyFile, Listening } from "../../serve/node.ts";
import { listenTable, origin } from "../../serve/options.ts";
import type { RequestEntry } from "../../serve/record.ts";
import { Traces } from "../../serve/traces.ts";
import { openApplication } from "../application.ts";
import { readConfig } from "../config/read-config.ts";
import { type Config, configTable } from "../config/table.ts";
import { openDispatcherOf } from "../dispatcher.ts";
import { isAttended, packagePath, traceSettings } from "../environment.ts";
import { INTERRUPTED, listenForInterrupt } from "../interrupt.ts";
import { toLoadOptions } from "../open-model.ts";
import {
  addAdapterOption,
  addDraftOption,
  addEngineOptions,
  addServingOptions,
  addTemplateOption,
  type CommandContext,
  collect,
  type EngineFlags,
  MODEL_HELP,
  nonEmpty,
  reader,
} from "../options.ts";
import { openLibrary, openServedModels } from "../served-models.ts";
import type { Terminal } from "../terminal.ts";
import { addUpstreamOptions, type NamedModels, wantedModels } from "../wanted-models.ts";

interface ServeFlags extends EngineFlags, NamedModels {
  config?: string;
  port?: number;
  host?: string;
  keys?: string;
  open?: boolean;
  allowOrigin?: string[];
  log?: Config["log"];
  grace?: number;
  mcp?: boolean;
  dispatch?: string;
  trainings?: string;
  json?: boolean;
  licenceProfile?: string;
}

const DEFAULT_PORT = 8080;
/** Ports tried one after another when none was asked for. */
const PORTS_TRIED = 20;

/** Adds the command. */
export function addServe(program: Command, context: CommandContext): Command {
  const command = addUpstreamOptions(
    program
      .command("serve")
      .summary("serve models and the page")
      .description(
        "Serves models over the interfaces of OpenAI, Anthropic and Ollama, with a page to talk to them. Several models are loaded " +
          "when they are asked for, as far as memory goes; one alone is loaded at the start. Settings may stand in a file " +
          "and in the environment, too: baimo config shows them.",
      )
      .argument("[models...]", `each ${MODEL_HELP}; left out: poet, the embedded model`)
      .option("--config <file>", "a JSON file of settings (default: what BAIMO_CONFIG names)", nonEmpty)
      .option(
        "-p, --port <port>",
        `the port; 0 takes any (default: ${DEFAULT_PORT}, or the next free one)`,
        reader(listenTable.port),
      )
      .option(
        "--host <address>",
        `the address to listen on; 0.0.0.0 lets other machines in (default: "${listenTable.host.default}")`,
        reader(listenTable.host),
      )
      .option(
        "--name <id>",
        "a model's id for clients, for each in their order (default: its own name)",
        collect(reader(modelId)),
      ),
  )
    .option("--open", "open the page in a browser")
    .option(
      "--allow-origin <origin...>",
      "pages on these origins may use the server",
      collect(reader(origin)),
    )
    .option(
      "--keys <file>",
      "answer only those who have a key of this file (baimo keys makes them)",
      nonEmpty,
    )
    .option(
      "--log <what>",
      "log each request to standard error: requests, or with texts",
      reader(configTable.log),
    )
    .option(
      "--grace <seconds>",
      "how long answers may go on when the system ends the server (default: 30)",
      reader(configTable.graceSeconds),
    )
    .option(
      "--licence-profile <file>",
      "refuse a model whose licence this profile does not permit, and record what was accepted beside it",
      nonEmpty,
    )
    .option(
      "--dispatch <tools>",
      "the page's people may have tasks done with these tools, a JSON file",
      nonEmpty,
    )
    .option("--trainings <folder>", "the page shows the runs of baimo train in it, or that it is", nonEmpty)
    .option("--mcp", "answer the Model Context Protocol at /mcp, too")
    .option("--json", "print the address as JSON");
  addTemplateOption(addDraftOption(addAdapterOption(addServingOptions(addEngineOptions(command)))));
  return command.action(async (sources: string[], flags: ServeFlags) => {
    const interrupt = listenForInterrupt();
    try {
      await serve(sources, flags, context, interrupt.signal);
    } finally {
      interrupt.release();
    }
  });
}

async function serve(
  sources: readonly string[],
  flags: ServeFlags,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { terminal } = context;
  const { config } = readConfig({
    file: flags.config,
    env: process.env,
    flags: {
      port: flags.port,
      host: flags.host,
      memory: flags.memory,
      keysFile: flags.keys,
      allowOrigins: flags.allowOrigin,
      log: flags.log,
      mcp: flags.mcp,
      graceSeconds: flags.grace,
      licenceProfile: flags.licenceProfile,
    },
  });
  const onError = (error: unknown) => terminal.note(`baimo: ${describe(error)}`);
  const load = { ...(await toLoadOptions(flags)), maxWaiting: config.maxWaiting };
  const wanted = wantedModels(sources, flags, config);
  const ending = new AbortController();
  const end = () => ending.abort();
  signal.addEventListener("abort", end);
  const { local, upstreams } = wanted;
  const shared = { upstreams, config, load, terminal, signal: ending.signal, onError };
  const models = await openServedModels(local, shared);
  // From here on what is asked for is answered before the end.
  signal.removeEventListener("abort", end);
  let keys: KeyFile | undefined;
  let traces: Traces | undefined;
  let mcp: Mcp | undefined;
  let application: ApplicationOptions = {};
  let dispatched: OpenDispatcher | undefined;
  const traced = traceSettings();
  try {
    const { createHandler } = await import("../../serve/index.ts");
    const page = await openBuiltPage(terminal);
    const { measuredEnergy, openKeys, statedEnergy } = await import("../../serve/node.ts");
    traces = traced && new Traces({ ...traced, onError });
    keys = config.keysFile === undefined ? undefined : await openKeys(config.keysFile, onError);
    application = await openApplication(config, terminal);
    dispatched =
      flags.dispatch === undefined
        ? undefined
        : await openDispatcherOf(flags.dispatch, { signal: ending.signal, onError });
    const handler = createHandler({
      models,
      application: application.store
        ? {
            ...application,
            library: openLibrary(shared),
            dispatcher: dispatched?.dispatcher,
            trainings: await loggedRuns(flags.trainings),
          }
        : application,
      keys,
      onRequest(entry) {
        if (config.log !== "off") terminal.note(toLogLine(entry));
        traces?.add(entry);
      },
      logTexts: config.log === "texts",
      page,
      energy: config.power ? statedEnergy(config.power) : measuredEnergy(),
      maxBodyBytes: config.maxBodyBytes,
      stallSeconds: config.stallSeconds,
      allowOrigins: config.allowOrigins,
      signal: ending.signal,
      onError,
    });
    mcp = config.mcp ? await (await import("../../mcp/index.ts")).createMcp(handler) : undefined;
    const server = await listenSomewhere(withMcp(handler, mcp), config);
    if (application.setUpToken) {
      terminal.note(`baimo: make the first account at ${server.url}/#set-up=${application.setUpToken}`);
    }
    const { ids } = models;
    if (flags.json) terminal.jsonLine({ url: server.url, port: server.port, model: ids[0], models: ids });
    else terminal.line(`${ids.join(", ")} at ${server.url}${page ? "" : "/v1"} (Ctrl-C ends)`);
    if (flags.open && page && isAttended()) openBrowser(server.url);
    let asked = false;
    process.once("SIGTERM", () => (asked = true)); // how a system ends its services
    await untilAborted(signal);
    // Whoever presses Ctrl-C does not want to wait; a system does, for a while.
    if (asked) await server.drain(config.graceSeconds);
    end();
    await server.close();
    context.exitCode = asked ? 0 : INTERRUPTED;
  } finally {
    end();
    // Answers under way have been told to end, and are written down before the store closes.
    await application.store?.close();
    await dispatched?.close();
    await Promise.all([mcp?.close(), models.dispose(), keys?.close(), traces?.close()]);
  }
}

async function loggedRuns(folder: string | undefined) {
  if (folder === undefined) return undefined;
  const { openLoggedRuns } = await import("../../train/run/read-runs.ts");
  return openLoggedRuns(folder);
}

/** The same server, with MCP at a path of its own. */
const withMcp = (handler: Handler, mcp: Mcp | undefined): Handler =>
  mcp
    ? async (request) => (new URL(request.url).pathname === "/mcp" ? mcp.fetch(request) : handler(request))
    : handler;

/** One JSON object, whatever a request holds. */
const toLogLine = ({ time, traceParent: _, ...entry }: RequestEntry): string =>
  JSON.stringify({ time: new Date(time).toISOString(), ...entry });

async function openBuiltPage(terminal: Terminal) {
  const { openPage } = await import("../../serve/node.ts");
  const folder = packagePath("web", "dist");
  if (existsSync(folder)) return openPage(folder);
  terminal.note("baimo: the page has not been built (npm run build), so only the interface is served");
  return undefined;
}

/** An error, and what was behind it. */
function describe(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  return cause instanceof Error && !message.includes(cause.message)
    ? `${message}: ${cause.message}`
    : message;
}

/** Listens on the port asked for, or else on the first free one from the default on. */
async function listenSomewhere(handler: Handler, { port, host }: Config): Promise<Listening> {
  const { listen } = await import("../../serve/node.ts");
  if (port !== undefined) return listen(handler, { port, host });
  for (let tried = DEFAULT_PORT; ; tried++) {
    try {
      return await listen(handler, { port: tried, host });
    } catch (error) {
      const cause = error instanceof BaimoError ? error.cause : undefined;
      const taken = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
      if (!taken || tried + 1 >= DEFAULT_PORT + PORTS_TRIED) throw error;
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Opens a browser; where there is none, the line with the address is enough. */
function openBrowser(url: string): void {
  const [program, ...args] =
    process.platform === "darwin"
      ? ["open", url]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", "", url]
        : ["xdg-open", url];
  const child = spawn(program, args, { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}
