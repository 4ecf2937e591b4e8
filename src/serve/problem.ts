// Errors in OpenAI's shape: status, type, code and message.
import { BaimoError } from "../errors.ts";
import type { JsonSchema } from "../json.ts";

/** The body of every error answer, and of an error event in a stream. */
export interface ProblemBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

/** What goes beside the message of a `Problem`. */
export interface ProblemDetails {
  /** The parameter at fault, as a path: `messages[2].content`. */
  param?: string;
  /** What programs match on: `model_not_found`, `context_length_exceeded`, … */
  code?: string;
  /** OpenAI's class of error. Default `invalid_request_error` below 500, `server_error` from 500 on. */
  type?: string;
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/** A refusal on its way to the client: thrown anywhere below a route, answered in one place. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly details: ProblemDetails;

  constructor(status: number, message: string, details: ProblemDetails = {}) {
    super(message, { cause: details.cause });
    this.status = status;
    this.details = details;
  }
}

/** A 400 about one parameter of the request. */
export function badParameter(param: string, code: string, message: string): Problem {
  return new Problem(400, message, { param, code });
}

/** What a client is told that asks a server which is closing. */
export function closingProblem(message = "the server is closing; ask again when it is back"): Problem {
  return new Problem(503, message, { code: "server_closing", headers: { "retry-after": "5" } });
}

/**
 * Turns whatever was thrown into a `Problem`. What the caller can change keeps its message; a failure that is nobody's
 * doing but ours says only that it happened, since its text may tell of the server's insides.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BaimoError) {
    // Aborted by the server itself, with its reason.
    if (error.cause instanceof Problem) return error.cause;
    switch (error.code) {
      case "context":
        return new Problem(400, error.message, {
          param: error.option ?? "messages",
          code: "context_length_exceeded",
          cause: error,
        });
      case "request":
        if (error.option !== undefined) return toParameterProblem(error, error.option);
        return new Problem(400, error.message, { cause: error });
      case "config":
        return new Problem(400, error.message, { cause: error });
      case "busy":
        return new Problem(429, error.message, {
          type: "rate_limit_error",
          code: "queue_full",
          headers: { "retry-after": "2" },
          cause: error,
        });
      case "licence":
        return new Problem(403, error.message, { code: "licence", cause: error });
      case "upstream":
        return new Problem(502, error.message, { code: "upstream", cause: error });
      default:
        return new Problem(500, error.message, { code: error.code, cause: error });
    }
  }
  return new Problem(500, "the server failed while it worked on this request; trying again may help", {
    code: "internal_error",
    cause: error,
  });
}

/** An option that only the model could refuse, by the client's name for it: logitBias is logit_bias. */
function toParameterProblem(error: BaimoError, option: string): Problem {
  const [, name = "", way = ""] = /^([^./[]*)(.*)$/s.exec(option) ?? [];
  const param = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) + way;
  const { message } = error;
  // It may begin with the name of a function.
  const said = [message, message.replace(/^\S+: (option )?/, "")].find((each) => each.startsWith(option));
  const text = said === undefined ? `: ${message}` : said.slice(option.length);
  return new Problem(400, `'${param}'${text}`, { param, code: "invalid_value", cause: error });
}

/** The same as a schema for documents. */
export const problemSchema: JsonSchema = {
  type: "object",
  properties: {
    error: {
      type: "object",
      properties: {
        message: { type: "string" },
        type: { type: "string" },
        param: { type: ["string", "null"] },
        code: { type: ["string", "null"] },
      },
      required: ["message", "type", "param", "code"],
    },
  },
  required: ["error"],
};

/** The JSON that tells of a problem. */
export function toProblemBody({ message, status, details }: Problem): ProblemBody {
  const type = details.type ?? (status >= 500 ? "server_error" : "invalid_request_error");
  return { error: { message, type, param: details.param ?? null, code: details.code ?? null } };
}

/** The whole answer that tells of a problem. */
export function toProblemResponse(problem: Problem): Response {
  return Response.json(toProblemBody(problem), {
    status: problem.status,
    headers: { ...problem.details.headers },
  });
}
