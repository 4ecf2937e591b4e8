// Every licence of the catalogue has terms, each with clause and source; damaged terms are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalogue, loadTerms } from "../cli/load-catalogue.ts";
import { BaimoError } from "../errors.ts";
import { ACTION_NAMES } from "./facts.ts";
import { mayI } from "./may.ts";
import { readTerms } from "./terms.ts";

const terms = loadTerms();

test("every licence of the catalogue evaluates for every action", () => {
  for (const id of Object.keys(loadCatalogue().licences)) {
    assert.ok(terms.has(id), id);
    for (const action of ACTION_NAMES) {
      const { verdict, clauses, asks, reasons } = mayI({ uses: [id], action }, terms);
      if (verdict === "no") assert.ok(clauses.length > 0, `${id} ${action}`);
      if (verdict === "unknown")
        assert.ok(asks.length > 0 || reasons.some(({ effect }) => effect === "open"), `${id} ${action}`);
    }
  }
});

test("terms without clause, quotation, source, date or hash are refused, and the message says where", () => {
  type Draft = Record<string, never> & { terms: object[]; clauses: object; sources: { text: object } };
  const cases: [(draft: Draft) => void, RegExp][] = [
    [(draft) => delete (draft.terms[0] as Record<string, unknown>).clauses, /terms\.0\.clauses/],
    [(draft) => Object.assign(draft.terms[0], { clauses: [] }), /terms\.0\.clauses: expected a list with/],
    [(draft) => Object.assign(draft.terms[0], { clauses: ["99"] }), /expected a key of clauses, found "99"/],
    [(draft) => Object.assign(draft.terms[0], { condition: "pay" }), /condition: expected acceptable-use/],
    [(draft) => Object.assign(draft.terms[0], { kind: "wish" }), /kind: expected duty/],
    [(draft) => Object.assign(draft.clauses, { "1": { quote: "", source: "text" } }), /clauses\.1\.quote/],
    [
      (draft) => Object.assign(draft.clauses, { "1": { quote: "x", source: "hearsay" } }),
      /source: expected text/,
    ],
    [(draft) => delete (draft.sources.text as Record<string, unknown>).accessed, /sources\.text\.accessed/],
    [(draft) => delete (draft.sources.text as Record<string, unknown>).unhashed, /sha256 or unhashed/],
    [(draft) => Object.assign(draft.sources.text, { sha256: "abc" }), /a SHA-256 in hex/],
    [(draft) => Object.assign(draft, { id: "Other" }), /\$\.id: expected MIT/],
  ];
  for (const [damage, message] of cases) {
    const draft = structuredClone(terms.get("MIT")) as unknown as Draft;
    damage(draft);
    assert.throws(
      () => readTerms("MIT.json", draft),
      (error) => error instanceof BaimoError && error.code === "format" && message.test(error.message),
      String(message),
    );
  }
});
