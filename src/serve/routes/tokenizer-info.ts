// GET /tokenizer_info: special tokens and chat template, where evaluations look for a tokenizer.
import { modelHere } from "../models/here.ts";
import { get } from "../route.ts";

const TEXT = { type: ["string", "null"] };

export const tokenizerInfo = get({
  path: "/tokenizer_info",
  scope: "models",
  summary: "The special tokens and the chat template of the only model.",
  answers: {
    "application/json": {
      type: "object",
      properties: {
        tokenizer_class: { type: "string" },
        vocab_size: { type: "integer" },
        model_max_length: { type: "integer" },
        bos_token: TEXT,
        eos_token: TEXT,
        pad_token: TEXT,
        chat_template: TEXT,
      },
      required: ["bos_token", "eos_token", "pad_token"],
    },
  },
  async handle({ find }) {
    const { tokenizer, contextLength } = modelHere(await find(undefined), "a tokenizer");
    const { specialTokens, bosTokenId, eosTokenIds } = tokenizer;
    const named = (role: string, id: number | undefined) =>
      specialTokens[role] ?? (id === undefined ? null : (tokenizer.idToToken(id) ?? null));
    return Response.json({
      tokenizer_class: tokenizer.kind,
      vocab_size: tokenizer.vocabSize,
      model_max_length: contextLength,
      bos_token: named("bos_token", bosTokenId),
      eos_token: named("eos_token", eosTokenIds[0]),
      pad_token: specialTokens.pad_token ?? null,
      chat_template: tokenizer.chatTemplate ?? null,
    });
  },
});
