// Which tokens of a conversation are learned: the answers, each with its end token.
import { BaimoError } from "../errors.ts";
import type { ChatTemplate } from "../tokenizers/chat-template/chat-template.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** A message as a template reads it. */
export interface TaughtMessage {
  readonly role: string;
  readonly content: unknown;
}

/** A conversation as tokens. */
export interface TaughtChat {
  readonly tokens: Int32Array;
  /** 1 for what the model should write. */
  readonly mask: Uint8Array;
}

/** [start, end) in UTF-16 units. */
type Span = readonly [start: number, end: number];

/**
 * A conversation's tokens and which of them are answers: by the template's `{% generation %}` blocks where it has them,
 * else by the text that every answer adds.
 *
 * @throws {BaimoError} `request` where nothing would be learned, both ways disagree, or neither can say
 */
export function maskChat(
  template: ChatTemplate,
  tokenizer: Tokenizer,
  messages: readonly TaughtMessage[],
): TaughtChat {
  const { text, generations } = template.renderWithGenerations({ messages, addGenerationPrompt: false });
  const tokens = Int32Array.from(
    tokenizer.encode(text, { addSpecialTokens: false, parseSpecialTokens: true }),
  );
  const spans = spansOf(tokenizer, tokens, text);
  const byPrefixes = answersByPrefixes(template, tokenizer, messages, text);
  const marked = generations.length > 0 ? markTokens(spans, generations) : undefined;
  const added = byPrefixes && markTokens(spans, byPrefixes);
  const mask = marked ?? added;
  if (!mask) {
    throw new BaimoError(
      "request",
      "the template changes earlier turns when a later one is added, and has no {% generation %} blocks; " +
        "mark its answers with {% generation %} … {% endgeneration %}",
    );
  }
  const differs = added ? mask.findIndex((value, i) => value !== added[i]) : -1;
  if (differs >= 0) {
    throw new BaimoError(
      "request",
      `the template's {% generation %} blocks and the text that its answers add disagree at token ${differs} ` +
        `(${JSON.stringify(tokenizer.decode([tokens[differs]], { skipSpecialTokens: false }))}); correct the template`,
    );
  }
  if (!mask.includes(1)) {
    throw new BaimoError(
      "request",
      `a conversation of ${messages.length} messages has no answer to learn from; roles are ` +
        messages.map(({ role }) => `"${role}"`).join(", "),
    );
  }
  return { tokens, mask };
}

/** For each row the token after it, where that is learned; else -100. Never shift again. */
export function labelsOf({ tokens, mask }: TaughtChat): Int32Array {
  return tokens.map((_, i) => (i + 1 < tokens.length && mask[i + 1] === 1 ? tokens[i + 1] : -100));
}

/** A conversation that is learned, of at most `longest` tokens, and whether some of it was cut. @throws {BaimoError} as `maskChat` */
export function taughtChat(
  template: ChatTemplate,
  tokenizer: Tokenizer,
  messages: readonly TaughtMessage[],
  longest: number,
): { tokens: Int32Array; targets: Int32Array; isCut: boolean } {
  const chat = maskChat(template, tokenizer, messages);
  const tokens = chat.tokens.slice(0, longest);
  const targets = labelsOf(chat).slice(0, longest);
  const isCut = tokens.length < chat.tokens.length;
  if (isCut) targets[targets.length - 1] = -100;
  return { tokens, targets, isCut };
}

/** Tokens that lie within one of some spans whole. */
function markTokens(tokens: readonly Span[], answers: readonly Span[]): Uint8Array {
  return Uint8Array.from(tokens, ([start, end]) =>
    answers.some(([from, to]) => start >= from && end <= to && end > start) ? 1 : 0,
  );
}

/**
 * Where each token stands in a text.
 * @throws {BaimoError} `request` where the tokens do not spell the text
 */
function spansOf(tokenizer: Tokenizer, tokens: Int32Array, text: string): Span[] {
  const bytes = new TextEncoder().encode(text);
  const { starts, ends } = unitsAt(text, bytes.length);
  const pieces = Array.from(tokens, (id) => tokenizer.tokenBytes(id));
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  // Some tokenizers write a space before a text.
  let at = total === bytes.length + 1 ? -1 : 0;
  const differs = () => {
    throw new BaimoError(
      "request",
      "this model's tokenizer changes the text, so that its tokens cannot be told apart; masks need one that does not",
    );
  };
  if (at + total !== bytes.length) differs();
  return pieces.map((piece) => {
    const start = at;
    for (const byte of piece) {
      if (at >= 0 && bytes[at] !== byte) differs();
      at++;
    }
    return [starts[Math.max(0, start)], ends[at]];
  });
}

/** For each byte of a text the UTF-16 units at which its character begins, and at which it has ended before the byte. */
function unitsAt(text: string, length: number): { starts: Int32Array; ends: Int32Array } {
  const [starts, ends] = [new Int32Array(length + 1), new Int32Array(length + 1)];
  let byte = 0;
  let unit = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    // A token that ends within a character has the whole of it, as the one that begins there.
    for (let i = 0; i < size; i++) {
      starts[byte] = unit;
      ends[byte++] = i === 0 ? unit : unit + character.length;
    }
    unit += character.length;
  }
  starts[byte] = ends[byte] = unit;
  return { starts, ends };
}

/** The text that each answer adds, to its end token; undefined where a turn changes what came before it. */
function answersByPrefixes(
  template: ChatTemplate,
  tokenizer: Tokenizer,
  messages: readonly TaughtMessage[],
  text: string,
): Span[] | undefined {
  const spans: Span[] = [];
  for (const [i, { role }] of messages.entries()) {
    if (role !== "assistant") continue;
    let prompt: string;
    let whole: string;
    try {
      prompt = template.render({ messages: messages.slice(0, i), addGenerationPrompt: true });
      whole = template.render({ messages: messages.slice(0, i + 1), addGenerationPrompt: false });
    } catch {
      // A template may refuse a conversation that ends so.
      return undefined;
    }
    if (!whole.startsWith(prompt) || !text.startsWith(whole)) return undefined;
    spans.push([prompt.length, endOfAnswer(tokenizer, prompt, whole)]);
  }
  return spans;
}

/** The end of an answer's last end token; what a template writes behind it is no part of the answer. */
function endOfAnswer(tokenizer: Tokenizer, prompt: string, whole: string): number {
  let end = 0;
  const names = new Set(
    tokenizer.eosTokenIds.map((id) => tokenizer.decode([id], { skipSpecialTokens: false })),
  );
  for (const name of names) {
    const at = name === "" ? -1 : whole.lastIndexOf(name);
    if (at >= prompt.length) end = Math.max(end, at + name.length);
  }
  return end > 0 && whole.slice(end).trim() === "" ? end : whole.length;
}
