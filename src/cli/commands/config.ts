// `baimo config`: the settings that a server would start with, and where each comes from.
import type { Command } from "commander";
import { readConfig, shown, variableOf } from "../config/read-config.ts";
import { configTable } from "../config/table.ts";
import { type CommandContext, nonEmpty } from "../options.ts";
import { formatTable } from "../table.ts";

interface ConfigFlags {
  config?: string;
  json?: boolean;
}

/** Adds the command. */
export function addConfig(program: Command, context: CommandContext): Command {
  return program
    .command("config")
    .summary("show the settings of a server")
    .description(
      "Shows every setting that `baimo serve` would start with, and where it comes from: a flag is over the environment, the " +
        "environment over the file, the file over the standard. Secrets are not shown.",
    )
    .option("--config <file>", "a JSON file of settings (default: what BAIMO_CONFIG names)", nonEmpty)
    .option("--json", "print a JSON document")
    .action((flags: ConfigFlags) => {
      const { terminal } = context;
      const { config, origins } = readConfig({ file: flags.config, env: process.env });
      const names = Object.keys(configTable) as (keyof typeof configTable)[];
      const settings = names.map((name) => {
        const value = shown(name, config[name]);
        return { name, value, origin: origins[name], variable: variableOf(name) };
      });
      if (flags.json) return terminal.json({ settings });
      const rows = settings.flatMap(({ name, value, origin }) =>
        // A line for each model: all of them in one would be too long to read.
        name === "models" && value !== undefined
          ? Object.entries(value as object).map(([id, each]) => [`models[${id}]`, inWords(each), origin])
          : [[name, inWords(value), origin]],
      );
      for (const line of formatTable([["setting", "value", "from"], ...rows])) terminal.line(line);
    });
}

const inWords = (value: unknown): string =>
  value === undefined ? "-" : typeof value === "string" ? value : JSON.stringify(value);
