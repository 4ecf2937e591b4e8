// Anthropic's errors and event streams.
import { type Dialect, EVENTS } from "../dialect.ts";
import type { Problem } from "../problem.ts";

const types: ReadonlyMap<number, string> = new Map([
  [401, "authentication_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [503, "overloaded_error"],
]);

function toError({ status, message }: Problem) {
  const type = types.get(status) ?? (status >= 500 ? "api_error" : "invalid_request_error");
  return { type: "error", error: { type, message } };
}

export const ANTHROPIC: Dialect = {
  ...EVENTS,
  failure: (problem) => EVENTS.chunk(toError(problem), "error"),
  end: "",
  problem: toError,
  problemName: "AnthropicProblem",
  problemSchema: {
    type: "object",
    properties: {
      type: { const: "error" },
      error: {
        type: "object",
        properties: { type: { type: "string" }, message: { type: "string" } },
        required: ["type", "message"],
      },
    },
    required: ["type", "error"],
  },
};
