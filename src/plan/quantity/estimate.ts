// Inputs of a plan as options: a number, or a likely value with its range and source.
import { type Range as Bounds, number, text } from "../../option-kinds.ts";
import { isPlain, type Kind, readFields, refusal } from "../../options.ts";
import { assumed, type Estimate, given, type Input, type Range, type Source, unknown } from "./quantity.ts";
import type { Unit } from "./units.ts";

/** How an option of a plan is given: a number; or `value` with `low` and `high`, and where it was read. */
export type EstimateOption = number | EstimateFields;

export interface EstimateFields {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly source?: string;
  readonly url?: string;
  /** 2026-11-28. */
  readonly date?: string;
}

/** The title of a source of which only the date is said. */
export const NO_SOURCE = "not named";

/** Whether a text is a day of the calendar, a month or a year. */
function isDay(text: string): boolean {
  if (!/^\d{4}(-\d\d){0,2}$/.test(text)) return false;
  const day = `${text}-01-01`.slice(0, 10);
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

/** Nobody has more of anything, where no other bound is said; products of such figures are still numbers. */
const MOST = 1e15;

/** A number, or one with its range, within bounds. */
export function estimate({ max = MOST, ...least }: Bounds = {}): Kind<Estimate> {
  const figure = number({ ...least, max });
  const allowed = `${figure.allowed}, or an object of value, low, high, source, url, date`;
  const label = text({ most: 300 });
  const table = { value: figure, low: figure, high: figure, source: label, url: label, date: label };
  return {
    kind: "estimate",
    allowed,
    read(value, name, door) {
      if (!isPlain(value)) return { value: figure.read(value, name, door) };
      const fields = readFields(value, table, { name, prefix: `${name}.` }, door);
      const likely = figure.read(fields.value, `${name}.value`, door);
      const { low = likely, high = likely, source, url, date } = fields;
      if (!(low <= likely && likely <= high))
        throw refusal(
          "value",
          name,
          `${low}..${likely}..${high}`,
          "low, likely and high in this order",
          door,
        );
      if (date !== undefined && !isDay(date))
        throw refusal(
          "value",
          `${name}.date`,
          date,
          "a day that there is, as 2026-11-28, 2026-11 or 2026",
          door,
        );
      const range: Range | undefined = high > low ? { low, high } : undefined;
      const from: Source | undefined =
        source === undefined && url === undefined && date === undefined
          ? undefined
          : { title: source ?? url ?? NO_SOURCE, url, date };
      return { value: likely, range, source: from };
    },
  };
}

/** What was given, else what is assumed and why, else unknown. */
export function inputOf<U extends Unit>(
  name: string,
  option: Estimate | number | undefined,
  unit: U,
  otherwise?: { readonly value: number; readonly why: string; readonly range?: Range },
): Input<U> {
  if (option !== undefined) return given(name, option, unit);
  if (otherwise) return assumed(name, otherwise.value, unit, otherwise.why, otherwise.range);
  return unknown(name, unit, "not given");
}
