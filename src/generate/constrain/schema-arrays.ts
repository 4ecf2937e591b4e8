// Arrays: length, what they contain, unique items; counted beside the automaton.
import { countTexts } from "./dfa.ts";
import type { Node } from "./nodes.ts";
import type { JsonContext, SchemaContext } from "./schema-context.ts";
import type { ArrayShape, Contains, Shape, Value } from "./shapes.ts";

/** What has been read of an array. */
interface ArrayState {
  readonly index: number;
  /** How many items each `contains` has found, as far as it matters. */
  readonly counts: readonly number[];
  /** The scalars of an array whose items are unique, as JSON. */
  readonly seen: readonly string[];
  /** Whether one of its items is an array or an object; a second one might be equal. */
  readonly nested: boolean;
}

const begin = (shape: ArrayShape): ArrayState => ({
  index: 0,
  counts: shape.contains.map(() => 0),
  seen: [],
  nested: false,
});

/** Whether any array is of a shape. */
export function arrayCanBe(shape: ArrayShape, schemas: SchemaContext): boolean {
  const wanted = shape.contains.reduce((sum, { least }) => sum + least, 0);
  if (shape.least === 0 && wanted === 0) return true;
  if (shape.contains.some(({ least, most }) => least > most)) return false;
  if (shape.contains.length > 1 && !othersCanBe(shape, schemas)) return false;
  if (shape.unique && !enoughValues(shape, shape.least + wanted, schemas)) return false;
  return canEndFrom(begin(shape), shape, schemas);
}

const itemAt = (shape: ArrayShape, index: number) => shape.prefix[index] ?? shape.rest;

/** How many items are possible at all. */
function longest(shape: ArrayShape, schemas: SchemaContext): number {
  const wrong = shape.prefix.findIndex((item) => !schemas.canBe(item));
  if (wrong >= 0) return Math.min(shape.most, wrong);
  return schemas.canBe(shape.rest) ? shape.most : Math.min(shape.most, shape.prefix.length);
}

/** Places from an index on, before an end, whose items may be of a value; the rest is counted at once. */
function places(shape: ArrayShape, from: number, end: number, test: (item: Value) => boolean): number {
  let count = 0;
  for (let i = from; i < Math.min(shape.prefix.length, end); i++) if (test(shape.prefix[i])) count++;
  const rest = end - Math.max(from, shape.prefix.length);
  return rest > 0 && test(shape.rest) ? count + rest : count;
}

/** Whether what is still missing can come: items, items that are contained, and no more of those than allowed. */
function canEndFrom(state: ArrayState, shape: ArrayShape, schemas: SchemaContext): boolean {
  const end = longest(shape, schemas);
  if (shape.least > end) return false;
  const missing = shape.contains.map(({ least }, i) => Math.max(0, least - state.counts[i]));
  const wanted = missing.reduce((sum, count) => sum + count, 0);
  const wantedOnes = shape.contains.filter((_, i) => missing[i] > 0);
  const from = Math.max(state.index, ...wantedOnes.map(({ from }) => from));
  const fitting = places(shape, from, end, (item) =>
    wantedOnes.every(({ value }) => schemas.canBe(schemas.both(item, value))),
  );
  if (wanted > fitting) return false;
  return shape.contains.every(({ from, opposite, most }, i) => {
    if (most === Number.POSITIVE_INFINITY) return true;
    const forced = places(
      shape,
      Math.max(from, state.index),
      shape.least,
      (item) => !schemas.canBe(schemas.both(item, opposite)),
    );
    return forced <= most - state.counts[i];
  });
}

/** Whether an item everywhere may be none of what only so many may be. */
function othersCanBe(shape: ArrayShape, schemas: SchemaContext): boolean {
  return [...shape.prefix, shape.rest].every((item) => {
    const other = shape.contains.reduce(
      (value, { opposite, most }) =>
        most === Number.POSITIVE_INFINITY ? value : schemas.both(value, opposite),
      item,
    );
    return !schemas.canBe(item) || schemas.canBe(other);
  });
}

/** Whether each place that must be filled has so many scalars that one is always left. */
function enoughValues(shape: ArrayShape, count: number, schemas: SchemaContext): boolean {
  const filled = [...shape.prefix.slice(0, count), ...(count > shape.prefix.length ? [shape.rest] : [])];
  const enough = (value: Value) =>
    schemas.shapes(value).reduce((sum, shape) => sum + scalarsOf(shape, count, schemas), 0) >= count;
  return filled.every(
    (item) =>
      enough(item) &&
      shape.contains.every(({ value, opposite, most }) => {
        const one = schemas.both(item, value);
        const other = schemas.both(item, opposite);
        return (!schemas.canBe(one) || enough(one)) && (most === Number.POSITIVE_INFINITY || enough(other));
      }),
  );
}

function scalarsOf(shape: Shape, cap: number, schemas: SchemaContext): number {
  if (shape.type === "array" || shape.type === "object") return 0;
  if (!("language" in shape)) return 1;
  const { languages, numbers } = schemas;
  const language =
    shape.type === "number"
      ? languages.and(languages.and(shape.language, numbers.distinct), numbers.canonical)
      : shape.language;
  return countTexts(language, cap);
}

/** What follows an opening bracket. */
export function arrayNodes(shape: ArrayShape, json: JsonContext): Node {
  const { nodes, schemas } = json;
  const id = json.nextPlan();
  const end = longest(shape, schemas);
  const last = Math.max(shape.prefix.length, shape.least, ...shape.contains.map(({ from }) => from));
  const nameOf = ({ index, counts, seen, nested }: ArrayState) =>
    `array ${id} ${index} ${counts.join()} ${nested} ${JSON.stringify(seen)}`;
  const canEnd = ({ index, counts }: ArrayState) =>
    index >= shape.least && shape.contains.every(({ least }, i) => counts[i] >= least);

  for (const item of [...shape.prefix, shape.rest]) if (schemas.canBe(item)) json.value(item);

  const state = begin(shape);
  return nodes.branch(`${nameOf(state)} begin`, () => [
    [
      json.whitespace,
      nodes.branch(`${nameOf(state)} first`, () =>
        canEnd(state) ? [[nodes.literal("]")], ...items(state)] : items(state),
      ),
    ],
  ]);

  /** After an item. */
  function after(state: ArrayState): Node {
    return nodes.branch(nameOf(state), () => {
      const next = nodes.branch(`${nameOf(state)} next`, () => items(state));
      return [
        ...(canEnd(state) ? [[json.whitespace, nodes.literal("]")]] : []),
        ...(next.alternatives().length > 0 ? [[nodes.literal(","), json.whitespace, next]] : []),
      ];
    });
  }

  /** Every item that may come, for each choice of what it counts for. */
  function items(state: ArrayState): Node[][] {
    if (state.index >= end) return [];
    const choices = shape.contains.reduce<{ value: Value; counts: number[] }[]>(
      (all, contains, i) => all.flatMap((choice) => countings(choice, contains, i)),
      [{ value: itemAt(shape, state.index), counts: [] }],
    );
    return choices.flatMap(({ value, counts }) => {
      const counted = state.index + 1;
      const index = shape.most === Number.POSITIVE_INFINITY ? Math.min(counted, last) : counted;
      const next = { ...state, index, counts };
      if (!schemas.canBe(value) || !canEndFrom(next, shape, schemas)) return [];
      return shape.unique ? uniqueItems(value, next) : [[json.value(value), after(next)]];
    });

    function countings(choice: { value: Value; counts: number[] }, contains: Contains, i: number) {
      const { from, value, opposite, least, most } = contains;
      const count = state.counts[i];
      const uncounted = { value: choice.value, counts: [...choice.counts, count] };
      if (state.index < from) return [uncounted];
      const found = [];
      const limited = most !== Number.POSITIVE_INFINITY;
      if (limited ? count < most : count < least) {
        found.push({
          value: schemas.both(choice.value, value),
          counts: [...choice.counts, count + 1],
        });
      }
      found.push(limited ? { ...uncounted, value: schemas.both(choice.value, opposite) } : uncounted);
      return found;
    }
  }

  /** Items that are none of those before: scalars, and at most one array or object. */
  function uniqueItems(value: Value, next: ArrayState): Node[][] {
    const { languages, numbers } = schemas;
    const name = nameOf(next);
    const withItem = (text: string) => after({ ...next, seen: [...next.seen, text].sort() });
    return schemas.shapes(value).flatMap((item): Node[][] => {
      switch (item.type) {
        case "array":
        case "object":
          if (next.nested || !schemas.shapeCanBe(item)) return [];
          return [[...json.shape(item), after({ ...next, nested: true })]];
        case "number": {
          const language = next.seen
            .filter((text) => /^[-\d]/.test(text))
            .reduce(
              (left, text) => languages.minus(left, numbers.spellings(Number(text))),
              languages.and(item.language, numbers.distinct),
            );
          const follow = (bytes: string) => [withItem(String(Number(bytes) + 0))];
          return language ? [[nodes.recorded(nodes.text(language, { quoted: false }), name, follow)]] : [];
        }
        case "string": {
          const seen = next.seen.filter((text) => text.startsWith('"')).map((text) => JSON.parse(text));
          const language = languages.minus(item.language, languages.of(seen));
          const follow = (bytes: string) => [withItem(JSON.stringify(json.textOf(bytes)))];
          return language ? [[nodes.recorded(nodes.string(language), name, follow)]] : [];
        }
        default:
          return next.seen.includes(item.type) ? [] : [[nodes.literal(item.type), withItem(item.type)]];
      }
    });
  }
}
