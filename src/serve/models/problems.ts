// What clients are told whose model is not there: too large, on its way, broken, unknown.
import { BaimoError } from "../../errors.ts";
import { listed } from "../../option-kinds.ts";
import { badParameter, Problem, toProblem } from "../problem.ts";

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
const quoted = (id: string) => `the model "${id}"`;

export function tooLarge(id: string, bytes: number, budget: number): Problem {
  const message = `${quoted(id)} takes ${gigabytes(bytes)}, but this server has ${gigabytes(budget)} for models; ask for another, or give it more with --memory`;
  return new Problem(503, message, { param: "model", code: "model_too_large" });
}

export function noRoom(id: string, bytes: number, budget: number): Problem {
  const message = `${quoted(id)} takes ${gigabytes(bytes)}; models that stay leave less of the ${gigabytes(budget)} for models`;
  return new Problem(503, message, { param: "model", code: "no_room_for_model" });
}

export function stillLoading(id: string): Problem {
  return new Problem(503, `${quoted(id)} is being loaded; ask again in a moment`, {
    code: "model_loading",
    headers: { "retry-after": "10" },
  });
}

/** What clients are told whose model could not be loaded; the text of an error may tell of the server's insides. */
export function failure(id: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BaimoError && error.code === "memory") {
    return new Problem(503, error.message, { param: "model", code: "model_too_large", cause: error });
  }
  const problem = toProblem(error);
  const { status } = problem;
  if (status === 502) return problem; // it says which endpoint, and no more
  const message = `${quoted(id)} could not be loaded; the server's log says why`;
  return new Problem(status === 403 ? 403 : 500, message, { code: "model_not_loaded", cause: error });
}

export function unknownModel(name: string, ids: readonly string[]): Problem {
  const names = ids.map((id) => `"${id}"`).join(", ") || "none";
  return new Problem(404, `the model "${name.slice(0, 200)}" is not here; this server has ${names}`, {
    param: "model",
    code: "model_not_found",
  });
}

/** Of a model that cannot be unloaded. */
export function stays(id: string): Problem {
  return new Problem(409, `${quoted(id)} stays as long as the server runs`, {
    param: "model",
    code: "model_stays",
  });
}

/** Of a request that leaves open which of several models it is for. */
export function noName(ids: readonly string[]): Problem {
  const message = `'model' is missing; this server has ${listed(ids) || "none"}`;
  return badParameter("model", "missing_required_parameter", message);
}
