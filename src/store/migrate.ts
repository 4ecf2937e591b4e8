// Brings a database to the newest schema, step by step.
import { BaimoError } from "../errors.ts";
import { type Database, first, transaction } from "./database.ts";
import { users } from "./migrations/0001-users.ts";
import { conversations } from "./migrations/0002-conversations.ts";
import { answers } from "./migrations/0003-answers.ts";
import { assistants } from "./migrations/0004-assistants.ts";
import { usage } from "./migrations/0005-usage.ts";
import { foldedNames } from "./migrations/0006-folded-names.ts";
import { comparisons } from "./migrations/0007-comparisons.ts";
import { toolServers } from "./migrations/0008-tool-servers.ts";
import { identities } from "./migrations/0009-identities.ts";
import { passageVectors } from "./migrations/0010-passage-vectors.ts";
import { usageEnergyCost } from "./migrations/0011-usage-energy-cost.ts";

const steps: readonly string[] = [
  users,
  conversations,
  answers,
  assistants,
  usage,
  foldedNames,
  comparisons,
  toolServers,
  identities,
  passageVectors,
  usageEnergyCost,
];

/** Takes the steps that are missing, each whole or not at all. @throws {BaimoError} `format` for a file of a later version */
export function migrate(database: Database, path: string): void {
  const version = first<{ user_version: number }>(database.prepare("PRAGMA user_version"))?.user_version ?? 0;
  if (version > steps.length) {
    throw new BaimoError(
      "format",
      `${path} has schema ${version}, and this version of baimo knows ${steps.length}; use the newer version that wrote it`,
    );
  }
  for (const [i, step] of steps.entries()) {
    if (i < version) continue;
    transaction(database, () => {
      database.exec(step);
      database.exec(`PRAGMA user_version = ${i + 1}`);
    });
  }
}
