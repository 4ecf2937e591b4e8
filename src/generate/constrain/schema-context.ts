// What the parts of the schema compiler know of one another: the types only.
import type { Language, Languages } from "./dfa.ts";
import type { Node, Nodes } from "./nodes.ts";
import type { Numbers } from "./numbers.ts";
import type { Place, SchemaDocument } from "./schema-document.ts";
import type { Algebra, ObjectShape, Shape, Value } from "./shapes.ts";

/** Everything that is known about one schema while it is compiled. */
export interface SchemaContext extends Algebra {
  readonly document: SchemaDocument;
  readonly languages: Languages;
  readonly numbers: Numbers;
  /** No constraint at all. */
  readonly any: Value;
  /** What no value is. */
  readonly never: Value;
  /** The value for which a subschema holds; with `negated`, fails. */
  value(place: Place, negated?: boolean): Value;
  /** The shapes of a value, made once. */
  shapes(value: Value): readonly Shape[];
  /** The shapes for which a subschema holds or fails, made once. */
  expand(place: Place, negated: boolean): Shape[];
  /** Every shape without any constraint. */
  everything(): Shape[];
  /** An object shape with some constraints. */
  object(constraints: Partial<ObjectShape>): ObjectShape;
  /** Everything but objects that have a property. */
  withoutProperty(name: string): Shape[];
  /** Objects that have all of these properties. */
  withProperties(names: string[]): Shape[];
  /** The shapes of one constant, which stands at a path below a place. */
  constant(place: Place, value: unknown, ...path: (string | number)[]): Shape[];
  /** A schema that holds for one array or object only. */
  constantPlace(place: Place, value: unknown, ...path: (string | number)[]): Place;
  /** The strings for which a subschema holds or fails. */
  textsOf(place: Place, negated: boolean): Language;
  /** The longest string that a schema with `maxLength` is offered. */
  longestText(minLength: unknown): number;
  /** Whether two lists of shapes may have a value in common. */
  overlap(a: readonly Shape[], b: readonly Shape[]): boolean;
  /** Whether any value at all is of this kind. */
  canBe(value: Value): boolean;
  /** Whether any value at all is of a shape. */
  shapeCanBe(shape: Shape): boolean;
  /** @throws {BaimoError} `request` when there are more alternatives than the limit */
  checkAlternatives(shapes: readonly Shape[], place: Place): void;
  /** Runs what may fail for reasons of its own, and says which keyword it was. */
  guard<Result>(place: Place, keyword: string, run: () => Result): Result;
}

/** The nodes of one schema's texts. */
export interface JsonContext {
  readonly nodes: Nodes;
  readonly schemas: SchemaContext;
  /** Between tokens of JSON. */
  readonly whitespace: Node;
  /** A colon and at most one space. */
  readonly colon: Node;
  /** A number for an object or an array, so that the names of its nodes are its own. */
  nextPlan(): number;
  /** Any text of a value. */
  value(value: Value): Node;
  /** Any text of a shape. */
  shape(shape: Shape): readonly Node[];
  /** The text of a JSON string whose bytes were read. */
  textOf(bytes: string): string;
}
