// The tool sql.query: one SELECT over a database that the role may read.
import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import type { Value } from "../../store/database.ts";
import type { Table } from "../sql/describe.ts";
import type { SqlRights } from "../sql/guard.ts";
import { lineageOf } from "../sql/lineage.ts";
import { oneStatement } from "../sql/one-statement.ts";
import type { Reader } from "../sql/reader.ts";
import type { Args, Asker, Tool } from "../tool.ts";

/** A database file, who may read it, and what of it. */
export interface DatabaseSource {
  readonly path: string;
  readonly roles: readonly string[];
  readonly rights?: SqlRights;
}

/** How much one statement may take. */
export interface SqlLimits {
  readonly rows: number;
  readonly ms: number;
}

export const SQL_LIMITS: SqlLimits = { rows: 10_000, ms: 5000 };

/** The schema of the values of a statement. */
export const PARAMETERS = {
  type: "array",
  maxItems: 100,
  items: { type: ["string", "number", "null"] },
} as const;

export function sqlQuery(
  databases: ReadonlyMap<string, DatabaseSource>,
  reader: Reader,
  limits: SqlLimits = SQL_LIMITS,
): Tool {
  const source = ({ db }: Args, { role }: Asker): DatabaseSource => {
    const found = databases.get(String(db));
    if (!found)
      throw new BaimoError(
        "request",
        `there is no database ${db}; known: ${[...databases.keys()].join(", ")}`,
      );
    if (found.roles.includes(role)) return found;
    throw new BaimoError("request", `permission: the role ${role} may not read ${db}`);
  };
  const question = (sql: string, rights: SqlRights = {}, parameters: readonly Value[] = []) => ({
    sql,
    parameters,
    rights,
    maxRows: limits.rows,
  });
  const described = new Map<string, Promise<Table[]>>();
  /** A statement for the rows behind sums, where it is one that may run. */
  const lineage = async (path: string, sql: string, rights?: SqlRights): Promise<string | undefined> => {
    const tables = described.get(path) ?? reader.describe(path, limits.ms);
    described.set(path, tables);
    const found = lineageOf(oneStatement(sql), await tables);
    if (found === undefined) return undefined;
    return reader.inspect(path, question(found, rights), limits.ms).then(
      () => found,
      () => undefined,
    );
  };
  return {
    name: "sql.query",
    effect: "read",
    fixed: ["db", "sql"],
    input: {
      type: "object",
      required: ["db", "sql"],
      additionalProperties: false,
      properties: {
        db: { type: "string", enum: [...databases.keys()] },
        sql: { type: "string", maxLength: 4000 },
        params: PARAMETERS,
      },
    },
    costFen: () => 0,
    async check(args, asker) {
      const { path, rights } = source(args, asker);
      const inspected = await reader.inspect(path, question(String(args.sql), rights), limits.ms);
      const given = Array.isArray(args.params) ? args.params.length : isRecord(args.params) ? undefined : 0;
      if (given !== undefined && given < inspected.parameters) {
        throw new BaimoError(
          "request",
          `the statement takes ${inspected.parameters} values but params has ${given}`,
        );
      }
      const properties = Object.fromEntries(inspected.columns.map((name) => [name, {}]));
      return {
        type: "object",
        properties: {
          rows: { type: "array", items: { type: "object", properties } },
          count: { type: "integer" },
        },
      };
    },
    async run({ node, args, asker }) {
      const { path, rights } = source(args, asker);
      const sql = String(args.sql);
      const parameters = (args.params ?? []) as readonly Value[]; // by the schema
      const { rows, sha256 } = await reader.query(path, question(sql, rights, parameters), limits.ms);
      const lineageSql = await lineage(path, sql, rights);
      return {
        output: { rows, count: rows.length },
        evidence: [
          {
            kind: "sql",
            node,
            database: String(args.db),
            sql,
            parameters,
            rows: rows.length,
            rowsSha256: sha256,
            lineageSql,
          },
        ],
      };
    },
  };
}
