// The table of Jinja2's filters.

import type { Defined } from "./call-filter.ts";
import { numberFilters } from "./filters-number.ts";
import { sequenceFilters } from "./filters-sequence.ts";
import { textFilters } from "./filters-text.ts";
import { pickingFilters } from "./filters-picking.ts";

/** Filters by name: by their signature, or taking their arguments as they come. */
export const FILTERS: ReadonlyMap<string, Defined> = new Map<string, Defined>([
  ...Object.entries(textFilters),
  ...Object.entries(numberFilters),
  ...Object.entries(sequenceFilters),
  ...Object.entries(pickingFilters),
]);
