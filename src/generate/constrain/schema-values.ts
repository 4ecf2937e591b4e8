// The values of a schema: subschemas that must hold or fail together, and the shapes they come to.
import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import type { DfaState, Language, Languages } from "./dfa.ts";
import { type ConstraintLimits, refusal } from "./limits.ts";
import type { Numbers } from "./numbers.ts";
import { arrayCanBe } from "./schema-arrays.ts";
import type { SchemaContext } from "./schema-context.ts";
import type { Place, SchemaDocument } from "./schema-document.ts";
import { shapesOf } from "./schema-keywords.ts";
import { negatedShapes } from "./schema-negations.ts";
import { objectCanBe } from "./schema-objects.ts";
import { type Literal, meetAll, type ObjectShape, type Shape, type Value } from "./shapes.ts";

/** Everything that is known about one schema while it is compiled. */
export class Schemas implements SchemaContext {
  readonly document: SchemaDocument;
  readonly languages: Languages;
  readonly numbers: Numbers;
  readonly limits: ConstraintLimits;
  /** No constraint at all. */
  readonly any: Value;
  /** What no value is. */
  readonly never: Value;
  #literals = new Map<string, Literal>();
  #values = new Map<string, Value>();
  #expanded = new Map<Literal, Shape[]>();
  #expanding = new Set<Literal>();
  #shapes = new Map<Value, readonly Shape[]>();
  #canBe = new Map<Value, boolean>();
  #asking = new Set<Value>();
  /** Whether an answer of `canBe` rests on one that was only assumed. */
  #assumed = false;

  constructor(document: SchemaDocument, languages: Languages, numbers: Numbers) {
    this.document = document;
    this.languages = languages;
    this.numbers = numbers;
    this.limits = languages.budget.limits;
    this.any = this.#valueOf([]);
    this.never = this.value(document.madeUp(document.root, false, "(never)"));
  }

  /** The value for which a subschema holds; with `negated`, fails. */
  value(place: Place, negated = false): Value {
    if (place.schema === true && !negated) return this.any;
    return this.#valueOf([this.#literal(place, negated)]);
  }

  both(a: Value, b: Value): Value {
    if (a === b || b.literals.length === 0) return a;
    if (a.literals.length === 0) return b;
    return this.#valueOf([...new Set([...a.literals, ...b.literals])]);
  }

  /** The shapes of a value, made once. */
  shapes(value: Value): readonly Shape[] {
    let shapes = this.#shapes.get(value);
    if (!shapes) {
      const failing = new Set(value.literals.filter(({ negated }) => negated).map(({ place }) => place));
      const contradicts = value.literals.some(({ place, negated }) => !negated && failing.has(place));
      shapes = contradicts
        ? []
        : value.literals
            .map(({ place, negated }) => this.expand(place, negated))
            .reduce<Shape[]>(
              (all, more, i) => (i === 0 ? more : meetAll(all, more, this)),
              this.everything(),
            );
      if (value.literals.length > 0) this.checkAlternatives(shapes, value.literals[0].place);
      this.#shapes.set(value, shapes);
    }
    return shapes;
  }

  /** The shapes for which a subschema holds or fails. */
  expand(place: Place, negated: boolean): Shape[] {
    const literal = this.#literal(place, negated);
    let shapes = this.#expanded.get(literal);
    if (shapes) return shapes;
    if (this.#expanding.has(literal)) {
      throw refusal(place.pointer, "$ref", "the schema refers to itself before any value is read");
    }
    if (this.#expanding.size > this.limits.depth) {
      throw refusal(place.pointer, "$ref", `more than ${this.limits.depth} schemas refer to one another`);
    }
    this.#expanding.add(literal);
    try {
      shapes = negated ? negatedShapes(place, this).map(withoutEvaluated) : shapesOf(place, this);
      this.languages.budget.spend(10 + shapes.length);
    } finally {
      this.#expanding.delete(literal);
    }
    this.checkAlternatives(shapes, place);
    this.#expanded.set(literal, shapes);
    return shapes;
  }

  /** Every shape without any constraint. */
  everything(): Shape[] {
    const { languages, any } = this;
    const array = {
      prefix: [],
      rest: any,
      least: 0,
      most: Number.POSITIVE_INFINITY,
      contains: [],
      unique: false,
    };
    return [
      { type: "null" },
      { type: "true" },
      { type: "false" },
      { type: "number", language: this.numbers.any! },
      { type: "string", language: languages.all },
      { type: "array", evaluated: 0, ...array },
      this.object({}),
    ];
  }

  /** An object shape with some constraints. */
  object(constraints: Partial<ObjectShape>): ObjectShape {
    return {
      type: "object",
      properties: new Map(),
      required: new Set(),
      named: [],
      some: [],
      least: 0,
      most: Number.POSITIVE_INFINITY,
      evaluated: null,
      ...constraints,
    };
  }

  /** Everything but objects that have a property. */
  withoutProperty(name: string): Shape[] {
    return [
      ...this.everything().filter(({ type }) => type !== "object"),
      this.object({ properties: new Map([[name, this.never]]) }),
    ];
  }

  /** Objects that have all of these properties. */
  withProperties(names: string[]): Shape[] {
    return [this.object({ required: new Set(names) })];
  }

  /** The shapes of one constant, which stands at a path below a place. */
  constant(place: Place, value: unknown, ...path: (string | number)[]): Shape[] {
    if (value === null) return [{ type: "null" }];
    if (typeof value === "boolean") return [{ type: value ? "true" : "false" }];
    if (typeof value === "number" && Math.abs(value) > 2 ** 53) {
      const reason = `${value} is beyond 2^53, where digits of a JSON number may have been lost; use a string`;
      throw refusal(place.pointer, path.join("/"), reason);
    }
    if (typeof value === "number" || typeof value === "string") {
      const type = typeof value === "number" ? "number" : "string";
      const language = typeof value === "number" ? this.numbers.spellings(value) : this.languages.of([value]);
      return language ? [{ type, language }] : [];
    }
    return this.expand(this.constantPlace(place, value, ...path), false);
  }

  /** A schema that holds for one array or object only. */
  constantPlace(place: Place, value: unknown, ...path: (string | number)[]): Place {
    const schema = Array.isArray(value)
      ? {
          type: "array",
          prefixItems: value.map((item) => ({ const: item })),
          minItems: value.length,
          items: false,
        }
      : {
          type: "object",
          properties: Object.fromEntries(
            Object.entries(isRecord(value) ? value : {}).map(([name, one]) => [name, { const: one }]),
          ),
          required: Object.keys(isRecord(value) ? value : {}),
          additionalProperties: false,
        };
    return this.document.madeUp(place, schema, ...path, "(constant)");
  }

  /** The strings for which a subschema holds or fails. */
  textsOf(place: Place, negated: boolean): Language {
    return this.expand(place, negated).reduce<Language>(
      (all, shape) => (shape.type === "string" ? this.languages.or(all, shape.language) : all),
      null,
    );
  }

  /** The longest string that a schema with `maxLength` is offered. */
  longestText(minLength: unknown): number {
    return Math.max(65_000, typeof minLength === "number" ? minLength : 0);
  }

  /** Whether two lists of shapes may have a value in common. */
  overlap(a: readonly Shape[], b: readonly Shape[]): boolean {
    return meetAll(a, b, this).some((shape) => this.shapeCanBe(shape));
  }

  /** The languages of strings that a value may hold, anywhere inside. */
  stringsIn(value: Value): Set<DfaState> {
    const found = new Set<DfaState>();
    const values = new Set([value]);
    for (const one of values) {
      this.languages.budget.spend(1);
      for (const shape of this.shapes(one)) {
        if (shape.type === "string") found.add(shape.language);
        else if (shape.type === "array") for (const item of [...shape.prefix, shape.rest]) values.add(item);
        else if (shape.type === "object") {
          for (const property of shape.properties.values()) values.add(property);
          for (const { value: property } of shape.named) values.add(property);
        }
      }
    }
    return found;
  }

  /** Whether any value at all is of this kind. */
  canBe(value: Value): boolean {
    const known = this.#canBe.get(value);
    if (known !== undefined) return known;
    // A value that contains itself is none; a subschema that is being expanded may turn out either way.
    if (this.#asking.has(value)) {
      this.#assumed = true;
      return false;
    }
    if (value.literals.some((literal) => this.#expanding.has(literal))) {
      this.#assumed = true;
      return true;
    }
    const before = this.#assumed;
    this.#assumed = false;
    this.#asking.add(value);
    let can: boolean;
    try {
      can = this.shapes(value).some((shape) => this.shapeCanBe(shape));
    } finally {
      this.#asking.delete(value);
    }
    if (!this.#assumed || (this.#asking.size === 0 && this.#expanding.size === 0))
      this.#canBe.set(value, can);
    this.#assumed ||= before;
    return can;
  }

  shapeCanBe(shape: Shape): boolean {
    if (shape.type === "array") return arrayCanBe(shape, this);
    return shape.type === "object" ? objectCanBe(shape, this) : true;
  }

  /** @throws {BaimoError} `request` when there are more alternatives than the limit */
  checkAlternatives(shapes: readonly Shape[], place: Place): void {
    if (shapes.length <= this.limits.alternatives) return;
    throw refusal(
      place.pointer,
      "anyOf",
      `more than ${this.limits.alternatives} alternatives, multiplied out`,
    );
  }

  /** Runs what may fail for reasons of its own, and says which keyword it was. */
  guard<Result>(place: Place, keyword: string, run: () => Result): Result {
    try {
      return run();
    } catch (cause) {
      if (!(cause instanceof BaimoError) || cause.message.startsWith("schema:")) throw cause;
      throw refusal(place.pointer, keyword, cause.message, cause);
    }
  }

  #literal(place: Place, negated: boolean): Literal {
    const key = `${negated ? "-" : "+"}${place.id}`;
    let literal = this.#literals.get(key);
    if (!literal) {
      literal = { id: this.#literals.size, place, negated };
      this.#literals.set(key, literal);
    }
    return literal;
  }

  #valueOf(literals: Literal[]): Value {
    literals.sort((a, b) => a.id - b.id);
    const key = literals.map(({ id }) => id).join();
    let value = this.#values.get(key);
    if (!value) {
      value = { id: this.#values.size, literals };
      this.#values.set(key, value);
    }
    return value;
  }
}

/** What fails tells nothing of what it has evaluated. */
function withoutEvaluated(shape: Shape): Shape {
  if (shape.type === "array") return { ...shape, evaluated: 0 };
  return shape.type === "object" ? { ...shape, evaluated: null } : shape;
}
