// Which statements may run: SQLite's own compiler says what one would do.
import { BaimoError } from "../../errors.ts";
import type { Database } from "../../store/database.ts";
import { oneStatement } from "./one-statement.ts";

/** What a role may read and call. */
export interface SqlRights {
  /** Default: every table of the file, SQLite's own ones apart. */
  readonly tables?: readonly string[];
  /** Default: `functions`. */
  readonly functions?: readonly string[];
}

/** Functions that give the same for the same rows, read no file and make no long text. */
export const functions: readonly string[] = (
  "abs avg ceil ceiling coalesce count cume_dist date datetime dense_rank exp first_value floor glob group_concat " +
  "hex ifnull iif instr julianday lag last_value lead length like likelihood likely ln log log10 lower ltrim max " +
  "min mod nth_value ntile nullif percent_rank power pow quote rank replace round row_number rtrim sign sqrt " +
  "strftime string_agg substr substring sum time total trim typeof unicode unixepoch unlikely upper"
).split(" ");

/** What a program of SQLite's may not have: it writes, changes the connection, or calls a virtual table. */
const REFUSED = new Set(
  (
    "OpenWrite CreateBtree Destroy Clear DropTable DropIndex DropTrigger ParseSchema LoadAnalysis SqlExec SetCookie " +
    "ReadCookie AutoCommit Savepoint Checkpoint JournalMode Vacuum IncrVacuum Program TableLock MaxPgcnt Pagecount " +
    "VBegin VCreate VDestroy VOpen VFilter VRename VUpdate VInitIn Expire ReopenWrite"
  ).split(" "),
);
const CALLS = new Set(
  "Function PureFunc AggStep AggStep1 AggInverse AggValue AggFinal Function0 PureFunc0".split(" "),
);

/** One line of EXPLAIN. */
interface Operation {
  readonly opcode: string;
  readonly p1: number;
  readonly p2: number;
  readonly p3: number;
  readonly p4: string | null;
}

/** A statement that may run. */
export interface Inspected {
  readonly sql: string;
  readonly columns: readonly string[];
  /** The tables that it reads. */
  readonly tables: readonly string[];
  /** How many values it takes. */
  readonly parameters: number;
}

/** One file, opened twice: libsql's EXPLAIN never ends, and would keep a lock on rows that are read beside it. */
export interface ReadOnly {
  readonly rows: Database;
  /** For EXPLAIN alone. */
  readonly plans: Database;
}

/**
 * Looks at a statement before it runs.
 *
 * @throws {BaimoError} `request` where it is not one statement, does not compile, writes, or reads or calls what is not listed
 */
export function inspect({ rows, plans }: ReadOnly, sql: string, rights: SqlRights = {}): Inspected {
  const statement = oneStatement(sql);
  const { columns, operations } = compile(plans, statement);
  const twice = columns.find((name, at) => columns.indexOf(name) !== at);
  if (twice !== undefined) throw refused(`has two columns called ${twice}; name one otherwise with AS`);
  const names = namesOfPages(rows);
  const tables = new Set<string>();
  let parameters = 0;
  for (const { opcode, p1, p2, p3, p4 } of operations) {
    if (REFUSED.has(opcode)) throw refused(`would do ${opcode}; only rows of tables are read`);
    if (opcode === "Transaction" && (p1 !== 0 || p2 !== 0)) throw refused("would write, or use another file");
    if (opcode === "OpenRead" || opcode === "ReopenIdx") {
      const table = p3 === 0 ? names.get(p2) : undefined;
      if (table === undefined) throw refused("reads what is no table of the file");
      tables.add(table);
    }
    if (opcode === "Variable") parameters = Math.max(parameters, p1);
    if (CALLS.has(opcode)) checkCall(String(p4), rights.functions ?? functions);
  }
  const allowed = rights.tables ?? [...names.values()];
  for (const table of tables) {
    if (allowed.includes(table)) continue;
    throw refused(`reads ${table}; allowed: ${[...new Set(allowed)].join(", ")}`);
  }
  return { sql: statement, columns, tables: [...tables], parameters };
}

function compile(database: Database, sql: string) {
  try {
    const operations = database.prepare(`EXPLAIN ${sql}`).all<Operation>();
    return { columns: database.prepare(sql).columns(), operations };
  } catch (cause) {
    throw refused(`does not compile: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

/** Which table a page is the root of, or of an index of which. */
function namesOfPages(database: Database): Map<number, string> {
  const rows = database
    .prepare("SELECT tbl_name AS name, rootpage AS page FROM sqlite_schema WHERE rootpage > 0")
    .all<{ name: string; page: number }>();
  return new Map(rows.filter(({ name }) => !/^sqlite_/i.test(name)).map(({ name, page }) => [page, name]));
}

/** `call`: "sum(1)". */
function checkCall(call: string, allowed: readonly string[]): void {
  const name = call.replace(/\(-?\d+\)$/, "").toLowerCase();
  if (!allowed.includes(name)) throw refused(`calls ${name}, which is not among the functions listed`);
}

const refused = (text: string, cause?: unknown) =>
  new BaimoError("request", `the statement ${text}`, { cause });
