// One answer of a completion while it comes: its text, and log-probabilities in the legacy shape.
import { tokenizerOf } from "../../generate/runs-here.ts";
import type { GeneratedToken, GenerateEvent, Score, TokenLogprob } from "../../generate/types.ts";
import type { JsonSchema } from "../../json.ts";
import type { DecodeStream, Tokenizer } from "../../tokenizers/tokenizer.ts";
import { COUNT } from "../schema-parts.ts";
import type { ListedModel } from "./head.ts";
import { finite, tokenText } from "./tokens.ts";

/** What is gone on with. */
export interface TextPrompt {
  /** What the model is given. */
  readonly given: string | readonly number[];
  /** Its tokens, where they are known. */
  readonly ids: readonly number[];
  readonly text: string;
  /** Whether the text has the names of special tokens in it: ids were given. */
  readonly namesSpecial: boolean;
  /** How likely its tokens are, from the second on, where that is wanted. */
  readonly score?: Score;
}

/** What to know of the model and the request to write answers down. */
export interface TextContext extends ListedModel {
  readonly prompts: readonly TextPrompt[];
  /** How many answers each prompt has; those of one stand side by side. */
  readonly count: number;
  /** Whether an answer begins with its prompt. */
  readonly echo: boolean;
  /** Alternatives to each token; undefined: no log-probabilities. */
  readonly logprobs?: number;
  readonly includeUsage?: boolean;
}

/** Log-probabilities as text completions have them: lists side by side. */
interface LegacyLogprobs {
  readonly tokens: string[];
  /** Null for the first token of a text, which nothing comes before. */
  readonly token_logprobs: (number | null)[];
  /** By the tokens' texts; the token itself is among them. */
  readonly top_logprobs: (Readonly<Record<string, number>> | null)[];
  /** Where each token begins in the text. */
  readonly text_offset: number[];
}

/** Text, and what is told of its tokens. */
interface Piece {
  readonly text: string;
  readonly logprobs: LegacyLogprobs | null;
}

export class TextChoice {
  readonly #prompt: TextPrompt;
  readonly #echo: boolean;
  readonly #tokenizer: Tokenizer | undefined;
  readonly #whole: LegacyLogprobs | null;
  #text = "";
  #begun = false;
  /** Where the next token begins. */
  #offset = 0;
  readonly #decoder: DecodeStream | undefined;

  constructor(prompt: TextPrompt, { model, echo, logprobs }: TextContext) {
    this.#prompt = prompt;
    this.#echo = echo;
    this.#tokenizer = tokenizerOf(model);
    this.#whole = logprobs === undefined ? null : emptyLists();
    this.#decoder = this.#tokenizer?.createDecodeStream();
  }

  /** What comes before the answer, once: the prompt where it is repeated. */
  begin(): Piece | undefined {
    if (this.#begun) return undefined;
    this.#begun = true;
    if (!this.#echo) return undefined;
    const { ids, text, score, namesSpecial } = this.#prompt;
    const decoder = this.#tokenizer?.createDecodeStream({ skipSpecialTokens: !namesSpecial });
    const tokens = ids.map((id, i): GeneratedToken => {
      if (i === 0 || !score) return { id };
      return { id, logprob: score.logprobs[i - 1], top: [...(score.top?.[i - 1] ?? [])] };
    });
    const logprobs = this.#listsOf(tokens, decoder);
    this.#offset = text.length;
    this.#text += text;
    return { text, logprobs };
  }

  /** A piece of the answer. */
  add({ text, tokens }: Extract<GenerateEvent, { type: "text-delta" }>): Piece {
    this.#text += text;
    return { text, logprobs: this.#listsOf(tokens, this.#decoder) };
  }

  get whole(): Piece {
    return { text: this.#text, logprobs: this.#whole };
  }

  #listsOf(tokens: readonly GeneratedToken[], decoder: DecodeStream | undefined): LegacyLogprobs | null {
    const whole = this.#whole;
    if (!whole || !decoder) return null;
    const lists = emptyLists();
    for (const token of tokens) {
      const isFirst = token.logprob === undefined;
      lists.tokens.push(this.#textOf(token.id));
      lists.token_logprobs.push(isFirst ? null : finite(token.logprob));
      lists.top_logprobs.push(isFirst ? null : this.#alternatives(token));
      lists.text_offset.push(this.#offset);
      this.#offset += decoder.push(token.id).length;
    }
    whole.tokens.push(...lists.tokens);
    whole.token_logprobs.push(...lists.token_logprobs);
    whole.top_logprobs.push(...lists.top_logprobs);
    whole.text_offset.push(...lists.text_offset);
    return lists;
  }

  /** Of tokens with one text the likeliest counts. */
  #alternatives({ id, logprob, top = [] }: GeneratedToken): Record<string, number> {
    const found = new Map<string, number>();
    for (const each of [...top, { id, logprob: logprob! } satisfies TokenLogprob]) {
      const text = this.#textOf(each.id);
      found.set(text, Math.max(found.get(text) ?? -Infinity, finite(each.logprob)));
    }
    return Object.fromEntries(found);
  }

  #textOf(id: number): string {
    return this.#tokenizer ? tokenText(this.#tokenizer.tokenBytes(id)) : "";
  }
}

const emptyLists = (): LegacyLogprobs => ({
  tokens: [],
  token_logprobs: [],
  top_logprobs: [],
  text_offset: [],
});

const list = (items: JsonSchema) => ({ type: "array", items });

export const legacyLogprobsSchema: JsonSchema = {
  type: ["object", "null"],
  properties: {
    tokens: list({ type: "string" }),
    token_logprobs: list({ type: ["number", "null"] }),
    top_logprobs: list({ type: ["object", "null"], additionalProperties: { type: "number" } }),
    text_offset: list(COUNT),
  },
  required: ["tokens", "token_logprobs", "top_logprobs", "text_offset"],
};
