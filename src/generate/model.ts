// The Model that `load` returns: text in, events out, over one engine.
import { BaimoError, throwIfAborted } from "../errors.ts";
import { type CheckpointInput, checkpointKind } from "../formats/checkpoint.ts";
import { grouped } from "../grouped.ts";
import type { DeclaredLicences } from "../models/declared-licences.ts";
import type { ModelDescription } from "../models/open-model.ts";
import { onAbort } from "../on-abort.ts";
import {
  fields,
  flag,
  isArrayLike,
  list,
  required,
  signal,
  text,
  tokenIds,
  whole,
  withDefault,
} from "../option-kinds.ts";
import { call, type Kind, readOptions, refusal, type TableOf } from "../options.ts";
import type { AdapterUse } from "../tensor/backend.ts";
import type { ChatTemplate } from "../tokenizers/chat-template/chat-template.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Adapters } from "./adapters.ts";
import { answerFormatOf, checkToolsAreKnown } from "./answers/answer-format-of.ts";
import {
  type Answering,
  type AnswerReading,
  createAnswerStream,
  demandedTools,
  offeredTools,
  schemasOf,
  specialTokensOf,
  strictTools,
} from "./answers/answer-stream.ts";
import { inForms, type MessageForms, messageForms } from "./answers/message-forms.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { Channel } from "./channel.ts";
import { checkTokens } from "./check-tokens.ts";
import { embedTable, embedTexts } from "./embed.ts";
import type { StreamMessage } from "./engine.ts";
import type { EngineSlot } from "./engine-slot.ts";
import { tokensToKeep } from "./full-context.ts";
import { endTokensOf, type Prompt, promptTooLong } from "./language.ts";
import { conversations } from "./messages.ts";
import { createCacheFunctions } from "./model-cache.ts";
import {
  adapterTable,
  chatTable,
  encodePromptTable,
  generateTable,
  logitsTable,
  type ReadGenerateOptions,
  resolveOptions,
  scoreTable,
} from "./options.ts";
import type { Prompts } from "./prompts.ts";
import type {
  EmbedRequest,
  EngineResult,
  LogitsRequest,
  MeasureRequest,
  MeasureResult,
  ScoreRequest,
} from "./protocol.ts";
import type { Queue } from "./queue.ts";
import { rankTexts, rerankTable } from "./rerank.ts";
import type { CacheOwner } from "./saved-cache.ts";
import { scoreTexts } from "./score.ts";
import { createTextStream } from "./text-stream.ts";
import type {
  AdapterChoice,
  ChatEvent,
  ChatMessage,
  ChatOptions,
  EngineInfo,
  Finish,
  GeneratedToken,
  GenerateEvent,
  LogitsOptions,
  Model,
} from "./types.ts";

/** What a model is made of. */
export interface ModelResources {
  readonly engine: EngineSlot;
  readonly prompts: Prompts;
  readonly description: ModelDescription;
  readonly tokenizer: Tokenizer;
  readonly chatTemplate?: ChatTemplate;
  readonly contextLength: number;
  readonly info: EngineInfo;
  /** What files of its cache are bound to. */
  cacheOwner(): Promise<CacheOwner>;
  readonly adapters: Adapters;
  readonly queue: Queue;
  /** A model that guesses its tokens; disposed of with it where it is its own. */
  readonly draft?: { readonly model: Model; readonly isOwn: boolean };
  /** Brings a source of the Hub to this machine. */
  fetch(source: CheckpointInput, signal?: AbortSignal): Promise<CheckpointInput>;
}

/** Logits and hidden states of a prompt, for comparison with a golden run. */
export interface Trace {
  /** [tokens, vocabSize] */
  logits: Float32Array;
  /** [numLayers + 1][tokens, hiddenSize]: the input of each block, and the output of the final norm. */
  hidden: readonly Float32Array[];
  /** The same of the encoder; empty without one. */
  encoderHidden: readonly Float32Array[];
}

/** A Model and what the project's own tools need besides. */
export interface TraceableModel extends Model {
  /** The licences that the model's files declare, by where it stands: card, gguf, file. */
  readonly declaredLicences: DeclaredLicences;
  trace(tokens: ArrayLike<number>, options?: Pick<LogitsOptions, "encoderTokens">): Promise<Trace>;
  /**
   * Runs a text without an answer.
   * @throws {BaimoError} `request` for a model with an encoder, `context` for a text that does not fit
   */
  measure(tokens: ArrayLike<number>, options?: MeasureOptions): Promise<Measurement>;
}

/** Options of `measure`. */
export interface MeasureOptions {
  /** Log-probabilities of the tokens from this one on are wanted. Default 1: all that have one before them. */
  from?: number;
  /** Sum the squares of what weight matrices are multiplied with. Default false. */
  columnSums?: boolean;
  signal?: AbortSignal;
}

/** What `measure` takes, for a text of so many tokens. */
export const measureTable = (tokens: number) =>
  ({
    from: withDefault(whole({ min: 1, max: tokens }), 1),
    columnSums: withDefault(flag, false),
    signal,
  }) satisfies TableOf<MeasureOptions>;

/** What a text gave. */
export type Measurement = Pick<MeasureResult, "logprobs" | "columns">;

/** Puts a model together. */
export function createModel(parts: ModelResources): TraceableModel {
  const { engine, prompts, description, tokenizer, contextLength, adapters, queue } = parts;
  const { config } = description;
  const endTokens = endTokensOf(tokenizer, config);
  const hasEncoder = config.encoderLayers > 0;
  const { vocabSize } = config;
  const idsKind = tokenIds(vocabSize);
  const generateOptions = generateTable(vocabSize);
  const chatOptions = chatTable(vocabSize);
  const textOrIds: Kind<string | number[]> = {
    kind: "prompt",
    allowed: `a string, or ${idsKind.allowed}`,
    read(value, name, door) {
      if (typeof value === "string") return value;
      if (isArrayLike(value)) return idsKind.read(value, name, door);
      throw refusal("type", name, value, this.allowed, door);
    },
  };
  const scoredTexts = list(fields({ context: required(textOrIds), continuation: required(textOrIds) }));
  const embeddedTexts = list(textOrIds);
  const rankedText = text({ least: 0, most: Infinity });
  const rankedTexts = list(rankedText);
  const messagesKind = conversations([...tokenizer.chatTemplates.values()].join("\n"));

  const checkPrompt = (tokens: readonly number[]) => {
    if (tokens.length === 0) throw new BaimoError("request", "the prompt has no tokens; pass at least one");
    if (tokens.length >= contextLength) throw promptTooLong(tokens.length, contextLength);
    checkTokens(tokens, config.vocabSize);
  };

  /** What an encoder reads; a model has one or has none. */
  const checkEncoderTokens = (tokens: ArrayLike<number> | undefined): Int32Array | undefined => {
    if (hasEncoder !== (tokens !== undefined)) {
      const text = hasEncoder
        ? `${description.name} has an encoder: pass its tokens as encoderTokens`
        : `${description.name} has no encoder: leave out encoderTokens`;
      throw new BaimoError("request", text);
    }
    if (!tokens) return undefined;
    const ids = Array.from(tokens);
    if (ids.length === 0)
      throw new BaimoError("request", "the encoder's text has no tokens; pass at least one");
    checkTokens(ids, config.vocabSize);
    if (ids.length > contextLength) {
      throw new BaimoError(
        "context",
        `the encoder's text has ${ids.length} tokens, but the model was loaded for ${contextLength}; ` +
          "shorten it, or load the model with a larger contextLength (--context)",
      );
    }
    return Int32Array.from(ids);
  };

  /** Tokens of a call's own that fit the context. */
  const readTokens = (tokens: unknown, where: string): Int32Array => {
    const read = idsKind.read(tokens, "tokens", call(where));
    if (read.length > contextLength) {
      throw new BaimoError("context", `${read.length} tokens do not fit a context of ${contextLength}`);
    }
    return Int32Array.from(read);
  };

  /** Runs a request that is all or nothing. `what` is being done, for messages. */
  const runWhole = async <K extends WholeRequest["kind"]>(
    request: Extract<WholeRequest, { kind: K }>,
    signal: AbortSignal | undefined,
    what: string,
  ) => {
    const result = await engine.run(request, { signal });
    if ("aborted" in result && result.aborted)
      throw new BaimoError("aborted", `${what} was aborted`, { cause: signal?.reason });
    return resultOf(request.kind as K, result);
  };

  /** Does the work of a call: until it ends it has a place in the queue, and its adapters. */
  const work = async <T>(
    chosen: readonly AdapterChoice[] | undefined,
    run: (uses: readonly AdapterUse[]) => Promise<T>,
  ): Promise<T> => {
    const leave = queue.enter();
    try {
      return await adapters.using(chosen, run);
    } finally {
      leave();
    }
  };

  const checkHead = () => {
    if (config.languageHead) return;
    const scores = config.classifier ? " and rerank()" : "";
    throw new BaimoError(
      "request",
      `${description.name} foretells no tokens: it has no language head; it is for embed()${scores}`,
    );
  };

  const checkLikelihood = () => {
    checkHead();
    if (!hasEncoder) return;
    throw new BaimoError("request", `${description.name} has an encoder; a text alone has no likelihood`);
  };

  /** Hidden states of a model without a head, and the scores of its classifier. */
  async function traceStates(tokens: Int32Array, signal?: AbortSignal) {
    const pooling = config.classifier?.pooling ?? "mean";
    const request = { kind: "embed", tokens, pooling, from: 0, trace: true } as const;
    const { scores: logits, hidden } = await runWhole(request, signal, "reading states");
    return { logits, hidden, encoderHidden: [] };
  }

  async function runLogits(tokens: ArrayLike<number>, options: LogitsOptions | undefined, trace = false) {
    const where = trace ? "trace" : "logits";
    const {
      positions,
      encoderTokens,
      priority,
      signal,
      adapters: chosen,
    } = readOptions(options, logitsTable(vocabSize), call(where));
    const read = readTokens(tokens, where);
    if (read.length === 0) throw new BaimoError("request", "logits of no tokens were asked for");
    if (trace && !config.languageHead) return traceStates(read, signal);
    checkHead();
    const request = {
      kind: "logits" as const,
      tokens: read,
      positions,
      trace,
      priority,
      encoderTokens: checkEncoderTokens(encoderTokens),
    };
    return work(chosen, (uses) => runWhole({ ...request, adapters: uses }, signal, "computing logits"));
  }

  /** What guesses the tokens of an answer. */
  const guesserOf = ({ speculation }: ReadGenerateOptions) => {
    if (speculation !== "draft" || parts.draft) return speculation ?? (parts.draft ? "draft" : "off");
    throw new BaimoError(
      "request",
      `${description.name} has no draft to guess its tokens; load it with one (draft, --draft)`,
      { option: "speculation" },
    );
  };

  async function* generate(
    text: Prompt | ArrayLike<number>,
    options: ReadGenerateOptions,
    answering?: Answering,
  ): AsyncGenerator<GenerateEvent, Finish> {
    checkHead();
    const leave = queue.enter();
    try {
      return yield* answer(text, options, answering);
    } finally {
      leave();
    }
  }

  async function* answer(
    text: Prompt | ArrayLike<number>,
    options: ReadGenerateOptions,
    answering?: Answering,
  ): AsyncGenerator<GenerateEvent, Finish> {
    const resolved = resolveOptions(options);
    const ids = Array.from("kind" in text ? await prompts.encode(text, options.signal) : text);
    const by = guesserOf(options);
    const given = options.decoderTokens;
    if (given && !hasEncoder)
      throw new BaimoError("request", `${description.name} has no encoder: leave out decoderTokens`);
    // With an encoder the text is the encoder's, and the decoder begins with its start token.
    const encoderTokens = checkEncoderTokens(hasEncoder ? ids : undefined);
    const prompt = hasEncoder ? (given ?? [config.decoderStartTokenId ?? 0]) : ids;
    checkPrompt(prompt);
    const keep = await tokensToKeep({
      text,
      prompt,
      options,
      prompts,
      tokenizer,
      hasEncoder,
      contextLength,
    });
    answering?.begin(prompt);
    const spec = answering?.constraint?.() ?? options.constraint;
    const constraint = spec && (await prompts.constraint(spec, options.signal));
    // An answer that must be whole says by an end token that it is.
    const endsByTokens = spec !== undefined || !resolved.ignoreEos;
    const stopTokens = [...(endsByTokens ? endTokens : []), ...resolved.stopTokens];
    const stream = createTextStream(tokenizer, { stop: resolved.stop, placeOf: answering?.placeOf });
    const lease = adapters.hold(options.adapters);
    const stopper = new AbortController();
    const { signal } = stopper;
    const stop = () => stopper.abort(options.signal?.reason);
    if (options.signal?.aborted) stop();
    const release = onAbort(options.signal, stop);

    const events = new Channel<GenerateEvent>();
    let stopped: string | undefined;
    let seen = 0;
    const push = (delta: { text: string; tokens: GeneratedToken[]; stopped?: string }) => {
      if (delta.text !== "" || delta.tokens.length > 0)
        events.push({ type: "text-delta", text: delta.text, tokens: delta.tokens });
      if (delta.stopped === undefined) return;
      stopped = delta.stopped;
      stopper.abort();
    };
    const onMessage = (message: StreamMessage) => {
      if (message.type === "prompt-progress") return events.push(message);
      for (const token of message.tokens) {
        if (stopped !== undefined) return;
        seen++;
        push(stream.push(token));
      }
    };
    const sent = engine.run(
      {
        kind: "generate",
        adapters: lease.uses,
        priority: options.priority,
        prompt: Int32Array.from(prompt),
        encoderTokens,
        maxTokens: resolved.maxTokens ?? contextLength,
        stopTokens,
        sampler: resolved.sampler,
        keep,
        speculation: by === "off" ? undefined : { by, tokens: options.guessTokens },
        constraint,
      },
      { signal, onMessage },
    );
    const running = sent.finally(lease.release);
    const ended = running.then(
      () => {
        if (stopped === undefined) push(stream.flush());
        events.close();
      },
      (error: unknown) => events.close(error),
    );

    try {
      // Whoever has stopped it hears no more than how it ended.
      for await (const event of events) if (!options.signal?.aborted) yield event;
      const result = resultOf("generate", await running);
      const byStopToken = result.stopToken === undefined ? undefined : tokenizer.idToToken(result.stopToken);
      const finish: Finish = {
        reason: stopped === undefined ? result.reason : "stop",
        stop: stopped ?? byStopToken,
        usage: {
          promptTokens: ids.length,
          completionTokens: stopped === undefined ? result.completionTokens : seen,
          cachedTokens: result.cachedTokens,
        },
        timings: { promptMs: result.promptMs, generationMs: result.generationMs },
        seed: resolved.sampler.seed,
        ...(result.droppedTokens === undefined ? {} : { droppedTokens: result.droppedTokens }),
        ...(result.speculation ? { speculation: result.speculation } : {}),
        ...(result.pages ? { experts: result.pages } : {}),
      };
      yield { type: "finish", ...finish };
      return finish;
    } finally {
      release();
      // With a reason: the exception that stands in for none takes a tenth of a millisecond to make.
      stopper.abort("nobody reads on");
      await ended;
    }
  }

  let reading: AnswerReading | undefined;
  /** How this model's answers are read, found out with the first one. */
  const answerReading = (template: ChatTemplate): AnswerReading => {
    if (reading) return reading;
    const format = answerFormatOf(template);
    const close = format.reasoning?.close[0];
    const texts = [...tokenizer.chatTemplates.values()];
    const reasons = close !== undefined && texts.some((text) => text.includes(close));
    reading = { format, tokenizer, special: specialTokensOf(tokenizer), reasons };
    return reading;
  };

  let forms: MessageForms | undefined;
  /** A conversation as the template reads it. */
  const asRead = (messages: readonly ChatMessage[]): readonly ChatMessage[] => {
    const template = parts.chatTemplate;
    const isPlainText = messages.every(
      ({ content, tool_calls: calls }) => !Array.isArray(calls) && !Array.isArray(content),
    );
    if (!template || isPlainText) return messages;
    forms ??= messageForms(template);
    return inForms(forms, messages);
  };

  /** The prompt of a conversation; `door` is the function that was called. */
  const chatPrompt = (
    messages: unknown,
    { tools, documents, templateVariables, continueFinalMessage }: ConversationOptions,
    door: string,
  ) =>
    ({
      kind: "chat",
      messages: asRead(messagesKind.read(messages, "messages", call(door))),
      tools,
      documents,
      variables: templateVariables,
      continued: continueFinalMessage,
      addSpecialTokens: hasEncoder,
    }) as const;

  async function* chat(
    template: ChatTemplate,
    given: unknown,
    options: unknown,
  ): AsyncGenerator<ChatEvent, Finish> {
    const read = readOptions(options, chatOptions, call("chat"));
    if (Array.isArray(given) && given.length > contextLength) {
      throw new BaimoError(
        "context",
        `${grouped(given.length)} messages do not fit a context of ${contextLength} tokens`,
      );
    }
    const prompt = chatPrompt(given, read, "chat");
    const { tools, toolChoice, readAnswer, parallelToolCalls: parallel, constraint } = read;
    const isDemanded = toolChoice !== "auto" && toolChoice !== "none";
    if (!readAnswer && !isDemanded) return yield* generate(prompt, read);
    const how = answerReading(template);
    const schemas = schemasOf(tools ?? []);
    if (schemas.size > 0) checkToolsAreKnown(how.format, description.name);
    if (toolChoice === "none") schemas.clear();
    const strict = toolChoice === "auto" ? strictTools(schemas, tools ?? []) : [];
    const demand = isDemanded
      ? { tools: demandedTools(schemas, toolChoice), parallel }
      : constraint
        ? { tools: offeredTools(schemas), parallel, otherwise: constraint }
        : strict.length > 0
          ? { tools: strict, parallel, otherwise: "text" as const }
          : undefined;
    const stream = createAnswerStream(how, schemas, demand, prompt.continued === "reasoning_content");
    return yield* stream.read(generate(prompt, read, stream));
  }

  const { saveCache, loadCache } = createCacheFunctions(parts);
  const dispose = async () => {
    await Promise.all([engine.dispose(), prompts.dispose()]);
    if (parts.draft?.isOwn) await parts.draft.model.dispose();
  };
  return {
    name: description.name,
    declaredLicences: description.declaredLicences,
    capabilities: capabilitiesOf({ config, tokenizer }),
    config,
    tokenizer,
    contextLength,
    engine: parts.info,
    get status() {
      return engine.status;
    },
    queue,
    async logits(tokens, options) {
      const { logits } = await runLogits(tokens, options);
      return { data: logits, shape: [logits.length / vocabSize, vocabSize] };
    },
    async trace(tokens, options) {
      const { logits, hidden, encoderHidden } = await runLogits(tokens, options, true);
      return { logits, hidden, encoderHidden };
    },
    async measure(tokens, options) {
      checkLikelihood();
      const read = readTokens(tokens, "measure");
      const { from, columnSums, signal } = readOptions(options, measureTable(read.length), call("measure"));
      const request = { kind: "measure" as const, tokens: read, from, columnSums };
      return work(undefined, (uses) => runWhole({ ...request, adapters: uses }, signal, "measuring"));
    },
    async score(given, options) {
      const {
        alternatives,
        priority,
        signal,
        adapters: chosen,
      } = readOptions(options, scoreTable, call("score"));
      const texts = scoredTexts.read(given, "texts", call("score"));
      checkLikelihood();
      return work(chosen, (uses) =>
        scoreTexts(texts, {
          tokenizer,
          vocabSize: config.vocabSize,
          contextLength,
          top: alternatives,
          run: queue.paced((request) =>
            runWhole({ ...request, adapters: uses, priority }, signal, "scoring"),
          ),
        }),
      );
    },
    async embed(given, options) {
      const read = readOptions(options, embedTable, call("embed"));
      const texts = embeddedTexts.read(given, "texts", call("embed"));
      if (hasEncoder) {
        throw new BaimoError(
          "request",
          `${description.name} has an encoder and a decoder; vectors of such models are not built`,
        );
      }
      return work(undefined, (uses) => {
        const { priority, signal } = read;
        const run = queue.paced((request: EmbedRequest) =>
          runWhole({ ...request, adapters: uses, priority }, signal, "embedding"),
        );
        return embedTexts(texts, read, { ...description, tokenizer, contextLength, run });
      });
    },
    async rerank(query, texts, options) {
      const read = readOptions(options, rerankTable, call("rerank"));
      const given = {
        query: rankedText.read(query, "query", call("rerank")),
        texts: rankedTexts.read(texts, "texts", call("rerank")),
      };
      const { chatTemplate } = parts;
      const { priority, signal } = read;
      return work(undefined, (uses) =>
        rankTexts(given.query, given.texts, read, {
          ...description,
          tokenizer,
          chatTemplate,
          contextLength,
          embed: queue.paced((request) =>
            runWhole({ ...request, adapters: uses, priority }, signal, "ranking"),
          ),
          score: queue.paced((request) =>
            runWhole({ ...request, adapters: uses, priority }, signal, "ranking"),
          ),
        }),
      );
    },
    async encode(prompt, options) {
      const read = readOptions(options, encodePromptTable, call("encode"));
      const { mostTokens = Number.POSITIVE_INFINITY, signal } = read;
      if (typeof prompt === "string") {
        const { addSpecialTokens, parseSpecialTokens } = read;
        const text = { kind: "text", text: prompt, addSpecialTokens, parseSpecialTokens } as const;
        return Array.from(await prompts.encode(text, signal, mostTokens));
      }
      return Array.from(await prompts.encode(chatPrompt(prompt, read, "encode"), signal, mostTokens));
    },
    get adapters() {
      return adapters.list;
    },
    async loadAdapter(source, options) {
      const read = readOptions(options, adapterTable, call("loadAdapter"));
      const input = checkpointKind.read(source, "source", call("loadAdapter"));
      throwIfAborted(read.signal, "loading an adapter");
      return adapters.load(await parts.fetch(input, read.signal), read, (request) => engine.run(request));
    },
    unloadAdapter: async (name) =>
      adapters.unload(adapterTable.name.read(name, "name", call("unloadAdapter")), (request) =>
        engine.run(request),
      ),
    async *complete(prompt, options) {
      const read = readOptions(options, generateOptions, call("complete"));
      const text = textOrIds.read(prompt, "prompt", call("complete"));
      return yield* generate(typeof text === "string" ? { kind: "text", text } : text, read);
    },
    chat(messages, options) {
      checkHead();
      if (!parts.chatTemplate) {
        throw new BaimoError(
          "request",
          `${description.name} has no chat template; use complete() with a plain prompt`,
        );
      }
      return chat(parts.chatTemplate, messages, options);
    },
    saveCache,
    loadCache,
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Requests that give nothing before they are done. */
/** What `chat` and `encode` read of a conversation beside its messages. */
type ConversationOptions = Pick<
  ChatOptions,
  "tools" | "documents" | "templateVariables" | "continueFinalMessage"
>;
type WholeRequest = LogitsRequest | MeasureRequest | ScoreRequest | EmbedRequest;

/** The result, known to be of the kind that was asked for. */
function resultOf<K extends EngineResult["kind"]>(
  kind: K,
  result: EngineResult,
): Extract<EngineResult, { kind: K }> {
  if (result.kind !== kind) throw new BaimoError("device", `a worker answered ${result.kind} to ${kind}`);
  return result as Extract<EngineResult, { kind: K }>;
}
