// OpenCompass's templates of prompts: a text, or rounds of roles, with examples in their place.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { pythonText } from "../python/values.ts";
import type { Document } from "./document.ts";
import type { ChatTurn } from "./turns.ts";

/** A piece of a prompt; a text without a role stands where the template has one. */
interface Piece {
  readonly role?: string;
  readonly text: string;
}

/** A template, read. */
export interface PromptTemplate {
  /** It has rounds: pieces are joined by line breaks. */
  readonly isRounds: boolean;
  readonly pieces: readonly Piece[];
}

const ROLES: Readonly<Record<string, string>> = { HUMAN: "user", BOT: "assistant", SYSTEM: "system" };

/** Whether a template is one by label. */
export const isByLabel = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) && !("round" in value) && !("begin" in value) && !("end" in value);

/** @throws {BaimoError} `format` for what is neither a text nor rounds */
export function readTemplate(value: unknown, where: string): PromptTemplate {
  if (typeof value === "string") return { isRounds: false, pieces: [{ text: value }] };
  if (!isRecord(value))
    throw new BaimoError("format", `${where} must be a text or rounds but is ${brief(value)}`);
  const pieces = ["begin", "round", "end"].flatMap((key) =>
    [value[key] ?? []].flat().map((piece: unknown): Piece => {
      if (typeof piece === "string") return { text: piece };
      const role = isRecord(piece) ? (piece.fallback_role ?? piece.role) : undefined;
      if (isRecord(piece) && typeof role === "string" && Object.hasOwn(ROLES, role))
        return { role: ROLES[role], text: String(piece.prompt ?? "") };
      throw new BaimoError(
        "format",
        `${where}.${key} has ${brief(piece)}; expected a role (${Object.keys(ROLES).join(", ")}) and a prompt`,
      );
    }),
  );
  return { isRounds: true, pieces };
}

/** What stands in the place of tokens: columns in braces, examples. */
export interface Filling {
  readonly document: Document;
  /** The column of the answer, which is left empty where it is what the model writes. */
  readonly hidden?: string;
  readonly iceToken: string;
  readonly examples: readonly Piece[];
}

/** The pieces of a prompt; empty ones are left out. */
export function fillTemplate({ isRounds, pieces }: PromptTemplate, filling: Filling): Piece[] {
  const { document, hidden, iceToken, examples } = filling;
  // One pass, so that what a column holds is not filled again.
  const columns = (text: string) =>
    text.replace(/\{([^{}\n]+)\}/g, (token, name: string) => {
      if (name === hidden) return "";
      return Object.hasOwn(document, name) ? pythonText(document[name]) : token;
    });
  const filled = pieces.flatMap((piece): Piece[] => {
    if (iceToken === "" || !piece.text.includes(iceToken))
      return [{ role: piece.role, text: columns(piece.text) }];
    if (isRounds && piece.text === iceToken) return [...examples];
    const shown = examples.map(({ text }) => text).join("");
    return [{ role: piece.role, text: piece.text.split(iceToken).map(columns).join(shown) }];
  });
  return filled.filter(({ text }) => text !== "");
}

/** Examples as one template after another: texts end with a line break each. */
export const fillExamples = (
  template: PromptTemplate,
  documents: readonly Document[],
  iceToken: string,
): Piece[] =>
  documents.flatMap((document) =>
    fillTemplate(template, { document, iceToken, examples: [] }).map(({ role, text }) =>
      template.isRounds ? { role, text } : { text: `${text}\n` },
    ),
  );

/** A prompt as a text, as OpenCompass gives it to a model without a template of its own. */
export const promptText = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join("\n");

/** A prompt as a conversation that ends with a question: what the model is to write is left out. */
export function promptTurns(pieces: readonly Piece[]): ChatTurn[] {
  const turns: { role: string; content: string }[] = [];
  for (const { role = "user", text } of pieces) {
    const last = turns.at(-1);
    if (last?.role === role) last.content += `\n${text}`;
    else turns.push({ role, content: text });
  }
  return turns.at(-1)?.role === "assistant" ? turns.slice(0, -1) : turns;
}
