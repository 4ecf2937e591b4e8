// POST /v1/messages/count_tokens: how long the prompt of a conversation is.
import { ANTHROPIC } from "../answers/anthropic.ts";
import { variablesOf } from "../answers/chat-answers.ts";
import { modelHere } from "../models/here.ts";
import { countRequestTable, toPrompt } from "../requests/message-request.ts";
import { templatesOf } from "../requests/thinking.ts";
import { post } from "../route.ts";
import { COUNT, objectOf } from "../schema-parts.ts";

export const countTokens = post({
  path: "/v1/messages/count_tokens",
  scope: "chat",
  summary: "Counts the tokens of a conversation's prompt, as Anthropic's clients ask.",
  body: countRequestTable,
  dialect: ANTHROPIC,
  answers: {
    "application/json": objectOf({ input_tokens: COUNT }),
  },
  async handle({ request, body, find, ignored }) {
    const listed = await find(body.model);
    const chat = toPrompt(body, { templates: templatesOf(listed.model), ignored });
    const [{ tools }] = chat.choices;
    const templateVariables = variablesOf(chat, listed);
    const tokens = await modelHere(listed, "counts of tokens").encode(chat.messages, {
      tools,
      templateVariables,
      signal: request.signal,
    });
    return Response.json({ input_tokens: tokens.length });
  },
});
