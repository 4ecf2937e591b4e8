// One SELECT and nothing after it, by SQLite's rules for quotes and comments.
import { BaimoError } from "../../errors.ts";

/** A comment, a quoted text or name, a semicolon, or what lies between. */
const PIECE =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|;|[^-/'"`[;]+|[-/]/g;

/** The first word of every statement that reads rows. */
const READS = /^(?:select|with|values)\b/i;

/**
 * The statement without comments before or after it and without its semicolon.
 *
 * @throws {BaimoError} `request` where there are two, or it is no SELECT
 */
export function oneStatement(sql: string): string {
  if (sql.includes("\0")) throw new BaimoError("request", "sql has a character of code 0; it ends there");
  let statement = "";
  let ended = false;
  for (const [piece] of sql.matchAll(PIECE)) {
    const isSpace = /^(?:--|\/\*|\s+$)/.test(piece);
    if (piece === ";") ended = true;
    else if (ended && !isSpace) {
      throw new BaimoError("request", `sql must be one statement, but ${piece.slice(0, 40)} follows its end`);
    } else if (!ended) statement += isSpace ? " " : piece;
  }
  statement = statement.trim();
  if (READS.test(statement)) return statement;
  throw new BaimoError(
    "request",
    `sql must begin with SELECT, WITH or VALUES, not ${statement.slice(0, 40)}`,
  );
}
