// The operations of an OpenAPI document: where each is, what it takes, what it answers.
import { BaimoError } from "../../errors.ts";
import { isRecord, type JsonSchema, listOf, numberOf, recordOf, stringOf } from "../../json.ts";
import { resolve } from "../check-schema.ts";

/** A parameter in the path or the query. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly schema: JsonSchema;
}

export interface Operation {
  readonly operationId: string;
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: JsonSchema | undefined;
  /** Of status 200. */
  readonly answer: JsonSchema;
  readonly costFen: number;
}

/** @throws {BaimoError} `format` for a document that says less than a call needs */
export function readOperations(document: JsonSchema, where: string): Map<string, Operation> {
  const operations = new Map<string, Operation>();
  for (const [path, methods] of Object.entries(recordOf(document.paths, `${where}: paths`))) {
    for (const [method, value] of Object.entries(recordOf(methods, `${where}: ${path}`))) {
      const place = `${where}: ${method} ${path}`;
      const operation = recordOf(value, place);
      const operationId = stringOf(operation.operationId, `${place}: operationId`);
      const responses = recordOf(operation.responses, `${place}: responses`);
      operations.set(operationId, {
        operationId,
        method: method.toUpperCase(),
        path,
        parameters: listOf(operation.parameters ?? [], `${place}: parameters`).map((each, at) =>
          readParameter(each, `${place}: parameters[${at}]`),
        ),
        body:
          operation.requestBody === undefined ? undefined : contentOf(operation.requestBody, document, place),
        answer: contentOf(responses["200"], document, `${place}: responses.200`),
        costFen: numberOf(operation["x-cost-fen"] ?? 0, `${place}: x-cost-fen`),
      });
    }
  }
  return operations;
}

function readParameter(value: unknown, where: string): Parameter {
  const parameter = recordOf(value, where);
  const place = stringOf(parameter.in, `${where}.in`);
  if (place !== "path" && place !== "query") {
    throw new BaimoError("format", `${where}.in is ${place}; read: path, query`);
  }
  return {
    name: stringOf(parameter.name, `${where}.name`),
    in: place,
    required: place === "path" || parameter.required === true,
    schema: recordOf(parameter.schema ?? {}, `${where}.schema`),
  };
}

/** The schema of JSON that goes or comes. */
function contentOf(value: unknown, document: JsonSchema, where: string): JsonSchema {
  const content = recordOf(recordOf(value, where).content, `${where}.content`);
  const json = recordOf(content["application/json"], `${where}.content["application/json"]`);
  return resolve(recordOf(json.schema, `${where}: schema`), document);
}

/** The value without what its schema does not name, and the pointers of what was left out. */
export function prune(value: unknown, schema: JsonSchema, document: JsonSchema) {
  const dropped: string[] = [];
  const keep = (value: unknown, given: JsonSchema, at: string): unknown => {
    const { properties, items } = resolve(given, document);
    if (Array.isArray(value)) {
      return isRecord(items) ? value.map((item, i) => keep(item, items, `${at}/${i}`)) : value;
    }
    if (!isRecord(value)) return value;
    const known = isRecord(properties) ? properties : {};
    const kept = Object.entries(value).flatMap(([name, item]): [string, unknown][] => {
      const inner = Object.hasOwn(known, name) ? known[name] : undefined;
      if (isRecord(inner)) return [[name, keep(item, inner, `${at}/${name}`)]];
      dropped.push(`${at}/${name.slice(0, 100)}`);
      return [];
    });
    return Object.fromEntries(kept);
  };
  return { kept: keep(value, schema, ""), dropped };
}
