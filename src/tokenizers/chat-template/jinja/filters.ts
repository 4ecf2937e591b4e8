// The tables of Jinja2's filters and tests.

import type { Definition } from "./arguments.ts";
import type { Defined } from "./call-filter.ts";
import { numberFilters } from "./filters-number.ts";
import { pickingFilters, type Tables } from "./filters-picking.ts";
import { sequenceFilters } from "./filters-sequence.ts";
import { textFilters } from "./filters-text.ts";
import { createTests } from "./tests.ts";

/** Filters and tests, by name. */
export const TABLES: Tables = createTables();

function createTables(): Tables {
  const filters = new Map<string, Defined>();
  const tests: ReadonlyMap<string, Definition> = createTests(filters);
  const tables = { filters, tests };
  for (const part of [textFilters, numberFilters, sequenceFilters, pickingFilters(tables)]) {
    for (const [name, filter] of Object.entries(part)) filters.set(name, filter);
  }
  return tables;
}
