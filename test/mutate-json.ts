// Damages values of a JSON document: replaced, left out, nested, or taken from another one.
import type { Random } from "../src/random.ts";

/** Values that a reader should not trust. */
const HOSTILE: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  2,
  0.5,
  1e308,
  -1e308,
  2 ** 31,
  2 ** 53,
  1e-320,
  "",
  "x",
  "\u0000",
  "__proto__",
  "constructor",
  "toString",
  [],
  {},
  [[]],
  [null],
  { a: {} },
  "a".repeat(10_000),
  new Array(1000).fill(1),
  new Array(100).fill({}),
  "(a+)+$",
  "\\",
  "[",
  "\ud800",
];

/** A place in a document: what holds it, and its key. */
interface Place {
  holder: Record<string, unknown>;
  key: string;
}

/** Places of a document, no more than so many. */
function places(value: unknown, most = 20_000): Place[] {
  const found: Place[] = [];
  const visit = (holder: unknown) => {
    if (typeof holder !== "object" || holder === null) return;
    for (const key of Object.keys(holder)) {
      if (found.length >= most) return;
      found.push({ holder: holder as Record<string, unknown>, key });
      visit((holder as Record<string, unknown>)[key]);
    }
  };
  visit(value);
  return found;
}

const pick = <T>(list: readonly T[], random: Random): T => list[random.integer(list.length)];

/** A hostile value of its own: a later change must not put it into itself. */
const hostile = (random: Random): unknown => structuredClone(pick(HOSTILE, random));

/** Changes one to four values of a document. */
export function mutateJson(original: Uint8Array, random: Random, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const decoder = new TextDecoder();
  const document: unknown = JSON.parse(decoder.decode(original));
  const strange: unknown = JSON.parse(decoder.decode(other));
  for (let k = 1 + random.integer(4); k > 0; k--) {
    const all = places(document);
    if (all.length === 0) break;
    // Half of the places near the top: the bulk of a tokenizer is its vocabulary.
    const { holder, key } = random.integer(2) === 0 ? pick(all.slice(0, 200), random) : pick(all, random);
    const donors = places(strange);
    switch (random.integer(6)) {
      case 0:
        delete holder[key];
        break;
      case 1:
        holder[key] = [holder[key]];
        break;
      case 2: {
        const donor = pick(donors, random);
        holder[key] = structuredClone(donor.holder[donor.key]);
        break;
      }
      case 3: {
        const donor = pick(donors, random);
        Object.defineProperty(holder, donor.key, {
          value: structuredClone(donor.holder[donor.key]),
          enumerable: true,
          configurable: true,
          writable: true,
        });
        break;
      }
      case 4:
        if (typeof holder[key] === "number")
          holder[key] = (holder[key] as number) * pick([-1, 2, 1.5, 1000, 0], random);
        else holder[key] = hostile(random);
        break;
      default:
        holder[key] = hostile(random);
    }
  }
  return new TextEncoder().encode(JSON.stringify(document));
}
