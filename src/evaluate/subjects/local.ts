// Weights on this machine as a subject: tokens and windows as lm-evaluation-harness cuts them.
import { BaimoError, throwIfAborted } from "../../errors.ts";
import type { Model, Score } from "../../generate/types.ts";
import { createChatTemplate } from "../../tokenizers/chat-template/chat-template.ts";
import { lengthOf, stripText } from "../../tokenizers/chat-template/jinja/text.ts";
import { promptLoss } from "../score/opencompass/prompt-loss.ts";
import type { EvalRequest } from "../tasks/eval-request.ts";
import { generationSettings } from "../tasks/generation-settings.ts";
import type { Answered, Question, Subject, SubjectChat } from "./subject.ts";

/** Options of `createLocalSubject`. */
export interface LocalSubjectOptions {
  /** Tokens of prompt and answer together. Default: the model's. */
  readonly contextLength?: number;
  /** In place of the model's own chat template. */
  readonly chatTemplate?: string;
}

/** Two parts of a text as tokens. */
interface TokenPair {
  readonly context: number[];
  readonly continuation: number[];
}

/** A model as a subject; the caller disposes of the model. */
export function createLocalSubject(model: Model, options: LocalSubjectOptions = {}): Subject {
  const { tokenizer } = model;
  const contextLength = Math.min(options.contextLength ?? model.contextLength, model.contextLength);
  const { bos_token: bosToken = "", eos_token: eosToken = "" } = tokenizer.specialTokens;
  const prefix = tokenizer.bosTokenId ?? tokenizer.eosTokenIds[0];

  /** As transformers' tokenizers encode: special tokens are read, and BOS is added where none is written. */
  function encode(
    text: string,
    addSpecialTokens = !(bosToken !== "" && text.startsWith(bosToken)),
  ): number[] {
    return tokenizer.encode(text, { addSpecialTokens, parseSpecialTokens: true });
  }

  function pairOf(context: string, continuation: string): TokenPair {
    if (context === "") {
      const tokens = encode(continuation, false);
      return tokens[0] === prefix
        ? { context: tokens.slice(0, 1), continuation: tokens.slice(1) }
        : { context: [prefix], continuation: tokens };
    }
    const kept = stripText(context, undefined, false, true);
    const before = encode(kept);
    return { context: before, continuation: encode(context + continuation).slice(before.length) };
  }

  /** Leaves out the beginning of what is longer than the context. */
  function fitted({ context, continuation }: TokenPair): TokenPair {
    if (continuation.length === 0)
      throw new BaimoError("request", "a continuation has no tokens, so no likelihood");
    const room = contextLength + 1 - continuation.length;
    if (room >= 1) return { context: context.slice(-room), continuation };
    throw new BaimoError(
      "context",
      `a continuation has ${continuation.length} tokens, the context ${contextLength}`,
    );
  }

  /** A long text in windows that predict each token once. */
  function windowsOf(text: string): TokenPair[] {
    const tokens = encode(text);
    if (tokens.length === 0) return [];
    const first = Math.min(contextLength, tokens.length);
    const windows = [{ context: [prefix], continuation: tokens.slice(0, first) }];
    for (let done = first; done < tokens.length; ) {
      const end = Math.min(tokens.length, done + contextLength);
      const from = end - contextLength - 1;
      windows.push({ context: tokens.slice(from, done), continuation: tokens.slice(done, end) });
      done = end;
    }
    return windows;
  }

  /** All tokens but the first, which nothing predicts. */
  function wholeOf(text: string): TokenPair {
    const tokens = encode(text);
    if (tokens.length >= 2 && tokens.length <= contextLength)
      return { context: tokens.slice(0, 1), continuation: tokens.slice(1) };
    throw new BaimoError("context", `a prompt has ${tokens.length} tokens; expected 2 to ${contextLength}`);
  }

  function pairsOf(request: EvalRequest): TokenPair[] {
    if (request.kind === "loglikelihood") return [fitted(pairOf(request.context, request.continuation))];
    if (request.kind === "prompt_loss") return [wholeOf(request.text)];
    return request.kind === "loglikelihood_rolling" ? windowsOf(request.text) : [];
  }

  function scoreAnswer(
    request: EvalRequest,
    pairs: readonly TokenPair[],
    scores: readonly Score[],
  ): Answered {
    const logprob = scores.reduce((sum, score) => sum + score.logprob, 0);
    const promptTokens = pairs.reduce((sum, pair) => sum + pair.context.length + pair.continuation.length, 0);
    const cost = { promptTokens, completionTokens: 0 };
    if (request.kind === "prompt_loss") {
      const masked = request.masked === "" ? 0 : encode(request.masked).length;
      return { answer: [-promptLoss(scores[0].logprobs, masked), scores[0].isGreedy], cost };
    }
    return { answer: request.kind === "loglikelihood" ? [logprob, scores[0].isGreedy] : logprob, cost };
  }

  async function generate({ request, seed }: Question, signal?: AbortSignal): Promise<Answered> {
    if (request.kind !== "generate_until") throw new BaimoError("request", "no prompt to continue");
    const { stop, maxTokens, temperature, topP, topK } = generationSettings(request.settings, "the task");
    const room = contextLength - maxTokens;
    if (room < 1)
      throw new BaimoError("context", `an answer of ${maxTokens} tokens leaves no room for the prompt`);
    const tokens = encode(request.prompt).slice(-room);
    const ids: number[] = [];
    const began = performance.now();
    const drawing = temperature === 0 ? { temperature, seed: 0 } : { temperature, topP, topK, seed };
    for await (const event of model.complete(tokens, { ...drawing, maxTokens, stop, logprobs: 0 })) {
      // Many requests under way would each listen to the signal.
      throwIfAborted(signal, "the evaluation");
      if (event.type === "text-delta") for (const { id } of event.tokens) ids.push(id);
    }
    let text = tokenizer.decode(ids);
    for (const end of [...stop, eosToken]) if (end !== "") text = text.split(end)[0];
    const latency = (performance.now() - began) / 1000;
    return { answer: text, cost: { promptTokens: tokens.length, completionTokens: ids.length, latency } };
  }

  return {
    name: model.name,
    contextLength,
    chat: chatOf(options.chatTemplate ?? tokenizer.chatTemplate, tokenizer.specialTokens),
    facts: {
      model_dtype: model.engine.kernels,
      device: model.engine.device,
      tokenizer_bos_token: [bosToken, String(tokenizer.bosTokenId ?? "")],
      tokenizer_eos_token: [eosToken, String(tokenizer.eosTokenIds[0] ?? "")],
      eot_token_id: tokenizer.eosTokenIds[0] ?? null,
      max_length: contextLength,
    },
    async ask(questions, signal) {
      const pairs = questions.map(({ request }) => pairsOf(request));
      const scores = pairs.some((list) => list.length > 0) ? await model.score(pairs.flat()) : [];
      let at = 0;
      const answers = questions.map((question, i) => {
        if (question.request.kind === "generate_until") return generate(question, signal);
        const own = scores.slice(at, at + pairs[i].length);
        at += own.length;
        return scoreAnswer(question.request, pairs[i], own);
      });
      return Promise.all(answers);
    },
    countTokens: (text) => encode(text).length,
  };
}

function chatOf(
  source: string | undefined,
  specialTokens: Readonly<Record<string, string>>,
): SubjectChat | undefined {
  if (source === undefined) return undefined;
  const template = createChatTemplate(source, { specialTokens });
  return {
    source,
    render: (messages, continued) =>
      template.render({ messages, addGenerationPrompt: !continued, continueFinalMessage: continued }),
  };
}

/** Characters of a text, where a subject cannot count tokens. */
export const roughTokens = (text: string): number => Math.ceil(lengthOf(text) / 3);
