// An index of texts in a temporary table of SQLite's FTS5: nothing of it is kept.
import { type Database, transaction } from "./database.ts";
import type { IndexMaker } from "./passage-search.ts";
import { toAnyQuery, toWords } from "./words.ts";

/** Characters that one transaction takes in: some 20 ms of work. */
const SLICE = 50_000;

/** Makes indexes in a database. */
export function fts5Indexes(database: Database): IndexMaker {
  let made = 0;
  return async (texts, turned) => {
    const table = `temp.passage_words_${++made}`;
    database.exec("PRAGMA temp_store = MEMORY");
    database.exec(
      `CREATE VIRTUAL TABLE ${table} USING fts5 (
         words, content = '', tokenize = 'porter unicode61 remove_diacritics 2'
       )`,
    );
    const insert = database.prepare(`INSERT INTO ${table} (rowid, words) VALUES (?, ?)`);
    for (let at = 0; at < texts.length; await turned()) {
      const slice = () => {
        for (let size = 0; size < SLICE && at < texts.length; at++) {
          insert.run(at + 1, toWords(texts[at]));
          size += texts[at].length;
        }
      };
      transaction(database, slice, { synced: false });
    }
    return {
      rank(question, most) {
        const query = toAnyQuery(question);
        const sql = `SELECT rowid FROM ${table} WHERE words MATCH ? ORDER BY rank LIMIT ?`;
        const rows = query ? database.prepare(sql).all<{ rowid: number }>(query, most) : [];
        return rows.map(({ rowid }) => rowid - 1);
      },
      drop: () => database.exec(`DROP TABLE ${table}`),
    };
  };
}
