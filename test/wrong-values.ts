// Values that options are given in error, and which of them a kind may take for right.
import type { Kind } from "../src/options.ts";

const HUGE = "x".repeat(1 << 20);

/** Other types, numbers beyond every range, numbers as text, objects that are not what they seem. */
export const WRONG: readonly unknown[] = [
  "2",
  "",
  "frob",
  HUGE,
  Number.NaN,
  Infinity,
  -Infinity,
  -1,
  2.5,
  1e300,
  null,
  true,
  5n,
  Symbol("frob"),
  [],
  ["frob"],
  [null],
  {},
  { frob: 1 },
  Object.create({ threads: 2 }),
  new Map([[1, 2]]),
  new Date(0),
  new Date(Number.NaN),
  { valueOf: () => 2 },
  {
    get threads() {
      throw new Error("a getter was called");
    },
  },
  new (class Frob {})(),
  () => 2,
];

const isObject = (value: unknown) => typeof value === "object" && value !== null;

/** Whether a value may be right for a kind, by the words of its refusals: what this says no to must be refused. */
export function mayBeRight(kind: Kind<unknown>, value: unknown): boolean {
  const { allowed } = kind;
  if (kind.kind === "only") return allowed.split(" or ").includes(JSON.stringify(value));
  if (typeof value === "string") return mayBeText(kind, value);
  if (typeof value === "number") return mayBeNumber(kind, value);
  if (typeof value === "boolean") return /^true/.test(allowed);
  if (typeof value === "function") return allowed === "a function";
  if (Array.isArray(value))
    return /\blist of|^an array/.test(allowed) && (value[0] !== null || /anything/.test(allowed));
  if (value instanceof Map) return /\bMap\b/.test(allowed);
  if (value instanceof Date) return allowed.startsWith("a Date") && !Number.isNaN(value.getTime());
  return isObject(value) && /^an object/.test(allowed);
}

function mayBeText({ allowed }: Kind<unknown>, value: string): boolean {
  const [, least, most] = /^a string of (\d+ to|at most) ([\d,]+) characters/.exec(allowed) ?? [];
  if (most)
    return (
      value.length >= (Number.parseInt(least, 10) || 0) && value.length <= Number(most.replaceAll(",", ""))
    );
  return (
    /^(a string|an address|an origin|a path|true, false or)/.test(allowed) && value !== "" && value !== HUGE
  );
}

function mayBeNumber({ allowed }: Kind<unknown>, value: number): boolean {
  if (!/^a (whole )?number/.test(allowed)) return /^a power of two/.test(allowed) && Number.isInteger(value);
  const bound = (before: RegExp) => {
    const text = before.exec(allowed)?.[1];
    return text === undefined ? undefined : Number(text.replaceAll(",", ""));
  };
  const [from, above, to] = [
    bound(/from (-?[\d.,]*\d)/),
    bound(/above (-?[\d.,]*\d)/),
    bound(/to (-?[\d.,]*\d)/),
  ];
  if (value === -1 && allowed.endsWith("-1 for all")) return true;
  return (
    (!allowed.startsWith("a whole") || Number.isSafeInteger(value)) &&
    (from === undefined || value >= from) &&
    (above === undefined || value > above) &&
    (to === undefined || value <= to) &&
    !Number.isNaN(value)
  );
}
