// A schema document: subschemas by pointer, identifiers, anchors, and what a reference means.
import { isRecord } from "../../json.ts";
import { refusal } from "./limits.ts";

/** A subschema and where it stands. */
export interface Place {
  readonly id: number;
  readonly schema: unknown;
  /** A JSON pointer into the document. */
  readonly pointer: string;
  /** The URI that references are relative to. */
  readonly base: string;
}

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const single = new Set([
  "additionalProperties",
  "contains",
  "contentSchema",
  "else",
  "if",
  "items",
  "not",
  "propertyNames",
  "then",
  "unevaluatedItems",
  "unevaluatedProperties",
]);
const listed = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const named = new Set(["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"]);

/** Where a document without `$id` is said to be. */
const DEFAULT_BASE = "schema://document/";

export class SchemaDocument {
  readonly root: Place;
  /** Whether any subschema uses `unevaluatedProperties` or `unevaluatedItems`. */
  readonly tracksEvaluated: boolean = false;
  #places = new Map<string, Place>();
  #resources = new Map<string, Place>();
  #anchors = new Map<string, Place>();
  #dynamic = new Map<string, number>();
  #depth: number;

  /** @throws {BaimoError} `request` when subschemas nest too deeply */
  constructor(schema: unknown, limits: { depth: number }) {
    this.#depth = limits.depth;
    this.root = this.#visit(schema, "", DEFAULT_BASE, 0);
    this.#resources.set(DEFAULT_BASE, this.root);
  }

  /** The subschema below a place. */
  below(place: Place, ...path: (string | number)[]): Place {
    let schema = place.schema;
    for (const key of path) schema = Array.isArray(schema) ? schema[key as number] : own(schema, String(key));
    return this.#placeOf(schema, pointerOf(place.pointer, ...path), place.base);
  }

  /** A schema that stands for a part of another, such as a constant's. */
  madeUp(place: Place, schema: unknown, ...path: (string | number)[]): Place {
    return this.#placeOf(schema, pointerOf(place.pointer, ...path), place.base);
  }

  #placeOf(schema: unknown, pointer: string, base: string): Place {
    const id = isRecord(schema) && typeof schema.$id === "string" ? schema.$id : undefined;
    const known = this.#places.get(pointer);
    if (known) return known;
    const place = {
      id: this.#places.size,
      schema,
      pointer,
      base: id === undefined ? base : this.#resolveUri(id, base, pointer, "$id"),
    };
    this.#places.set(pointer, place);
    return place;
  }

  #visit(schema: unknown, pointer: string, base: string, depth: number): Place {
    if (depth > this.#depth) throw refusal(pointer, "schema", `more than ${this.#depth} nested subschemas`);
    const place = this.#placeOf(schema, pointer, base);
    if (!isRecord(schema)) return place;
    if (typeof schema.$id === "string") this.#resources.set(withoutFragment(place.base), place);
    for (const key of ["$anchor", "$dynamicAnchor"]) {
      const anchor = schema[key];
      if (typeof anchor !== "string") continue;
      this.#anchors.set(`${withoutFragment(place.base)}#${anchor}`, place);
      if (key === "$dynamicAnchor") this.#dynamic.set(anchor, (this.#dynamic.get(anchor) ?? 0) + 1);
    }
    if ("unevaluatedProperties" in schema || "unevaluatedItems" in schema) {
      (this as { tracksEvaluated: boolean }).tracksEvaluated = true;
    }
    const visit = (below: unknown, ...path: (string | number)[]) =>
      this.#visit(below, pointerOf(pointer, ...path), place.base, depth + 1);
    for (const [key, value] of Object.entries(schema)) {
      if (single.has(key)) visit(value, key);
      else if (listed.has(key) && Array.isArray(value)) {
        for (const [i, one] of value.entries()) visit(one, key, i);
      } else if (named.has(key) && isRecord(value)) {
        for (const [name, one] of Object.entries(value)) visit(one, key, name);
      }
    }
    return place;
  }

  /**
   * What `$ref` or `$dynamicRef` of a place points to.
   *
   * @throws {BaimoError} `request` when it is not in this document
   */
  resolve(place: Place, keyword: "$ref" | "$dynamicRef"): Place {
    const reference = (place.schema as Record<string, unknown>)[keyword];
    if (typeof reference !== "string") throw refusal(place.pointer, keyword, "must be a string");
    const uri = this.#resolveUri(reference, place.base, place.pointer, keyword);
    const base = withoutFragment(uri);
    let fragment = uri.slice(base.length + 1);
    try {
      fragment = decodeURIComponent(fragment);
    } catch {
      throw refusal(place.pointer, keyword, `${JSON.stringify(reference)} is not a URI`);
    }
    const missing = (reason: string) =>
      refusal(
        place.pointer,
        keyword,
        `${JSON.stringify(reference)} ${reason}; only parts of this schema can be referred to`,
      );
    const resource = this.#resources.get(base);
    if (!resource) throw missing("is another document");
    if (fragment !== "" && !fragment.startsWith("/")) {
      const anchor = this.#anchors.get(`${base}#${fragment}`);
      if (!anchor) throw missing("names no anchor");
      if (keyword === "$dynamicRef" && (this.#dynamic.get(fragment) ?? 0) > 1) {
        throw refusal(
          place.pointer,
          keyword,
          `more than one "$dynamicAnchor" is called ${JSON.stringify(fragment)}`,
        );
      }
      return anchor;
    }
    return this.at(resource, fragment, missing);
  }

  /** The place that a JSON pointer leads to. */
  at(from: Place, pointer: string, missing = (reason: string) => refusal(pointer, "schema", reason)): Place {
    let place = from;
    for (const part of pointer.split("/").slice(1)) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      const { schema } = place;
      const found = Array.isArray(schema) ? schema[Number(key)] : own(schema, key);
      if (found === undefined) throw missing("points nowhere");
      place = this.#placeOf(found, pointerOf(place.pointer, key), place.base);
    }
    return place;
  }

  #resolveUri(reference: string, base: string, pointer: string, keyword: string): string {
    try {
      return new URL(reference, base).href;
    } catch (cause) {
      throw refusal(
        pointer,
        keyword,
        `${JSON.stringify(reference)} is not a URI relative to ${JSON.stringify(base)}`,
        cause,
      );
    }
  }
}

const withoutFragment = (uri: string) => uri.split("#")[0];

function own(schema: unknown, key: string): unknown {
  return isRecord(schema) && Object.hasOwn(schema, key) ? schema[key] : undefined;
}

function pointerOf(pointer: string, ...path: (string | number)[]): string {
  return path.reduce<string>(
    (at, key) => `${at}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`,
    pointer,
  );
}
