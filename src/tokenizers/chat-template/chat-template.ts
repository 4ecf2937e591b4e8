// Renders chat templates as transformers does: Jinja in its environment.

import { BaimoError } from "../../errors.ts";
import { anything, fields, flag, kindOf, list, record, required, text, whole } from "../../option-kinds.ts";
import { call, readOptions, type TableOf } from "../../options.ts";
import { continuation } from "./continue-message.ts";
import type { TemplateLimits } from "./jinja/budget.ts";
import { TemplateError } from "./jinja/errors.ts";
import type { Span } from "./jinja/runtime.ts";
import { compileTemplate, type JinjaTemplate, type Rendered } from "./jinja/template.ts";
import { variablesBeside } from "./variables.ts";

/** What a template may read besides the conversation. */
export interface ChatTemplateOptions {
  bosToken?: string;
  eosToken?: string;
  /** Further special tokens by name, such as `unk_token`. */
  specialTokens?: Readonly<Record<string, string>>;
  /** What one rendering may spend; the defaults stand at `TemplateLimits`. */
  limits?: TemplateLimits;
}

const limit = whole({ min: 1 });
const anyText = text({ least: 0, most: 1 << 24 });

/** The same, declared. */
export const templateTable = {
  bosToken: anyText,
  eosToken: anyText,
  specialTokens: record(anyText),
  limits: fields({ steps: limit, memory: limit, output: limit, depth: limit }),
} satisfies TableOf<ChatTemplateOptions>;

/** One rendering. */
export interface RenderOptions {
  messages: readonly unknown[];
  tools?: readonly unknown[];
  /** What a template for retrieval reads: objects with `title` and `text`. */
  documents?: readonly unknown[];
  /** End with what begins the answer. Default true, and false where the final message is continued. */
  addGenerationPrompt?: boolean;
  /** End within the final message, so that the model goes on with it; a text names the field, `content` by default. */
  continueFinalMessage?: boolean | string;
  /** Further variables, such as `enable_thinking`; one with the name of a special token stands in its place. */
  variables?: Readonly<Record<string, unknown>>;
  /** What `strftime_now` takes for the present. Default: the clock. */
  now?: Date;
}

/** The same, declared. */
export const renderTable = {
  messages: required(list(anything, { most: 1 << 24 })),
  tools: list(anything),
  documents: list(anything),
  addGenerationPrompt: flag,
  continueFinalMessage: kindOf(
    "flagOrText",
    "true, false or the name of a field",
    isFlagOrText,
    (value) => typeof value === "boolean" || (value.length > 0 && value.length <= 256),
  ),
  variables: variablesBeside({
    messages: "give it as the option messages",
    tools: "give it as the option tools",
    documents: "give it as the option documents",
    add_generation_prompt: "give it as the option addGenerationPrompt",
    continue_final_message: "give it as the option continueFinalMessage",
  }),
  now: kindOf(
    "date",
    "a Date that is a time",
    (value) => value instanceof Date,
    (value) => !Number.isNaN(value.getTime()),
  ),
} satisfies TableOf<RenderOptions>;

function isFlagOrText(value: unknown): value is boolean | string {
  return typeof value === "boolean" || typeof value === "string";
}

/** A rendering, and where in it the texts stand that the model itself wrote. */
export interface RenderedChat {
  text: string;
  /** The texts of the template's `{% generation %}` blocks as [start, end) in the text. */
  generations: Span[];
}

/** A compiled template. */
export interface ChatTemplate {
  /**
   * Renders a conversation.
   *
   * @throws {BaimoError} `request` with the template's own message where it refuses (raise_exception), or saying what
   * went wrong in it and where, or which limit it reached
   */
  render(options: RenderOptions): string;
  /** Renders a conversation, and says what in it a model that learns from it should write. Errors as `render`. */
  renderWithGenerations(options: RenderOptions): RenderedChat;
}

/** ChatML, for models that were trained on it and come without a template. */
export const CHATML_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/**
 * Compiles a chat template.
 *
 * @throws {BaimoError} `format` when it is not Jinja
 */
export function createChatTemplate(source: string, given: ChatTemplateOptions = {}): ChatTemplate {
  const options = readOptions(given, templateTable, call("createChatTemplate"));
  const template = compile(
    text({ least: 0, most: Infinity }).read(source, "source", call("createChatTemplate")),
  );
  const tokens: Record<string, unknown> = { ...options.specialTokens };
  if (options.bosToken !== undefined) tokens.bos_token = options.bosToken;
  if (options.eosToken !== undefined) tokens.eos_token = options.eosToken;

  function renderMessages(request: RenderOptions, messages: readonly unknown[]): Rendered {
    const continued = Boolean(request.continueFinalMessage);
    const variables = {
      ...tokens,
      ...request.variables,
      messages,
      tools: request.tools ?? null,
      documents: request.documents ?? null,
      add_generation_prompt: request.addGenerationPrompt ?? !continued,
    };
    try {
      return template.render({ variables, now: request.now, limits: options.limits });
    } catch (cause) {
      throw renderError(cause);
    }
  }

  return {
    render(given) {
      const request = readOptions(given, renderTable, call("render"));
      if (!request.continueFinalMessage) return renderMessages(request, request.messages).text;
      const { messages, cut } = continuation(source, request);
      return cut(renderMessages(request, messages).text);
    },
    renderWithGenerations(given) {
      const request = readOptions(given, renderTable, call("renderWithGenerations"));
      if (request.continueFinalMessage) {
        throw new BaimoError(
          "request",
          "continue_final_message is not compatible with return_assistant_tokens_mask.",
        );
      }
      return renderMessages(request, request.messages);
    },
  };
}

function compile(source: string): JinjaTemplate {
  try {
    return compileTemplate(source);
  } catch (cause) {
    const message =
      cause instanceof TemplateError
        ? `${cause.message}${place(cause)}`
        : isTooDeep(cause)
          ? "it nests too deep"
          : messageOf(cause);
    throw new BaimoError("format", `the chat template cannot be read: ${message}`, { cause });
  }
}

function renderError(cause: unknown): BaimoError {
  if (cause instanceof BaimoError) return cause;
  if (isTooDeep(cause)) return new BaimoError("request", "the chat template nests too deep", { cause });
  if (!(cause instanceof TemplateError)) {
    return new BaimoError("request", `the chat template failed: ${messageOf(cause)}`, { cause });
  }
  // What a template says of its own accord is passed on as it is.
  if (cause.kind === "TemplateError") return new BaimoError("request", cause.message, { cause });
  return new BaimoError("request", `the chat template failed: ${cause.message}${place(cause)}`, { cause });
}

function place({ line }: TemplateError): string {
  return line === undefined ? "" : ` (line ${line})`;
}

/** Whether the call stack was used up: a RangeError in most engines, an InternalError in some. */
function isTooDeep(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && error.name === "InternalError");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
