// `baimo data`: corpora made ready for training; what the page keeps on this machine.
import type { Command } from "commander";
import { BaimoError } from "../../errors.ts";
import type { Store } from "../../store/store.ts";
import { dataFolder } from "../environment.ts";
import type { CommandContext } from "../options.ts";
import { nonEmpty } from "../options.ts";
import { checkOutput } from "../output-file.ts";
import { formatBytes } from "../table.ts";
import { addDataClean, addDataDedup, addDataInspect } from "./data-corpus.ts";
import { addDataOrder, addDataPack } from "./data-pack.ts";

/** Adds the command with its own commands. */
export function addData(program: Command, context: CommandContext): Command {
  const data = program
    .command("data")
    .summary("make a corpus ready for training; back up, check or export what the page keeps")
    .description(
      "Makes corpora ready for training (inspect, clean, dedup, pack, order), and looks after the one file in which the page " +
        "keeps conversations, assistants and accounts, also while a server uses it (backup, check, export).",
    );
  for (const add of [
    addDataInspect,
    addDataClean,
    addDataDedup,
    addDataPack,
    addDataOrder,
    addBackup,
    addCheck,
    addExport,
  ]) {
    const command = add(data, context).option("--verbose", "print the stack of an error");
    command.showHelpAfterError(`(baimo data ${command.name()} --help lists its options)`);
  }
  return data;
}

function addBackup(data: Command, { terminal }: CommandContext): Command {
  return data
    .command("backup")
    .summary("write a copy that is whole")
    .description(
      "Writes a copy that is whole, whoever writes at the same time. To go back to it, end the server and put it in the " +
        "place of baimo.db, with baimo.db-wal and baimo.db-shm taken away.",
    )
    .argument("<file>", "the copy, which must not be there yet")
    .option("--json", "print a JSON document")
    .action(async (file: string, { json }: { json?: boolean }) => {
      checkOutput(file);
      const { chmodSync, statSync } = await import("node:fs");
      await withStore(async (store) => store.backup(file));
      chmodSync(file, 0o600);
      const { size } = statSync(file);
      if (json) terminal.json({ file, bytes: size });
      else terminal.line(`${file}: ${formatBytes(size)}`);
    });
}

function addCheck(data: Command, { terminal }: CommandContext): Command {
  return data
    .command("check")
    .summary("read the whole file and say whether it is damaged")
    .description("Reads the whole file, and says whether it is damaged.")
    .action(() =>
      withStore(async (store) => {
        store.check();
        terminal.line("whole");
      }),
    );
}

function addExport(data: Command, { terminal }: CommandContext): Command {
  return data
    .command("export")
    .summary("print one user's conversations, assistants, evaluations and settings as JSON")
    .description(
      "Prints one user's conversations, assistants, evaluations and settings as JSON; the page takes the conversations in again.",
    )
    .option("--user <name>", "whose (default: those of whoever sits at this machine)", nonEmpty)
    .action(({ user: name }: { user?: string }) =>
      withStore(async (store) => {
        const { users } = store;
        const user = name === undefined ? users.find("local") : users.named(name);
        if (!user) {
          const known = users.list().map((each) => each.name);
          throw new BaimoError(
            "request",
            `there is no account "${name}"; there are: ${known.join(", ") || "none"}`,
          );
        }
        const { everything } = await import("../../serve/app/formats/everything.ts");
        const { keptRuns } = await import("../application.ts");
        const beside = { evaluations: await keptRuns() };
        for await (const text of everything(store, user, beside)) terminal.write(text);
      }),
    );
}

/** Opens the store beside whoever serves it. @throws {BaimoError} `request` where there is none yet */
async function withStore(use: (store: Store) => Promise<void>): Promise<void> {
  const { existsSync } = await import("node:fs");
  const { join } = await import("node:path");
  const { openStore, STORE_FILE } = await import("../../store/open-store.ts");
  const folder = dataFolder();
  if (!existsSync(join(folder, STORE_FILE))) {
    throw new BaimoError("request", `there is no data in ${folder} yet; baimo serve makes it`);
  }
  const store = await openStore(folder, { serving: false });
  try {
    await use(store);
  } finally {
    await store.close();
  }
}
