// GET /v1/responses/{id}: a response that was stored.
import { responseSchema } from "../answers/response-schema.ts";
import { badParameter } from "../problem.ts";
import { get } from "../route.ts";

export const response = get({
  path: "/v1/responses/{id}",
  scope: "chat",
  summary: "Gives a stored response again.",
  answers: { "application/json": responseSchema },
  handle({ request, id, server, visit }) {
    if (new URL(request.url).searchParams.get("stream") === "true") {
      const message = "'stream' is not done here: a stored response comes whole; leave it out";
      throw badParameter("stream", "unsupported_parameter", message);
    }
    return Response.json(server.responsesOf(visit).find(id, NOT_FOUND).response);
  },
});

/** Of a response that is not there. */
export const NOT_FOUND = { param: "id", code: "response_not_found" };
