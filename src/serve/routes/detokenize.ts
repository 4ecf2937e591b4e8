// POST /detokenize: the text of token ids.
import { required, tokenIds } from "../../option-kinds.ts";
import { modelHere } from "../models/here.ts";
import { modelId } from "../models/recipe.ts";
import { asClient } from "../requests/fields.ts";
import { post } from "../route.ts";

export const detokenize = post({
  path: "/detokenize",
  scope: "models",
  summary: "The text of token ids, special tokens by their names.",
  body: { model: modelId, tokens: required(tokenIds()) },
  answers: {
    "application/json": {
      type: "object",
      properties: { prompt: { type: "string" }, content: { type: "string" } },
      required: ["prompt", "content"],
    },
  },
  async handle({ body, find }) {
    const model = modelHere(await find(body.model), "texts of token ids");
    const { tokenizer } = model;
    const ids = tokenIds(tokenizer.vocabSize).read(body.tokens, "tokens", asClient);
    const prompt = tokenizer.decode(ids, { skipSpecialTokens: false });
    return Response.json({ prompt, content: prompt });
  },
});
