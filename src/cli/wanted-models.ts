// Which models a server is to serve: those of the command line, or of the configuration.
import type { Command } from "commander";
import { BaimoError } from "../errors.ts";
import { POET } from "../poet.ts";
import type { Config } from "./config/table.ts";
import {
  type ConfiguredUpstream,
  keyVariable,
  type NamedAddress,
  namedAddress,
} from "./config/upstream-table.ts";
import { collect, reader } from "./options.ts";
import type { Wanted } from "./served-models.ts";
import { upstreamsOf } from "./served-upstreams.ts";

/** What flags say of them. */
export interface NamedModels {
  name?: string[];
  upstream?: NamedAddress[];
  upstreamKey?: string;
}

/** Adds --upstream and --upstream-key. */
export function addUpstreamOptions(command: Command): Command {
  return command
    .option(
      "--upstream <id=address>",
      "a model at an OpenAI-compatible endpoint; several with one id serve it together",
      collect(reader(namedAddress)),
    )
    .option(
      "--upstream-key <variable>",
      "the environment variable with the key for these endpoints",
      reader(keyVariable),
    );
}

/** What is to be served. */
export interface WantedModels {
  readonly local: Wanted[];
  /** By id. */
  readonly upstreams: ReadonlyMap<string, ConfiguredUpstream>;
}

/** The models of the command line; without any those of the configuration; without any the embedded one. */
export function wantedModels(
  sources: readonly string[],
  { name: names = [], upstream: addresses = [], upstreamKey }: NamedModels,
  { models }: Config,
): WantedModels {
  const configured = Object.entries(models ?? {});
  const isNamed = sources.length > 0 || names.length > 0 || addresses.length > 0;
  if (!isNamed && configured.length > 0) {
    const local: Wanted[] = [];
    const upstreams = new Map<string, ConfiguredUpstream>();
    for (const [name, model] of configured) {
      if ("endpoints" in model) upstreams.set(name, model);
      else local.push({ ...model, name });
    }
    return { local, upstreams };
  }
  const upstreams = upstreamsOf(addresses, upstreamKey);
  const asked = sources.length > 0 || upstreams.size > 0 ? sources : [POET];
  if (names.length > asked.length) {
    const there = asked.length === 1 ? "is one model" : `are ${asked.length} models`;
    throw new BaimoError("request", `--name is given ${names.length} times, but there ${there}`);
  }
  return { local: asked.map((source, i) => ({ source, name: names[i] })), upstreams };
}
