// Objects: which properties may still come, counted beside the automaton.
import { countTexts, holds } from "./dfa.ts";
import type { Node } from "./nodes.ts";
import type { JsonContext, SchemaContext } from "./schema-context.ts";
import type { NamedValue, ObjectShape, Value } from "./shapes.ts";

/** More kinds of undeclared names than this are not told apart. */
const MAX_KINDS = 64;

/** Whether any object is of a shape. */
export function objectCanBe(shape: ObjectShape, schemas: SchemaContext): boolean {
  const { required, least, most, some } = shape;
  for (const name of required) if (!schemas.canBe(valueOfName(shape, name, schemas))) return false;
  if (required.size + some.length > most || some.length > 1) return false;
  if (some.length === 0 && least <= required.size) return true;
  const plan = planObject(shape, schemas);
  if (plan.some.length < some.length) return false;
  const names = plan.extras.reduce((sum, { names }) => sum + countTexts(names, least), 0);
  return plan.properties.length + names >= least;
}

/** The value of a property with this name. */
function valueOfName(shape: ObjectShape, name: string, schemas: SchemaContext): Value {
  return shape.named.reduce(
    (value, { names, value: more }) => (holds(names, name) ? schemas.both(value, more) : value),
    shape.properties.get(name) ?? schemas.any,
  );
}

/** The properties that an object may have, without those that no value fits. */
interface ObjectPlan {
  readonly properties: readonly { name: string; value: Value; required: boolean }[];
  /** Names that are not declared, each in one kind. */
  readonly extras: readonly NamedValue[];
  /** What `some` asks for, cut by the kinds; one of a list must come. */
  readonly some: readonly (readonly NamedValue[])[];
  readonly least: number;
  readonly most: number;
}

function planObject(shape: ObjectShape, schemas: SchemaContext): ObjectPlan {
  const { languages } = schemas;
  const declared = [...new Set([...shape.properties.keys(), ...shape.required])];
  const properties = declared
    .map((name) => ({
      name,
      value: valueOfName(shape, name, schemas),
      required: shape.required.has(name),
    }))
    .filter(({ value }) => schemas.canBe(value));
  const others = languages.not(languages.of(declared));
  let kinds: NamedValue[] = others ? [{ names: others, value: schemas.any }] : [];
  for (const { names, value } of shape.named) {
    const cut = new Map<Value, NamedValue>();
    for (const kind of kinds) {
      const inside = languages.and(kind.names, names);
      const outside = languages.minus(kind.names, names);
      for (const [part, valueOfPart] of [
        [inside, schemas.both(kind.value, value)],
        [outside, kind.value],
      ] as const) {
        if (!part) continue;
        cut.set(valueOfPart, {
          names: languages.or(part, cut.get(valueOfPart)?.names ?? null)!,
          value: valueOfPart,
        });
      }
    }
    kinds = [...cut.values()].filter(({ value }) => schemas.canBe(value)).slice(0, MAX_KINDS);
  }
  const some = shape.some.map((wanted) =>
    kinds.flatMap((kind) => {
      const names = languages.and(kind.names, wanted.names);
      const value = schemas.both(kind.value, wanted.value);
      return names && schemas.canBe(value) ? [{ names, value }] : [];
    }),
  );
  return {
    properties,
    extras: kinds,
    some: some.filter((list) => list.length > 0),
    least: shape.least,
    most: shape.most,
  };
}

/** What has been read of an object. */
interface ObjectState {
  /** A bit for each declared property. */
  readonly seen: bigint;
  /** Undeclared properties, as far as their number matters. */
  readonly extras: number;
  /** Their names, while properties are too few and a repeated name would not count. */
  readonly names: readonly string[];
  /** Whether the property that `some` asks for has come; none may follow that could replace it. */
  readonly done: boolean;
}

/** What follows an opening brace. */
export function objectNodes(shape: ObjectShape, json: JsonContext): Node {
  const { nodes, schemas } = json;
  const { languages } = schemas;
  const plan = planObject(shape, schemas);
  const id = json.nextPlan();
  const needed = plan.properties.filter(({ required }) => required).length;
  const countsNames = plan.least > needed;

  const left = (state: ObjectState) =>
    plan.properties.filter(({ required }, i) => required && !(state.seen & (1n << BigInt(i)))).length;
  const count = (state: ObjectState) => bitsOf(state.seen) + state.extras;
  const fits = (state: ObjectState) => count(state) + left(state) + (state.done ? 0 : 1) <= plan.most;
  const canEnd = (state: ObjectState) => left(state) === 0 && state.done && count(state) >= plan.least;
  const nameOf = (state: ObjectState) =>
    `object ${id} ${state.seen.toString(36)} ${state.extras} ${state.done} ${JSON.stringify(state.names)}`;

  const starts = plan.properties.map(({ name, value }) => [
    nodes.string(languages.of([name])!),
    json.colon,
    json.value(value),
  ]);

  for (const { value } of [...plan.extras, ...plan.some.flat()]) json.value(value);

  const begin: ObjectState = { seen: 0n, extras: 0, names: [], done: plan.some.length === 0 };
  return nodes.branch(`${nameOf(begin)} begin`, () => [
    [
      json.whitespace,
      nodes.branch(`${nameOf(begin)} first`, () =>
        canEnd(begin) ? [[nodes.literal("}")], ...pairs(begin)] : pairs(begin),
      ),
    ],
  ]);

  /** After a property. */
  function after(state: ObjectState): Node {
    return nodes.branch(nameOf(state), () => {
      const next = nodes.branch(`${nameOf(state)} next`, () => pairs(state));
      return [
        ...(canEnd(state) ? [[json.whitespace, nodes.literal("}")]] : []),
        ...(next.alternatives().length > 0 ? [[nodes.literal(","), json.whitespace, next]] : []),
      ];
    });
  }

  /** Every property that may come. */
  function pairs(state: ObjectState): Node[][] {
    const found: Node[][] = [];
    plan.properties.forEach((_, i) => {
      const bit = 1n << BigInt(i);
      const next = { ...state, seen: state.seen | bit };
      if (state.seen & bit || !fits(next)) return;
      found.push([...starts[i], after(next)]);
    });
    const extras = state.done && plan.some.length > 0 ? [] : plan.extras;
    for (const kind of extras) found.push(...extra(state, kind, state.done));
    if (!state.done) for (const kind of plan.some.flat()) found.push(...extra(state, kind, true));
    return found;
  }

  /** An undeclared property. */
  function extra(state: ObjectState, { names, value }: NamedValue, done: boolean): Node[][] {
    const counted = Math.min(
      state.extras + 1,
      plan.most === Number.POSITIVE_INFINITY ? plan.least : Number.POSITIVE_INFINITY,
    );
    const next = { ...state, extras: counted, done };
    if (!fits(next)) return [];
    if (!countsNames || count(state) >= plan.least) {
      return [[nodes.string(names), json.colon, json.value(value), after({ ...next, names: [] })]];
    }
    const unused = languages.minus(names, languages.of(state.names));
    if (!unused) return [];
    const follow = (bytes: string) => [
      json.colon,
      json.value(value),
      after({ ...next, names: [...state.names, json.textOf(bytes)].sort() }),
    ];
    return [[nodes.recorded(nodes.string(unused), `${nameOf(next)} ${value.id}`, follow)]];
  }
}

function bitsOf(set: bigint): number {
  let bits = 0;
  for (let left = set; left > 0n; left >>= 1n) if (left & 1n) bits++;
  return bits;
}
