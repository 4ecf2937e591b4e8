// Checks of the catalogue's files: values of the expected form, or an error that names the place.
import { BaimoError } from "../errors.ts";

export type EntryPlace = { readonly file: string; readonly path: string };

export function fail({ file, path }: EntryPlace, expected: string, found: unknown): never {
  const shown = JSON.stringify(found) ?? "nothing";
  throw new BaimoError("format", `catalogue: ${file}: ${path}: expected ${expected}, found ${shown}`);
}

export const below = ({ file, path }: EntryPlace, key: string | number): EntryPlace => ({
  file,
  path: `${path}.${key}`,
});

export function record(place: EntryPlace, value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(place, "an object", value);
  return value as Record<string, unknown>;
}

/** An object that has these keys, may have those, and has no other. */
export function fields(
  place: EntryPlace,
  value: unknown,
  must: readonly string[],
  may: readonly string[] = [],
) {
  const object = record(place, value);
  for (const key of must) if (!(key in object)) fail(below(place, key), "a value", undefined);
  for (const key of Object.keys(object)) {
    if (!must.includes(key) && !may.includes(key)) fail(below(place, key), "no such key", object[key]);
  }
  return object;
}

export type Check = (place: EntryPlace, value: unknown) => void;

export const text: Check = (place, value) => {
  if (typeof value !== "string" || value.trim() === "") fail(place, "a text", value);
};
export const bilingual: Check = (place, value) => {
  const object = fields(place, value, ["en", "zh"]);
  for (const key of ["en", "zh"]) text(below(place, key), object[key]);
};
export const positive: Check = (place, value) => {
  if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value))
    fail(place, "a number above 0", value);
};
export const whole: Check = (place, value) => {
  if (!Number.isSafeInteger(value) || !((value as number) > 0)) fail(place, "a whole number above 0", value);
};
export const oneOf =
  (values: readonly string[]): Check =>
  (place, value) => {
    if (typeof value !== "string" || !values.includes(value)) fail(place, values.join(" | "), value);
  };
export const list =
  (check: Check): Check =>
  (place, value) => {
    if (!Array.isArray(value) || value.length === 0) fail(place, "a list with something in it", value);
    for (const [at, item] of (value as unknown[]).entries()) check(below(place, at), item);
  };
export const languageCode: Check = (place, value) => {
  if (typeof value !== "string" || !/^[a-z]{2}$/.test(value))
    fail(place, "an ISO 639-1 code such as zh", value);
};
export const url: Check = (place, value) => {
  if (typeof value !== "string" || !/^https:\/\//.test(value) || !URL.canParse(value))
    fail(place, "an https address", value);
};

/** A day that exists; with `partial`, also a month or a year. */
export const date =
  (partial: boolean): Check =>
  (place, value) => {
    const shape = partial ? /^\d{4}(-\d{2}(-\d{2})?)?$/ : /^\d{4}-\d{2}-\d{2}$/;
    const day = typeof value === "string" && shape.test(value) ? `${value}-01-01`.slice(0, 10) : "";
    const parsed = new Date(`${day}T00:00:00Z`);
    if (day === "" || Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== day) {
      fail(place, partial ? "a date, a month or a year" : "a date such as 2024-03-27", value);
    }
  };

/** An object of checked fields. */
export const shaped =
  (must: Readonly<Record<string, Check>>, may: Readonly<Record<string, Check>> = {}): Check =>
  (place, value) => {
    const object = fields(place, value, Object.keys(must), Object.keys(may));
    for (const [key, check] of Object.entries({ ...must, ...may })) {
      if (key in object) check(below(place, key), object[key]);
    }
  };
