// Shapes: what values of one type may be; a schema is a choice of shapes. Their intersection.
import type { Language, Languages } from "./dfa.ts";
import type { Place } from "./schema-document.ts";

/** A subschema that must hold, or must not. */
export interface Literal {
  readonly id: number;
  readonly place: Place;
  readonly negated: boolean;
}

/** All of these hold for a value; none: any value. Equal conjunctions are one object. */
export interface Value {
  readonly id: number;
  readonly literals: readonly Literal[];
}

export type Shape = ConstantShape | TextShape | ArrayShape | ObjectShape;

export interface ConstantShape {
  readonly type: "null" | "true" | "false";
}

export interface TextShape {
  readonly type: "number" | "string";
  readonly language: NonNullable<Language>;
}

export interface ArrayShape {
  readonly type: "array";
  readonly prefix: readonly Value[];
  readonly rest: Value;
  readonly least: number;
  readonly most: number;
  readonly contains: readonly Contains[];
  readonly unique: boolean;
  /** How many items `unevaluatedItems` leaves alone. */
  readonly evaluated: number;
}

/** From `from` on, `least` to `most` items are of a value. */
export interface Contains {
  readonly from: number;
  readonly value: Value;
  /** What the others are; only needed where `most` is finite. */
  readonly opposite: Value;
  readonly least: number;
  readonly most: number;
}

export interface ObjectShape {
  readonly type: "object";
  /** Properties with names of their own, in the order of the schema. */
  readonly properties: ReadonlyMap<string, Value>;
  readonly required: ReadonlySet<string>;
  /** What holds for every property whose name is in a language. */
  readonly named: readonly NamedValue[];
  /** There is a property whose name is in the language and whose value is of this kind. */
  readonly some: readonly NamedValue[];
  readonly least: number;
  readonly most: number;
  /** Names that `unevaluatedProperties` leaves alone. */
  readonly evaluated: Language;
}

export interface NamedValue {
  readonly names: NonNullable<Language>;
  readonly value: Value;
}

/** What combining shapes needs. */
export interface Algebra {
  readonly languages: Languages;
  /** The value for which both hold. */
  both(a: Value, b: Value): Value;
}

/** The values that are in one of `a` and in one of `b`. */
export function meetAll(a: readonly Shape[], b: readonly Shape[], algebra: Algebra): Shape[] {
  const met: Shape[] = [];
  for (const x of a) {
    for (const y of b) {
      const shape = meet(x, y, algebra);
      if (shape) met.push(shape);
    }
  }
  return joined(met, algebra);
}

/** One text shape a type, each constant once. */
export function joined(shapes: readonly Shape[], { languages }: Algebra): Shape[] {
  const constants = new Set<string>();
  const texts = new Map<TextShape["type"], Language>();
  const others = new Set<Shape>();
  for (const shape of shapes) {
    if (shape.type === "number" || shape.type === "string") {
      texts.set(shape.type, languages.or(texts.get(shape.type) ?? null, shape.language));
    } else if (shape.type === "array" || shape.type === "object") others.add(shape);
    else constants.add(shape.type);
  }
  return [
    ...[...constants].map((type) => ({ type }) as ConstantShape),
    ...[...texts].map(([type, language]) => ({ type, language: language! })),
    ...others,
  ];
}

function meet(a: Shape, b: Shape, algebra: Algebra): Shape | null {
  if (a.type === "array" && b.type === "array") return meetArrays(a, b, algebra);
  if (a.type === "object" && b.type === "object") return meetObjects(a, b, algebra);
  if (a.type !== b.type) return null;
  if (!("language" in a) || !("language" in b)) return a;
  const language = algebra.languages.and(a.language, b.language);
  return language && { type: a.type, language };
}

function meetArrays(a: ArrayShape, b: ArrayShape, algebra: Algebra): ArrayShape | null {
  const least = Math.max(a.least, b.least);
  const most = Math.min(a.most, b.most);
  if (least > most) return null;
  const length = Math.max(a.prefix.length, b.prefix.length);
  return {
    type: "array",
    prefix: Array.from({ length }, (_, i) => algebra.both(a.prefix[i] ?? a.rest, b.prefix[i] ?? b.rest)),
    rest: algebra.both(a.rest, b.rest),
    least,
    most,
    contains: [...a.contains, ...b.contains],
    unique: a.unique || b.unique,
    evaluated: Math.max(a.evaluated, b.evaluated),
  };
}

function meetObjects(a: ObjectShape, b: ObjectShape, algebra: Algebra): ObjectShape | null {
  const least = Math.max(a.least, b.least);
  const most = Math.min(a.most, b.most);
  if (least > most) return null;
  const properties = new Map(a.properties);
  for (const [name, value] of b.properties) {
    const other = properties.get(name);
    properties.set(name, other ? algebra.both(other, value) : value);
  }
  return {
    type: "object",
    properties,
    required: new Set([...a.required, ...b.required]),
    named: [...a.named, ...b.named],
    some: [...a.some, ...b.some],
    least,
    most,
    evaluated: algebra.languages.or(a.evaluated, b.evaluated),
  };
}
