// Routes of OpenAI's that this server knows and does not have: each is refused by its name.
import { Problem } from "../problem.ts";
import { get, type Route } from "../route.ts";

export const compactResponse: Route = {
  method: "POST",
  path: "/v1/responses/compact",
  scope: "chat",
  summary: "Not done here: conversations are not compacted.",
  answers: {},
  handle() {
    const message = "this server does not compact conversations; send the items that the model should read";
    throw new Problem(400, message, { code: "unsupported_operation" });
  },
};

export const responseSocket = get({
  path: "/v1/responses",
  scope: "chat",
  summary: "Not done here: responses come by POST, not over a WebSocket.",
  answers: {},
  handle() {
    const message = "responses come by POST, whole or as an event stream; a WebSocket is not done here";
    throw new Problem(405, message, { code: "unsupported_operation", headers: { allow: "POST" } });
  },
});
