// Fields that say what an answer must be: OpenAI's response_format, vLLM's, llama.cpp's.
import type { AnswerConstraint } from "../../generate/types.ts";
import { choice, fields, flag, list, plain, required, text } from "../../option-kinds.ts";
import { isPlain, type Kind, type OptionsOf, refusal } from "../../options.ts";
import { badParameter } from "../problem.ts";
import { ignored, notDone, only } from "./fields.ts";

const responseFormat = fields({
  json_schema: fields({ name: text({ most: 64 }), description: ignored, schema: plain, strict: flag }),
  schema: plain, // llama.cpp's place for it
  type: required(choice("text", "json_object", "json_schema")),
});

/** A schema, or the JSON text of one. */
const schemaOrText: Kind<Record<string, unknown>> = {
  kind: "schema",
  allowed: "an object that is a JSON Schema, or its JSON text",
  schema: { type: ["object", "string"] },
  read(value, name, door) {
    if (typeof value !== "string") {
      if (isPlain(value)) return value;
      throw refusal("type", name, value, this.allowed, door);
    }
    try {
      return plain.read(JSON.parse(value), name, door);
    } catch (error) {
      if (error instanceof SyntaxError) throw refusal("value", name, value, this.allowed, door);
      throw error;
    }
  },
};

const pattern = text({ most: 65_536 });
const choices = list(text({ least: 0, most: 65_536 }), { least: 1 });
const grammar = text({ most: 1 << 20 });

export const constraintFields = {
  response_format: responseFormat,
  json_schema: schemaOrText,
  grammar,
  guided_json: schemaOrText,
  guided_regex: pattern,
  guided_choice: choices,
  guided_grammar: grammar,
  guided_decoding_backend: ignored,
  guided_whitespace_pattern: notDone("the server chooses white space and structure by the schema"),
  structured_outputs: fields({
    json: schemaOrText,
    regex: pattern,
    choice: choices,
    grammar,
    json_object: flag,
    structural_tag: notDone("the server chooses white space and structure by the schema"),
    whitespace_pattern: notDone("the server chooses white space and structure by the schema"),
    disable_fallback: ignored,
    disable_any_whitespace: only(false),
    disable_additional_properties: only(false),
  }),
};

/** A constraint, and what the client calls it. */
export interface NamedConstraint {
  readonly constraint: AnswerConstraint;
  readonly name: string;
}

const ANY_OBJECT = { type: "object" };

/** What an answer must be. @throws {Problem} 400 for two of them, or a format without its schema */
export function readConstraint(body: OptionsOf<typeof constraintFields>): NamedConstraint | undefined {
  const { structured_outputs: structured = {} as NonNullable<typeof body.structured_outputs> } = body;
  const found: NamedConstraint[] = [];
  const add = (name: string, constraint: AnswerConstraint | undefined) => {
    if (constraint) found.push({ name, constraint });
  };
  const schemaOf = (schema: unknown) => (schema === undefined ? undefined : { schema });
  const regexOf = (regex: string | undefined) => (regex === undefined ? undefined : { regex });
  const choiceOf = (one: string[] | undefined) => (one === undefined ? undefined : { choice: one });
  const grammarOf = (text: string | undefined) => (text === undefined ? undefined : { grammar: text });
  const format = formatOf(body.response_format);
  if (format) found.push(format);
  add("json_schema", schemaOf(body.json_schema));
  add("grammar", grammarOf(body.grammar));
  add("guided_json", schemaOf(body.guided_json));
  add("guided_regex", regexOf(body.guided_regex));
  add("guided_choice", choiceOf(body.guided_choice));
  add("guided_grammar", grammarOf(body.guided_grammar));
  add("structured_outputs.json", schemaOf(structured.json));
  add("structured_outputs.regex", regexOf(structured.regex));
  add("structured_outputs.choice", choiceOf(structured.choice));
  add("structured_outputs.grammar", grammarOf(structured.grammar));
  add("structured_outputs.json_object", structured.json_object ? { schema: ANY_OBJECT } : undefined);
  const [first, second] = found;
  if (!second) return first;
  const message = `'${second.name}' says what the answer must be, as '${first.name}' does; give one of them`;
  throw badParameter(second.name, "invalid_value", message);
}

/** OpenAI's words for it. Without a schema it is any object of JSON. */
function formatOf(
  format: OptionsOf<typeof constraintFields>["response_format"],
): NamedConstraint | undefined {
  if (!format) return undefined;
  const { type, json_schema: named, schema } = format;
  const name = "response_format.json_schema.schema";
  const refuse = (param: string, text: string) => {
    throw badParameter(param, "invalid_value", `'${param}' ${text}`);
  };
  if (named && type !== "json_schema") refuse("response_format.json_schema", `needs the type "json_schema"`);
  if (schema && type === "text") refuse("response_format.schema", `needs another type than "text"`);
  if (schema && named?.schema)
    refuse("response_format.schema", `is there beside '${name}'; give one of them`);
  if (type === "text") return undefined;
  if (named?.schema) return { name, constraint: { schema: named.schema } };
  if (schema) return { name: "response_format.schema", constraint: { schema } };
  if (type === "json_object") return { name: "response_format", constraint: { schema: ANY_OBJECT } };
  throw badParameter(name, "missing_required_parameter", `'${name}' is missing; it must be a JSON Schema`);
}
