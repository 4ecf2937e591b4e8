// A process that reads databases for another, so that a statement can be stopped by ending it.
import { BaimoError } from "../../errors.ts";
import { describeTables } from "./describe.ts";
import { inspect, type ReadOnly } from "./guard.ts";
import { type Question, query } from "./query.ts";
import { openReadOnly } from "./read-only.ts";

/** What is asked: to run, or only to compile. */
export interface Request extends Question {
  readonly id: number;
  readonly path: string;
  readonly run: boolean;
  /** Only what tables there are. */
  readonly describe?: boolean;
}

/** What comes back. */
export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: BaimoError["code"]; readonly message: string };
}

const databases = new Map<string, Promise<ReadOnly>>();

async function open(path: string): Promise<ReadOnly> {
  return { rows: await openReadOnly(path), plans: await openReadOnly(path) };
}

process.on("message", (request: Request) => {
  answer(request).then((reply) => process.send?.(reply));
});
process.send?.({ id: 0 } satisfies Reply);

async function answer({ id, path, run, describe, ...question }: Request): Promise<Reply> {
  try {
    const opened = databases.get(path) ?? open(path);
    databases.set(path, opened);
    const database = await opened;
    if (describe) return { id, result: describeTables(database.rows) };
    const result = run ? await query(database, question) : inspect(database, question.sql, question.rights);
    return { id, result };
  } catch (error) {
    const code = error instanceof BaimoError ? error.code : "format";
    return { id, error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}
