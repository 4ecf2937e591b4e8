// POST /v1/embeddings: texts as vectors.
import { toBase64 } from "../../base64.ts";
import { choice, flag, required, text, tokenIds, whole, withDefault } from "../../option-kinds.ts";
import { type Kind, refusal } from "../../options.ts";
import { readTexts, readUsageSchema } from "../answers/read-texts.ts";
import { modelId } from "../models/recipe.ts";
import { ignored } from "../requests/fields.ts";
import { post } from "../route.ts";
import { COUNT } from "../schema-parts.ts";

type Input = string | readonly number[];

/** Texts of one request, as OpenAI bounds them. */
const MOST_TEXTS = 2048;

const ids = tokenIds();

/** A text, its ids, or a list of either. */
const input: Kind<readonly Input[]> = {
  kind: "texts",
  allowed: `a string, a list of token ids, or a list of 1 to ${MOST_TEXTS.toLocaleString("en")} of either`,
  schema: {
    anyOf: [
      { type: "string" },
      ids.schema,
      {
        type: "array",
        items: { anyOf: [{ type: "string" }, ids.schema] },
        minItems: 1,
        maxItems: MOST_TEXTS,
      },
    ],
  },
  read(value, name, door) {
    if (typeof value === "string") return [value];
    if (!Array.isArray(value)) throw refusal("type", name, value, this.allowed, door);
    if (typeof value[0] === "number") return [ids.read(value, name, door)];
    if (value.length === 0 || value.length > MOST_TEXTS)
      throw refusal("value", name, value, this.allowed, door);
    return value.map((each: unknown, i) =>
      typeof each === "string" ? each : ids.read(each, `${name}[${i}]`, door),
    );
  },
};

export const embeddings = post({
  path: "/v1/embeddings",
  scope: "embeddings",
  summary: "Texts as vectors.",
  body: {
    model: modelId,
    input: required(input),
    encoding_format: withDefault(choice("float", "base64"), "float"),
    dimensions: whole({ min: 1, max: 1 << 24 }),
    pooling: choice("mean", "last", "cls"),
    normalize: flag,
    prompt_name: text({ most: 1024 }),
    truncate: withDefault(flag, false),
    user: ignored,
  },
  answers: {
    "application/json": {
      type: "object",
      properties: {
        object: { const: "list" },
        data: {
          type: "array",
          items: {
            type: "object",
            properties: {
              object: { const: "embedding" },
              index: COUNT,
              embedding: { anyOf: [{ type: "array", items: { type: "number" } }, { type: "string" }] },
            },
            required: ["object", "index", "embedding"],
          },
        },
        model: { type: "string" },
        usage: readUsageSchema,
      },
      required: ["object", "data", "model", "usage"],
    },
  },
  async handle({ request, body, server, find }) {
    const { pooling, normalize, dimensions, truncate, prompt_name: promptName } = body;
    const listed = await find(body.model);
    const { id, model } = listed;
    const { found, tokens } = await readTexts({ request, server }, listed, "input", (signal) =>
      model.embed(body.input, { pooling, normalize, dimensions, promptName, truncate, signal }),
    );
    const write =
      body.encoding_format === "float"
        ? (vector: Float32Array) => [...vector]
        : (vector: Float32Array) => toBase64(bytesOf(vector));
    return Response.json({
      object: "list",
      data: found.map(({ vector }, index) => ({ object: "embedding", index, embedding: write(vector) })),
      model: id,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
  },
});

/** The bytes of float32, little end first, as OpenAI's clients read them. */
function bytesOf(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of vector.entries()) view.setFloat32(4 * i, value, true);
  return bytes;
}
