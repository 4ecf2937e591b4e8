// The tool db.write: one of the statements that the tools file allows, once, after an approval.
import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import type { Value } from "../../store/database.ts";
import { isReference } from "../graph/references.ts";
import type { Reader } from "../sql/reader.ts";
import type { WriteForm } from "../sql/write-form.ts";
import { writeOnce } from "../sql/write-once.ts";
import type { Args, Asker, Tool } from "../tool.ts";
import { type DatabaseSource, PARAMETERS, type SqlLimits } from "./sql-query.ts";

/** A database that may be written. */
export interface WritableSource extends DatabaseSource {
  readonly writes: readonly WriteForm[];
}

export function dbWrite(
  databases: ReadonlyMap<string, WritableSource>,
  reader: Reader,
  limits: SqlLimits,
): Tool {
  const find = ({ db, sql }: Args, { role }: Asker) => {
    const source = databases.get(String(db));
    const form = source?.writes.find((each) => each.sql === String(sql).trim().replace(/\s+/g, " "));
    if (!source || !form) {
      const known = source?.writes.map((each) => each.sql).join("; ") || "none";
      throw new BaimoError(
        "request",
        `${db} may not be written by ${String(sql).slice(0, 80)}; allowed: ${known}`,
      );
    }
    if (source.roles.includes(role)) return { source, form };
    throw new BaimoError("request", `permission: the role ${role} may not write ${db}`);
  };
  const question = ({ source, form }: ReturnType<typeof find>, args: Args) => ({
    sql: form.preview,
    parameters: (args.params ?? []) as readonly Value[], // by the schema
    rights: source.rights ?? {},
    maxRows: limits.rows,
  });
  return {
    name: "db.write",
    effect: "write",
    fixed: ["db", "sql"],
    input: {
      type: "object",
      required: ["db", "sql"],
      additionalProperties: false,
      properties: {
        db: { type: "string", enum: [...databases.keys()] },
        sql: {
          type: "string",
          enum: [...databases.values()].flatMap(({ writes }) => writes.map(({ sql }) => sql)),
        },
        params: PARAMETERS,
      },
    },
    costFen: () => 0,
    async check(args, asker) {
      const found = find(args, asker);
      const { parameters } = found.form;
      await reader.inspect(found.source.path, question(found, { params: [] }), limits.ms);
      if (!isReference(args.params) && (Array.isArray(args.params) ? args.params.length : 0) !== parameters) {
        throw new BaimoError("request", `the statement takes ${parameters} values`);
      }
      return { type: "object", properties: { changed: { type: "integer" } } };
    },
    async preview({ args, asker }) {
      const found = find(args, asker);
      const { rows, sha256 } = await reader.query(found.source.path, question(found, args), limits.ms);
      return {
        database: String(args.db),
        sql: found.form.sql,
        parameters: args.params ?? [],
        rows,
        rowsSha256: sha256,
      };
    },
    async run({ node, args, asker, key, shown }) {
      const found = find(args, asker);
      const rowsSha256 = isRecord(shown) ? String(shown.rowsSha256) : undefined;
      if (key === undefined || rowsSha256 === undefined) {
        throw new BaimoError("request", "db.write needs an approval, and a journal that keeps it");
      }
      const { parameters, maxRows } = question(found, args);
      const changed = await writeOnce(found.source.path, {
        form: found.form,
        parameters,
        key,
        rowsSha256,
        maxRows,
      });
      return {
        output: { changed },
        evidence: [
          {
            kind: "write",
            node,
            database: String(args.db),
            sql: found.form.sql,
            parameters,
            changed,
            rowsSha256,
            key,
          },
        ],
      };
    },
  };
}
