// `baimo list`: which models of the Hub are on this machine.
import type { Command } from "commander";
import type { CachedModel, CacheListing } from "../../formats/hub/cached-models.ts";
import { hubSettings } from "../environment.ts";
import { type CommandContext, nonEmpty } from "../options.ts";
import { formatBytes, formatTable } from "../table.ts";

interface ListFlags {
  cache?: string;
  json?: boolean;
}

/** Adds the command. */
export function addList(program: Command, context: CommandContext): Command {
  return program
    .command("list")
    .summary("list the downloaded models")
    .description(
      "Lists the models in the Hub's cache folder, whichever program downloaded them: the name to run them by, their " +
        "size, the revision, and when they were last used as far as the file system keeps that. HF_HOME and HF_HUB_CACHE " +
        "say where the folder is.",
    )
    .option("--cache <folder>", "look in this folder", nonEmpty)
    .option("--json", "print a JSON document")
    .action(async (flags: ListFlags) => {
      const { terminal } = context;
      const { listCachedModels } = await import("../../formats/index.ts");
      const cacheFolder = flags.cache ?? hubSettings().cacheFolder;
      const listing = await listCachedModels(cacheFolder);
      if (flags.json) terminal.json(toJson(cacheFolder, listing));
      else
        for (const line of format(cacheFolder, listing, terminal.interactive ? terminal.columns() : 160)) {
          terminal.line(line);
        }
    });
}

/** How a model is named on a command line. */
export function commandName({ repo, quantisation }: CachedModel): string {
  return `hf:${repo}${quantisation === undefined ? "" : `:${quantisation}`}`;
}

/** One model of a JSON document. */
export function modelToJson(model: CachedModel) {
  const { repo, quantisation, format, commit, refs, files, size, lastUsed, path } = model;
  return {
    name: commandName(model),
    repo,
    quantisation,
    format,
    commit,
    refs,
    files,
    bytes: size,
    lastUsed: new Date(lastUsed).toISOString(),
    path,
  };
}

function toJson(cacheFolder: string, { models, totalSize, unfinished }: CacheListing): unknown {
  return {
    cacheFolder,
    totalBytes: totalSize,
    models: models.map(modelToJson),
    unfinished: unfinished.map(({ repo, size }) => ({ repo, bytes: size })),
  };
}

function format(
  cacheFolder: string,
  { models, totalSize, unfinished }: CacheListing,
  width: number,
): string[] {
  const lines: string[] = [];
  if (models.length > 0) {
    const rows = models.map((model) => [
      commandName(model),
      model.format,
      String(model.files.length),
      formatBytes(model.size),
      new Date(model.lastUsed).toISOString().slice(0, 10),
      [...model.refs, model.commit.slice(0, 7)].join(" "),
    ]);
    lines.push(
      ...formatTable([["model", "format", "files", "size", "last used", "revision"], ...rows], {
        align: ["left", "left", "right", "right", "left", "left"],
        width,
      }),
    );
  } else lines.push(`no models in ${cacheFolder}`);
  for (const { repo, size } of unfinished) {
    lines.push(`not finished: hf:${repo}, ${formatBytes(size)} so far; baimo pull hf:${repo} goes on`);
  }
  if (models.length > 0) lines.push(`${formatBytes(totalSize)} in ${cacheFolder}`);
  return lines;
}
