// POST /tokenize: a text or a conversation as token ids, as vLLM's and llama.cpp's clients ask.
import { chatTable } from "../../generate/options.ts";
import { flag, withDefault } from "../../option-kinds.ts";
import { checkRead } from "../answers/unread.ts";
import { modelHere } from "../models/here.ts";
import { modelId } from "../models/recipe.ts";
import { badParameter } from "../problem.ts";
import { anyText, only } from "../requests/fields.ts";
import { conversation } from "../requests/messages.ts";
import { toolFields } from "../requests/tools.ts";
import { post } from "../route.ts";
import { COUNT } from "../schema-parts.ts";

export const tokenize = post({
  path: "/tokenize",
  scope: "models",
  summary: "The token ids of a text, or of a conversation as an answer begins with it.",
  body: {
    model: modelId,
    prompt: anyText,
    content: anyText,
    messages: conversation,
    tools: toolFields.tools,
    documents: chatTable().documents,
    chat_template_kwargs: chatTable().templateVariables,
    add_generation_prompt: only(true),
    continue_final_message: only(false),
    add_special_tokens: flag,
    add_special: flag,
    parse_special: withDefault(flag, true),
    return_token_strs: flag,
    with_pieces: only(false),
  },
  answers: {
    "application/json": {
      type: "object",
      properties: {
        tokens: { type: "array", items: COUNT },
        count: COUNT,
        max_model_len: COUNT,
        token_strs: { type: ["array", "null"], items: { type: "string" } },
      },
      required: ["tokens", "count", "max_model_len"],
    },
  },
  async handle({ request, body, find, ignored }) {
    const { prompt, content, messages, tools, documents, chat_template_kwargs: templateVariables } = body;
    const { add_special_tokens, add_special, parse_special: parseSpecialTokens } = body;
    // vLLM's clients say `prompt` and get special tokens unless they decline; llama.cpp's say `content` and get none.
    const addSpecialTokens = add_special_tokens ?? add_special ?? content === undefined;
    const given = [prompt, content, messages].filter((each) => each !== undefined);
    const [what] = given;
    if (given.length !== 1 || what === undefined) {
      const message = "'prompt' is a text; give it, or 'messages', and not both";
      throw badParameter(
        "prompt",
        given.length === 0 ? "missing_required_parameter" : "invalid_value",
        message,
      );
    }
    for (const name of ["tools", "documents", "chat_template_kwargs"] as const) {
      if (body[name] === undefined || messages) continue;
      throw badParameter(name, "invalid_value", `'${name}' is of a conversation; give 'messages', too`);
    }
    const model = modelHere(await find(body.model), "token ids");
    checkRead({ documents, variables: templateVariables }, model, ignored);
    const options = {
      addSpecialTokens,
      parseSpecialTokens,
      tools,
      documents,
      templateVariables,
      signal: request.signal,
    };
    const tokens = await model.encode(what, options);
    const strings = body.return_token_strs ? tokens.map((id) => model.tokenizer.idToToken(id) ?? "") : null;
    return Response.json({
      tokens,
      count: tokens.length,
      max_model_len: model.contextLength,
      token_strs: strings,
    });
  },
});
