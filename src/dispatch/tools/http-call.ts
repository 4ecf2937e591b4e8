// The tool http.call: an operation of a third party's OpenAPI document.
import { setTimeout as sleep } from "node:timers/promises";
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { isRecord, type JsonSchema } from "../../json.ts";
import { mismatches } from "../check-schema.ts";
import { hashOf } from "../evidence.ts";
import { isReference } from "../graph/references.ts";
import { type Operation, prune } from "../http/operations.ts";
import type { HttpAnswer, HttpRequest, Send } from "../http/send.ts";
import type { Args, Tool } from "../tool.ts";

/** A third party. */
export interface Service {
  /** Its OpenAPI document. */
  readonly document: JsonSchema;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly send: Send;
  readonly roles: readonly string[];
}

/** How long one call may take, a second try included. */
export interface HttpLimits {
  readonly ms: number;
}

/** Seconds that are waited before the second try, at most. */
const LONGEST_WAIT = 5;

export function httpCall(services: ReadonlyMap<string, Service>, { ms }: HttpLimits = { ms: 10_000 }): Tool {
  return {
    name: "http.call",
    effect: "read",
    fixed: ["service", "operationId"],
    input: {
      type: "object",
      required: ["service", "operationId"],
      additionalProperties: false,
      properties: {
        service: { type: "string", enum: [...services.keys()] },
        operationId: { type: "string" },
        params: { type: "object" },
        body: {},
      },
    },
    costFen: (args) => find(services, args).operation.costFen,
    async check(args, { role }) {
      const { service, operation } = find(services, args);
      if (!service.roles.includes(role)) {
        throw new BaimoError("request", `permission: the role ${role} may not call ${args.service}`);
      }
      checkArgs(args, service, operation);
      return operation.answer;
    },
    async run({ node, args, signal }) {
      const { service, operation } = find(services, args);
      checkArgs(args, service, operation);
      const body = await answerOf(service.send, requestOf(operation, args), ms, signal);
      const { kept, dropped } = prune(body, operation.answer, service.document);
      const [fault] = mismatches(kept, operation.answer, { root: service.document });
      const { operationId } = operation;
      if (fault) {
        throw new BaimoError(
          "format",
          `the answer to ${operationId} is against its schema: ${fault.at} ${fault.text}`,
        );
      }
      const answerSha256 = await hashOf(kept);
      return {
        output: kept,
        dropped,
        evidence: [{ kind: "http", node, service: String(args.service), operationId, answerSha256 }],
      };
    },
  };
}

function find(services: ReadonlyMap<string, Service>, { service: name, operationId }: Args) {
  const service = services.get(String(name));
  if (!service)
    throw new BaimoError("request", `there is no service ${name}; known: ${[...services.keys()].join(", ")}`);
  const operation = service.operations.get(String(operationId));
  if (operation) return { service, operation };
  const known = [...service.operations.keys()].join(", ");
  throw new BaimoError("request", `${name} has no operation ${operationId}; known: ${known}`);
}

/** References apart, which are looked at again when they are followed. */
function checkArgs(
  { params = {}, body }: Args,
  { document }: Service,
  { parameters, body: schema }: Operation,
): void {
  const options = { root: document, skip: isReference };
  const ofParameters: JsonSchema = {
    type: "object",
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
  };
  const [wrong] = mismatches(params, ofParameters, options);
  if (wrong) throw new BaimoError("request", `params${wrong.at} ${wrong.text}`);
  if (schema === undefined && body !== undefined)
    throw new BaimoError("request", "the operation takes no body");
  if (schema === undefined || (body !== undefined && isReference(body))) return;
  const [fault] = body === undefined ? [{ at: "", text: "is missing" }] : mismatches(body, schema, options);
  if (fault) throw new BaimoError("request", `body${fault.at} ${fault.text}`);
}

function requestOf(
  { operationId, method, path, parameters }: Operation,
  { params, body }: Args,
): HttpRequest {
  const given = isRecord(params) ? params : {};
  let place = path;
  const query = new URLSearchParams();
  for (const { name, in: where } of parameters) {
    if (given[name] === undefined) continue;
    if (where === "path") place = place.replaceAll(`{${name}}`, encodeURIComponent(String(given[name])));
    else query.set(name, String(given[name]));
  }
  const text = query.toString();
  return { operationId, method, path: text === "" ? place : `${place}?${text}`, body };
}

/** The body of an answer; a service that is busy is asked once more. */
async function answerOf(
  send: Send,
  request: HttpRequest,
  ms: number,
  signal?: AbortSignal,
): Promise<unknown> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), ms); // unlike AbortSignal.timeout, it keeps the process alive
  const either = signal ? AbortSignal.any([deadline.signal, signal]) : deadline.signal;
  const { operationId } = request;
  try {
    let answer = await orAborted(send(request, either), either);
    if (answer.status === 503) {
      await sleep(1000 * Math.min(LONGEST_WAIT, answer.retryAfter ?? 1), undefined, { signal: either });
      answer = await orAborted(send(request, either), either);
    }
    if (answer.status === 200) return answer.body;
    throw new BaimoError("request", `${operationId} was answered with status ${answer.status}`);
  } catch (cause) {
    throwIfAborted(signal, operationId);
    if (cause instanceof BaimoError) throw cause;
    const reason = deadline.signal.aborted
      ? `gave no answer within ${ms} ms`
      : `failed: ${(cause as Error).message}`;
    throw new BaimoError("request", `${operationId} ${reason}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** For those who do not look at the signal. */
function orAborted(answer: Promise<HttpAnswer>, signal: AbortSignal): Promise<HttpAnswer> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([answer, aborted]);
}
