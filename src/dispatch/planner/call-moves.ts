// The steps "call": operations of third parties and tools of MCP servers.
import { isRecord, type JsonSchema } from "../../json.ts";
import { mismatches } from "../check-schema.ts";
import type { TaskNode } from "../graph/task.ts";
import type { Catalogue } from "./catalogue.ts";
import { type Draft, from, grown, type Move, next, object, refTo } from "./draft.ts";
import type { RequestWords } from "./words.ts";

export function callMoves(draft: Draft, { operations, remoteTools }: Catalogue, words: RequestWords): Move[] {
  const moves: Move[] = [];
  for (const { service, operation } of operations) {
    const { operationId, parameters, body, answer } = operation;
    if (body !== undefined && !isRecord(body.properties)) continue;
    const params = object(
      Object.fromEntries(parameters.map(({ name, schema }) => [name, argument(schema, draft, words)])),
    );
    moves.push({
      name: `call ${service}.${operationId}`,
      schema: object(
        body === undefined ? { params } : { params, body: object(propertiesOf(body, draft, words)) },
      ),
      add(before, args) {
        const call = { service, operationId, params: bound(before, args.params) };
        const given = args.body === undefined ? {} : { body: bound(before, args.body) };
        return answered(before, next(before, "http.call", Object.assign(call, given)), answer);
      },
    });
  }
  for (const { server, tool, input, answer } of remoteTools) {
    const required = requiredOf(input);
    if (!required) continue;
    moves.push({
      name: `call ${server}.${tool}`,
      schema: object({ input: object(propertiesOf(required, draft, words)) }),
      add: (before, args) =>
        answered(
          before,
          next(before, "mcp.call", { server, tool, input: bound(before, args.input) }),
          answer,
        ),
    });
  }
  return moves;
}

/** The part of a tool's input that must be given; nothing where that is more than words and numbers that can be checked. */
function requiredOf({ properties, required }: JsonSchema): JsonSchema | undefined {
  const names = Array.isArray(required) ? required.map(String) : [];
  const all = isRecord(properties) ? properties : {};
  return names.every((name) => isPlain(all[name]))
    ? { properties: Object.fromEntries(names.map((name) => [name, all[name]])) }
    : undefined;
}

function isPlain(schema: unknown): boolean {
  if (!isRecord(schema) || /object|array/.test(String(schema.type))) return false;
  try {
    mismatches("", schema);
    return true;
  } catch {
    return false; // a keyword that is not read
  }
}

const propertiesOf = ({ properties }: JsonSchema, draft: Draft, words: RequestWords) =>
  Object.fromEntries(
    Object.entries(properties ?? {}).map(([name, schema]) => [
      name,
      argument(isRecord(schema) ? schema : {}, draft, words),
    ]),
  );

const bound = (before: Draft, given: unknown) =>
  Object.fromEntries(
    Object.entries(isRecord(given) ? given : {}).map(([name, value]) => [name, from(before, value)]),
  );

/** The plan with a call, whose answer's fields can be named. */
function answered(before: Draft, node: TaskNode, answer: JsonSchema): Draft {
  const fields = isRecord(answer.properties) ? Object.entries(answer.properties) : [];
  const refs = fields.map(([name, schema]) =>
    refTo(node, `/${name}`, name, {
      isList: false,
      isNumber: isRecord(schema) && /number|integer/.test(String(schema.type)),
    }),
  );
  return grown(before, node, refs);
}

/** An argument of a third party: as its schema has it, from the request, or of an earlier step. */
function argument(schema: JsonSchema, { refs }: Draft, words: RequestWords): JsonSchema {
  if (schema.const !== undefined) return schema;
  const isNumber = /number|integer/.test(String(schema.type));
  const written = isNumber ? words.numbers : [...words.texts, ...words.dates];
  const literals = Array.isArray(schema.enum) ? schema.enum : written;
  const fitting = literals.filter((value) => mismatches(value, schema).length === 0);
  const values = refs.filter((each) => !each.isList && each.isNumber === isNumber).map(({ name }) => name);
  const enumerated: JsonSchema[] =
    [...fitting, ...values].length > 0 ? [{ enum: [...new Set<unknown>([...fitting, ...values])] }] : [];
  const isFree = schema.pattern !== undefined || enumerated.length === 0; // a code, which nobody writes out
  return { anyOf: [...enumerated, ...(isFree ? [schema] : [])] };
}
