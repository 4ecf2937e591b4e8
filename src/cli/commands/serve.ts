// `baimo serve`: the OpenAI-compatible server and the page, on one port.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import { POET } from "../../poet.ts";
import type { Handler } from "../../serve/handler.ts";
import { modelId } from "../../serve/models/recipe.ts";
import type { Listening } from "../../serve/node.ts";
import { listenTable, origin } from "../../serve/options.ts";
import { isAttended, packagePath } from "../environment.ts";
import { INTERRUPTED } from "../interrupt.ts";
import { holdToProfile, loadProfile } from "../licence-profile.ts";
import { withModel } from "../open-model.ts";
import {
  addAdapterOption,
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

interface ServeFlags extends EngineFlags {
  port?: number;
  host: string;
  name?: string;
  open?: boolean;
  allowOrigin?: string[];
  json?: boolean;
  licenceProfile?: string;
}

const DEFAULT_PORT = 8080;
/** Ports tried one after another when none was asked for. */
const PORTS_TRIED = 20;

/** Adds the command. */
export function addServe(program: Command, context: CommandContext): Command {
  const command = program
    .command("serve")
    .summary("serve a model and the page")
    .description(
      "Serves a model over OpenAI's interface (/v1/chat/completions, /v1/models), with a page to talk to it.",
    )
    .argument("[model]", `${MODEL_HELP}; left out: poet, the embedded model`)
    .option(
      "-p, --port <port>",
      `the port; 0 takes any (default: ${DEFAULT_PORT}, or the next free one)`,
      reader(listenTable.port),
    )
    .option(
      "--host <address>",
      "the address to listen on; 0.0.0.0 lets other machines in",
      reader(listenTable.host),
      listenTable.host.default,
    )
    .option("--name <id>", "the model's id for clients (default: its own name)", reader(modelId))
    .option("--open", "open the page in a browser")
    .option(
      "--allow-origin <origin...>",
      "pages on these origins may use the server",
      collect(reader(origin)),
    )
    .option(
      "--licence-profile <file>",
      "refuse a model whose licence this profile does not permit, and record what was accepted beside it",
      nonEmpty,
    )
    .option("--json", "print the address as JSON");
  addTemplateOption(addAdapterOption(addServingOptions(addEngineOptions(command))));
  return command.action(async (source: string | undefined, flags: ServeFlags) => {
    await serve(source, flags, context);
  });
}

async function serve(source: string | undefined, flags: ServeFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const { licenceProfile } = flags;
  const profile = licenceProfile === undefined ? undefined : loadProfile(licenceProfile);
  await withModel(source, flags, terminal, async (model, signal) => {
    const { createHandler } = await import("../../serve/index.ts");
    const { openPage } = await import("../../serve/node.ts");
    const folder = packagePath("web", "dist");
    const page = existsSync(folder) ? await openPage(folder) : undefined;
    if (!page)
      terminal.note("baimo: the page has not been built (npm run build), so only the interface is served");
    const name = flags.name ?? (source === undefined || source === POET ? POET : model.name);
    if (profile) holdToProfile({ name, declared: model.declaredLicences }, profile, licenceProfile!);
    const handler = createHandler({
      models: new Map([[name, model]]),
      page,
      allowOrigins: flags.allowOrigin,
      signal,
      onError: (error) => terminal.note(`baimo: ${error instanceof Error ? error.message : String(error)}`),
    });
    const server = await listenSomewhere(handler, flags);
    if (flags.json) terminal.jsonLine({ url: server.url, port: server.port, model: name });
    else terminal.line(`${name} at ${server.url}${page ? "" : "/v1"} (Ctrl-C ends)`);
    if (flags.open && page && isAttended()) openBrowser(server.url);
    let status = INTERRUPTED;
    process.once("SIGTERM", () => (status = 0)); // how a system ends its services
    await untilAborted(signal);
    await server.close();
    context.exitCode = status;
  });
}

/** Listens on the port asked for, or else on the first free one from the default on. */
async function listenSomewhere(handler: Handler, { port, host }: ServeFlags): Promise<Listening> {
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
