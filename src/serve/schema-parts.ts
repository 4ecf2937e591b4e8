// Parts of the JSON Schemas by which the OpenAPI document tells of answers.
import type { JsonSchema } from "../json.ts";

export const TEXT: JsonSchema = { type: "string" };
export const COUNT: JsonSchema = { type: "integer", minimum: 0 };

/** An object that has these properties, all of them but the optional ones. */
export const objectOf = (properties: JsonSchema, optional: readonly string[] = []): JsonSchema => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
