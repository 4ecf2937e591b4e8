// `baimo remove`: deletes downloaded models from the Hub's cache folder, after asking.
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import type { Removal } from "../../formats/hub/cached-models.ts";
import { hubSettings } from "../environment.ts";
import { type CommandContext, nonEmpty } from "../options.ts";
import { formatBytes } from "../table.ts";
import { commandName, modelToJson } from "./list.ts";

interface RemoveFlags {
  cache?: string;
  yes?: boolean;
  json?: boolean;
}

/** Adds the command. */
export function addRemove(program: Command, context: CommandContext): Command {
  const command = program
    .command("remove")
    .summary("delete downloaded models")
    .description(
      "Deletes a model from the Hub's cache folder: its links, and the files that no other revision or quantisation " +
        "needs. Asks before it does, and says what was freed.",
    )
    .argument(
      "<model>",
      "owner/name as baimo list shows it: all of it, or with :Q4_K_M one quantisation, or with @revision one revision",
    )
    .option("-y, --yes", "do not ask")
    .option("--cache <folder>", "look in this folder", nonEmpty)
    .option("--json", "print a JSON document (with --yes)");
  return command.action(async (name: string, flags: RemoveFlags) => {
    const { terminal } = context;
    const { parseHubSpec, planRemoval, removeCachedModels } = await import("../../formats/index.ts");
    if (!name.includes("/")) {
      command.error(`error: "${name}" does not name a model on the Hub; baimo list shows names`);
    }
    const { revision, ...spec } = parseHubSpec(name.startsWith("hf:") ? name : `hf:${name}`);
    const cacheFolder = flags.cache ?? hubSettings().cacheFolder;
    const removal = await planRemoval(cacheFolder, name.includes("@") ? { ...spec, revision } : spec);
    if (!flags.yes && !(await confirm(removal, terminal.interactive && !flags.json))) {
      terminal.note("nothing was removed");
      context.exitCode = 1;
      return;
    }
    await removeCachedModels(removal);
    if (flags.json) {
      terminal.json({ removed: removal.models.map(modelToJson), freedBytes: removal.freed });
    } else terminal.line(`removed ${describe(removal)}; ${formatBytes(removal.freed)} freed`);
  });
}

/** The models of a removal in one line. */
function describe({ models, unfinished }: Removal): string {
  const parts = models.map((model) => `${commandName(model)} (${model.commit.slice(0, 7)})`);
  if (unfinished > 0)
    parts.push(unfinished === 1 ? "an unfinished download" : `${unfinished} unfinished downloads`);
  return parts.join(", ");
}

/** Asks whoever sits in front; where nobody does, --yes must have been given. */
async function confirm(removal: Removal, attended: boolean): Promise<boolean> {
  if (!attended || process.stdin.isTTY !== true) {
    throw new BaimoError(
      "request",
      `would remove ${describe(removal)} and free ${formatBytes(removal.freed)}; nobody can be asked here: give --yes`,
    );
  }
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  let interrupted = false;
  reader.once("SIGINT", () => {
    interrupted = true;
    reader.close();
  });
  // Ctrl-D is no.
  const closed = new Promise<string>((resolve) => reader.once("close", () => resolve("")));
  try {
    const question = `remove ${describe(removal)} and free ${formatBytes(removal.freed)}? [y/N] `;
    const answer = await Promise.race([reader.question(question), closed]);
    if (interrupted) throw new BaimoError("aborted", "nothing was removed");
    return /^(y|yes|是)$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}
