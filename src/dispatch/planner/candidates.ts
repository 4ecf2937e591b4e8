// Who or what a name may be: looked up in the data by a fixed query, never guessed.
import type { Tools } from "../graph/validate.ts";
import type { Asker } from "../tool.ts";
import type { Lookup } from "./plan-request.ts";

/** Rows whose column has the text, 20 at most. @throws {BaimoError} as the tool sql.query */
export async function candidatesOf(
  { db, table, column, text }: Lookup,
  tools: Tools,
  asker: Asker,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const tool = tools.get("sql.query");
  if (!tool) return [];
  const sql = `SELECT * FROM ${table} WHERE instr(lower(${column}), lower(?)) > 0 LIMIT 20`; // names of the schema
  const { output } = await tool.run({ node: "candidates", args: { db, sql, params: [text] }, asker });
  return (output as { rows: Record<string, unknown>[] }).rows; // as sql.query gives it
}
