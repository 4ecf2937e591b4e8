// `baimo keys`: makes, lists and takes away the keys of a server.
import { join } from "node:path";
import type { Command } from "commander";
import { choice, whole } from "../../option-kinds.ts";
import { type ApiKey, SCOPES, type Scope, USUAL_SCOPES } from "../../serve/keys/api-key.ts";
import { addKey, readKeys, readUsage, removeKey } from "../../serve/keys/key-file.ts";
import { readConfig } from "../config/read-config.ts";
import { dataFolder } from "../environment.ts";
import { type CommandContext, collect, nonEmpty, reader } from "../options.ts";
import { formatTable } from "../table.ts";

interface KeysFlags {
  keys?: string;
  json?: boolean;
}

interface AddFlags extends KeysFlags {
  scope?: Scope[];
  tokens?: number;
  per?: "day" | "total";
  concurrent?: number;
  perMinute?: number;
}

const count = reader(whole({ min: 1 }));

/** Adds the command. */
export function addKeys(program: Command, context: CommandContext): Command {
  const { terminal } = context;
  const keys = program
    .command("keys")
    .summary("make and take away the keys of a server")
    .description(
      "Keys of those who may ask a server: baimo serve --keys FILE answers nobody else. The file holds hashes alone.",
    );
  const shared = (command: Command) =>
    command
      .option(
        "--keys <file>",
        "the file of keys (default: the setting keysFile, or keys.json of this user)",
        nonEmpty,
      )
      .option("--json", "print a JSON document")
      .showHelpAfterError("(baimo keys --help lists the options)");
  shared(
    keys
      .command("add")
      .description("Makes a key and prints it, this once.")
      .argument("<name>", "whose key it is", nonEmpty)
      .option(
        "--scope <scope>",
        `what it is for: ${SCOPES.join(", ")} (may be repeated; default: ${USUAL_SCOPES.join(", ")})`,
        collect(reader(choice(...SCOPES))),
      )
      .option("--tokens <count>", "most tokens that it may use, prompts and answers together", count)
      .option(
        "--per <time>",
        "whether they are for a day or in total (default: total)",
        reader(choice("day", "total")),
      )
      .option("--concurrent <count>", "most requests at a time", count)
      .option("--per-minute <count>", "most requests that begin within a minute", count),
  ).action(async (name: string, flags: AddFlags, command: Command) => {
    if (flags.per !== undefined && flags.tokens === undefined) command.error("error: --per needs --tokens");
    const file = fileOf(flags);
    const { key, entry } = await addKey(file, {
      name,
      scopes: [...(flags.scope ?? USUAL_SCOPES)],
      quota: flags.tokens === undefined ? undefined : { tokens: flags.tokens, per: flags.per ?? "total" },
      concurrent: flags.concurrent,
      perMinute: flags.perMinute,
    });
    if (flags.json) return terminal.json({ key, ...about(entry) });
    terminal.line(key);
    terminal.note(`baimo: this is shown once; only its hash is kept, in ${file}`);
  });
  shared(keys.command("list").description("Lists the keys, and what they have used.")).action(
    async (flags: KeysFlags) => {
      const file = fileOf(flags);
      const all = await readKeys(file);
      const usage = await readUsage(file);
      const entries = all.map((key) => ({ ...about(key), usedTokens: usage.get(key.id)?.total ?? 0 }));
      if (flags.json) return terminal.json({ file, keys: entries });
      if (all.length === 0) return terminal.line(`no keys in ${file}`);
      const rows = entries.map(({ id, name, scopes, usedTokens, created }) => {
        return [name, id, scopes.join(" "), usedTokens.toLocaleString("en"), created.slice(0, 10)];
      });
      for (const line of formatTable([["name", "id", "for", "tokens used", "made"], ...rows]))
        terminal.line(line);
    },
  );
  shared(
    keys
      .command("remove")
      .description("Takes a key away; a server that runs refuses it within a second.")
      .argument("<key>", "its name or id", nonEmpty),
  ).action(async (name: string, flags: KeysFlags) => {
    const entry = await removeKey(fileOf(flags), name);
    if (flags.json) terminal.json(about(entry));
    else terminal.line(`removed ${entry.name} (${entry.id})`);
  });
  return keys;
}

/** What may be shown of a key. */
function about({ id, name, created, scopes, quota, concurrent, perMinute }: ApiKey) {
  return { id, name, created, scopes, quota, concurrent, perMinute };
}

const fileOf = ({ keys }: KeysFlags): string =>
  keys ?? readConfig({ env: process.env }).config.keysFile ?? join(dataFolder(), "keys.json");
