// An OpenAI-compatible endpoint as a subject: by likelihood, by generation, or not at all.
import { BaimoError } from "../../errors.ts";
import { isRecord, parseJson } from "../../json.ts";
import { echoBody, echoedScore, echoedTokens, firstChoice } from "../../upstream/echo.ts";
import { promptLoss } from "../score/opencompass/prompt-loss.ts";
import type { EvalRequest } from "../tasks/eval-request.ts";
import { generationSettings } from "../tasks/generation-settings.ts";
import { type EndpointCapabilities, type EndpointClient, isEndpointFailure } from "./endpoint-client.ts";
import type { Answered, Question, Subject } from "./subject.ts";

/** How an endpoint is used. */
export interface EndpointSubjectOptions {
  readonly model: string;
  readonly capabilities: EndpointCapabilities;
  /** Ask through /chat/completions; the endpoint applies its template. */
  readonly isChat: boolean;
  /** What it is called in files. Default: the model. */
  readonly name?: string;
}

/** Bytes that a token is taken for in estimates: a Chinese character has three, a short English word four. */
const BYTES_A_TOKEN = 2;
/** What a tokenizer puts before a text, and a chat template around messages. */
const MOST_ADDED = { plain: 8, chat: 256 };
const roughTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_A_TOKEN);
/** No tokenizer makes more of a text: a token is a byte at least. */
const mostTokens = (text: string, added = MOST_ADDED.plain): number => Buffer.byteLength(text) + added;

/**
 * Says how a kind of request runs there.
 * @throws {BaimoError} `request` where it cannot, with what the probe found; nothing is put in its place
 */
export function checkEndpoint(
  kind: EvalRequest["kind"],
  { capabilities, isChat }: EndpointSubjectOptions,
): void {
  const refuse = (what: string, why: string): never => {
    throw new BaimoError("request", `the endpoint cannot run tasks by ${what}: ${why}`);
  };
  if (kind === "generate_until") {
    const way = isChat ? capabilities.chat : capabilities.completions;
    if (!way.can) refuse("generation", way.why);
  } else if (kind === "loglikelihood_rolling")
    refuse("likelihood", "the first token of an echoed text has none");
  else if (isChat) refuse("likelihood", "conversations are not echoed with their log-probabilities");
  else if (!capabilities.echo.can) refuse("likelihood", capabilities.echo.why);
}

/** An endpoint as a subject. */
export function createEndpointSubject(client: EndpointClient, options: EndpointSubjectOptions): Subject {
  const { model, isChat, name = model } = options;

  const echo = (text: string, signal?: AbortSignal) =>
    client.post("/completions", { model, ...echoBody(text) }, { prompt: mostTokens(text) }, signal);

  async function score(context: string, continuation: string, signal?: AbortSignal): Promise<Answered> {
    const { reply, cost } = await echo(context + continuation, signal);
    const found = echoedScore(reply, context, continuation);
    if (!found)
      throw new BaimoError("request", "the endpoint reported no log-probabilities of a continuation");
    return { answer: [found.logprob, found.isGreedy], cost };
  }

  async function loss(text: string, masked: string, signal?: AbortSignal): Promise<Answered> {
    if (masked !== "")
      throw new BaimoError("request", "the tokens of a masked beginning cannot be counted on an endpoint");
    const { reply, cost } = await echo(text, signal);
    const logprobs = echoedTokens(reply)?.logprobs.slice(1);
    if (logprobs?.every((one) => one !== null))
      return { answer: [-promptLoss(logprobs.map(Number)), false], cost };
    throw new BaimoError("request", "the endpoint reported no log-probabilities of a prompt");
  }

  async function generate({ request, seed }: Question, signal?: AbortSignal): Promise<Answered> {
    if (request.kind !== "generate_until") throw new BaimoError("request", "no prompt to continue");
    const { stop, maxTokens, temperature, topP } = generationSettings(request.settings, "the task");
    const body: Record<string, unknown> = { model, max_tokens: maxTokens, temperature, seed };
    // OpenAI takes at most four stops; the others are cut off below.
    if (stop.length > 0) body.stop = stop.slice(0, 4);
    if (topP !== undefined) body.top_p = topP;
    if (isChat) body.messages = parseJson(request.prompt, "the prompt");
    else body.prompt = request.prompt;
    const path = isChat ? "/chat/completions" : "/completions";
    const prompt = mostTokens(request.prompt, isChat ? MOST_ADDED.chat : MOST_ADDED.plain);
    const { reply, cost } = await client.post(path, body, { prompt, completion: maxTokens }, signal);
    const choice = firstChoice(reply);
    const text = isRecord(choice?.message) ? choice.message.content : choice?.text;
    if (typeof text !== "string") throw new BaimoError("request", "the endpoint answered no text");
    return { answer: stop.reduce((rest, end) => rest.split(end)[0], text), cost };
  }

  async function answer(question: Question, signal?: AbortSignal): Promise<Answered> {
    const { request } = question;
    try {
      if (request.kind === "generate_until") return await generate(question, signal);
      if (request.kind === "loglikelihood") return await score(request.context, request.continuation, signal);
      if (request.kind === "prompt_loss") return await loss(request.text, request.masked, signal);
      throw new BaimoError("request", "the first token of an echoed text has no likelihood");
    } catch (error) {
      if (!isEndpointFailure(error)) throw error;
      const cost = { promptTokens: 0, completionTokens: 0 };
      return { answer: request.kind === "generate_until" ? "" : [0, false], cost, failed: error.message };
    }
  }

  return {
    name,
    chat: isChat
      ? { source: "the endpoint's own", render: (messages) => JSON.stringify(messages) }
      : undefined,
    facts: { device: "endpoint" },
    ask(questions, signal) {
      for (const kind of new Set(questions.map(({ request }) => request.kind))) checkEndpoint(kind, options);
      return Promise.all(questions.map((question) => answer(question, signal)));
    },
    countTokens: roughTokens,
    price: client.purse.price,
    resume(answers) {
      for (const { cost } of answers) {
        const { promptTokens: prompt, completionTokens: completion } = cost;
        client.purse.count({ prompt, completion });
      }
    },
  };
}
