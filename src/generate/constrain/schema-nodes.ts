// JSON's texts as nodes of the automaton: values, white space, and strings that were read.
import type { Node, Nodes } from "./nodes.ts";
import { languageOfRegex } from "./regex.ts";
import { arrayNodes } from "./schema-arrays.ts";
import type { JsonContext, SchemaContext } from "./schema-context.ts";
import { objectNodes } from "./schema-objects.ts";
import type { Shape, Value } from "./shapes.ts";

/** Between tokens of JSON: nothing, a space, or a line end with its indentation. Bounded, so that it comes to an end. */
const WHITESPACE = " ?|\\n[ \\t]{0,64}";

/** Makes the nodes of one schema. */
export class JsonNodes implements JsonContext {
  readonly nodes: Nodes;
  readonly schemas: SchemaContext;
  readonly whitespace: Node;
  /** A colon and at most one space. */
  readonly colon: Node;
  #shapes = new Map<Shape, readonly Node[]>();
  #values = new Map<Value, Node>();
  #number: number;

  constructor(nodes: Nodes, schemas: SchemaContext) {
    this.nodes = nodes;
    this.schemas = schemas;
    this.#number = nodes.nextNumber();
    const textOf = (regex: string) =>
      nodes.text(languageOfRegex(regex, schemas.languages, { whole: true })!, { quoted: false });
    this.whitespace = textOf(WHITESPACE);
    this.colon = textOf(": ?");
  }

  /** A number for an object or an array, so that the names of its nodes are its own. */
  nextPlan(): number {
    return this.nodes.nextNumber();
  }

  /** Any text of a value. */
  value(value: Value): Node {
    let node = this.#values.get(value);
    if (!node) {
      node = this.nodes.branch(`value ${this.#number} ${value.id}`, () =>
        this.schemas
          .shapes(value)
          .filter((shape) => this.schemas.shapeCanBe(shape))
          .map((shape) => this.shape(shape)),
      );
      this.#values.set(value, node);
    }
    return node;
  }

  /** Makes the nodes of every value that can be reached, so that what cannot be afforded is refused at once. */
  complete(): void {
    for (const [, node] of this.#values) this.schemas.languages.budget.spend(node.alternatives().length + 1);
  }

  /** Any text of a shape. */
  shape(shape: Shape): readonly Node[] {
    let made = this.#shapes.get(shape);
    if (!made) {
      made = this.#make(shape);
      this.#shapes.set(shape, made);
    }
    return made;
  }

  #make(shape: Shape): readonly Node[] {
    switch (shape.type) {
      case "number":
        return [this.nodes.text(shape.language, { quoted: false })];
      case "string":
        return [this.nodes.string(shape.language)];
      case "array":
        return [this.nodes.literal("["), arrayNodes(shape, this)];
      case "object":
        return [this.nodes.literal("{"), objectNodes(shape, this)];
      default:
        return [this.nodes.literal(shape.type)];
    }
  }

  /** The text of a JSON string whose bytes were read. */
  textOf(bytes: string): string {
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0))));
  }
}
