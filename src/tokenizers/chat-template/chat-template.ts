// Renders chat templates as transformers does: Jinja in its environment.

import { BaimoError } from "../../errors.ts";
import { Environment, type Node, readProgram, readTokens } from "./jinja-package.ts";
import { prepareProgram, rewriteTests } from "./jinja-prepare.ts";
import { PythonInterpreter } from "./jinja-runtime.ts";

/** What a template may read besides the conversation. */
export interface ChatTemplateOptions {
  bosToken?: string;
  eosToken?: string;
  /** Further special tokens by name, such as `unk_token`. */
  specialTokens?: Readonly<Record<string, string>>;
}

/** One rendering. */
export interface RenderOptions {
  messages: readonly unknown[];
  tools?: readonly unknown[];
  /** End with what begins the answer. Default true. */
  addGenerationPrompt?: boolean;
  /** Further variables, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>>;
  /** What `strftime_now` takes for the present. Default: the clock. */
  now?: Date;
}

/** A compiled template. */
export interface ChatTemplate {
  /**
   * Renders a conversation.
   *
   * @throws {BaimoError} `request` with the template's own message where it refuses (raise_exception), or saying what
   * went wrong in it
   */
  render(options: RenderOptions): string;
}

/** ChatML, for models that were trained on it and come without a template. */
export const CHATML_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/**
 * Compiles a chat template.
 *
 * @throws {BaimoError} `format` when it is not Jinja as far as it is understood
 */
export function createChatTemplate(source: string, options: ChatTemplateOptions = {}): ChatTemplate {
  let program: Node;
  try {
    program = prepareProgram(readProgram(rewriteTests(readTokens(source))));
  } catch (cause) {
    throw new BaimoError("format", `the chat template cannot be read: ${messageOf(cause)}`, { cause });
  }
  return {
    render(request) {
      const environment = new Environment();
      const variables: Record<string, unknown> = {
        ...globals(request.now ?? new Date()),
        ...options.specialTokens,
        ...(options.bosToken === undefined ? {} : { bos_token: options.bosToken }),
        ...(options.eosToken === undefined ? {} : { eos_token: options.eosToken }),
        messages: request.messages,
        tools: request.tools ?? null,
        documents: null,
        add_generation_prompt: request.addGenerationPrompt ?? true,
        ...request.variables,
      };
      try {
        for (const [name, value] of Object.entries(variables)) {
          environment.variables.delete(name);
          environment.set(name, value);
        }
        return String(new PythonInterpreter(environment).run(program).value);
      } catch (cause) {
        if (cause instanceof BaimoError) throw cause;
        throw new BaimoError("request", `the chat template failed: ${messageOf(cause)}`, { cause });
      }
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function globals(now: Date): Record<string, unknown> {
  return {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    raise_exception: (message: unknown) => {
      throw new BaimoError("request", String(message));
    },
    strftime_now: (format: string) => strftime(now, format),
  };
}

function range(first: number, second?: number | null, step: number | null = 1): number[] {
  const [start, stop] = second === undefined || second === null ? [0, first] : [first, second];
  const by = step ?? 1;
  const out: number[] = [];
  for (let i = start; by > 0 ? i < stop : i > stop; i += by) {
    out.push(i);
    if (out.length > 100_000 || by === 0) throw new Error(`range(${start}, ${stop}, ${by}) is too long`);
  }
  return out;
}

const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** Python's strftime in the C locale, in local time. */
export function strftime(date: Date, format: string): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const hour12 = date.getHours() % 12 || 12;
  const dayOfYear =
    Math.round(
      (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 1)) /
        86_400_000,
    ) + 1;
  const fields: Record<string, () => string> = {
    Y: () => String(date.getFullYear()),
    y: () => two(date.getFullYear() % 100),
    m: () => two(date.getMonth() + 1),
    d: () => two(date.getDate()),
    e: () => String(date.getDate()).padStart(2, " "),
    B: () => MONTHS[date.getMonth()],
    b: () => MONTHS[date.getMonth()].slice(0, 3),
    h: () => MONTHS[date.getMonth()].slice(0, 3),
    A: () => DAYS[date.getDay()],
    a: () => DAYS[date.getDay()].slice(0, 3),
    w: () => String(date.getDay()),
    u: () => String(date.getDay() || 7),
    H: () => two(date.getHours()),
    I: () => two(hour12),
    M: () => two(date.getMinutes()),
    S: () => two(date.getSeconds()),
    f: () => String(date.getMilliseconds() * 1000).padStart(6, "0"),
    p: () => (date.getHours() < 12 ? "AM" : "PM"),
    j: () => String(dayOfYear).padStart(3, "0"),
    F: () => strftime(date, "%Y-%m-%d"),
    T: () => strftime(date, "%H:%M:%S"),
    D: () => strftime(date, "%m/%d/%y"),
    R: () => strftime(date, "%H:%M"),
    c: () => strftime(date, "%a %b %e %H:%M:%S %Y"),
    x: () => strftime(date, "%m/%d/%y"),
    X: () => strftime(date, "%H:%M:%S"),
    z: () => "",
    Z: () => "",
    n: () => "\n",
    t: () => "\t",
    "%": () => "%",
  };
  return format.replace(/%(-?)([A-Za-z%])/g, (whole, dash: string, letter: string) => {
    const field = Object.hasOwn(fields, letter) ? fields[letter]() : undefined;
    if (field === undefined) return whole;
    return dash ? field.replace(/^[0 ]+(?=.)/, "") : field;
  });
}
