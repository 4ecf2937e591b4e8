// POST /v1/responses: an answer as items, which later requests may go on from.
import { chatAnswers } from "../answers/chat-answers.ts";
import { runChoices } from "../answers/choices.ts";
import {
  type ResponseContext,
  toResponse,
  toResponseParts,
  type WrittenResponse,
} from "../answers/response.ts";
import type { OutputItem } from "../answers/response-items.ts";
import { responseEventSchema, responseSchema } from "../answers/response-schema.ts";
import { checkRead } from "../answers/unread.ts";
import type { Item } from "../requests/items.ts";
import { responseRequestTable, toResponseRequest } from "../requests/response-request.ts";
import type { OwnResponses } from "../response-store.ts";
import { post } from "../route.ts";

export const responses = post({
  path: "/v1/responses",
  scope: "chat",
  summary: "Answers with items: messages, reasoning and calls.",
  body: responseRequestTable,
  answers: { "application/json": responseSchema, "text/event-stream": responseEventSchema },
  async handle({ request, body, server, visit, find, ignored }) {
    const stored = server.responsesOf(visit);
    const asked = toResponseRequest(body, earlierItems(body.previous_response_id, stored));
    const { chat, items, logprobs, repeated } = asked;
    const listed = await find(chat.model);
    checkRead({ variables: body.chat_template_kwargs }, listed.model, ignored);
    const start = chatAnswers(chat, listed);
    const work = server.begin(request, listed);
    const events = server.recorded(work, runChoices(start(work.signal), work));
    const context: ResponseContext = {
      id: listed.id,
      model: listed.model,
      logprobs,
      repeated,
      keep(response: WrittenResponse) {
        if (!asked.store) return;
        stored.set(response.id, { response, items: [...items, ...toItems(response.output)] });
      },
    };
    if (!chat.stream) return Response.json(await toResponse(events, context));
    const problemOf = (error: unknown) => server.problemOf(error);
    return server.stream(toResponseParts(events, context, { signal: work.signal, problemOf }), work);
  },
});

/** The conversation of an earlier response. @throws {Problem} 404 for one that is not kept */
function earlierItems(id: string | undefined, stored: OwnResponses): readonly Item[] {
  if (id === undefined) return [];
  const details = { param: "previous_response_id", code: "previous_response_not_found" };
  return stored.find(id, details).items;
}

/** What a response said, as later requests read it; a call that was cut off was never made. */
function toItems(output: readonly OutputItem[]): Item[] {
  return output.flatMap((item): Item[] => {
    if (item.type === "function_call") {
      const { status, call_id: id, name, arguments: given } = item;
      return status === "completed" ? [{ type: "function_call", id, name, arguments: given }] : [];
    }
    const text = item.content.map((part) => part.text).join("");
    return item.type === "message"
      ? [{ type: "message", role: "assistant", text }]
      : [{ type: "reasoning", text }];
  });
}
