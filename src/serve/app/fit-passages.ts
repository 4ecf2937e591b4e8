// Chooses the passages of files that fit a context with a question: on a server and in a tab alike.
import type { PassagesPart } from "../../store/parts.ts";
import type { Passage, TextFile } from "../../store/passages.ts";

/** Characters that a token has at the most: a text that has more cannot fit and need not be counted. */
const MANY = 6;
/** Passages of one question. */
const MOST_PASSAGES = 24;

/** Passages in the order in which they are read, as far as there is room. */
export interface Ranked {
  /** All of them, in the order of their files. */
  readonly passages: readonly Passage[];
  readonly ranked: readonly Passage[];
  /** The model whose vectors ranked them. */
  readonly by?: string;
}

/** What is asked of a model, by messages of whatever kind. */
export interface Asked<Message> {
  /** What the model reads, prompt and answer. */
  readonly contextLength: number;
  readonly files: readonly TextFile[];
  /** With the files whole, or with passages in their place. */
  toMessages(passages?: PassagesPart): Message[];
  /** The tokens of messages, and those of one that has this text. */
  sizeOf(messages: readonly Message[]): Promise<number>;
  sizeOfText(text: string): Promise<number>;
  /** What an answer to the question was given before, which it is given again. */
  readonly given?: PassagesPart;
  rank(): Promise<Ranked>;
}

/** The messages of a question: with its files whole where they fit, else with the passages that match it best. */
export async function fitPassages<Message>(
  asked: Asked<Message>,
): Promise<{ messages: Message[]; passages?: PassagesPart }> {
  const { contextLength, files, given } = asked;
  const whole = asked.toMessages();
  if (files.length === 0) return { messages: whole };
  const most = contextLength - Math.min(1024, Math.ceil(contextLength / 4)); // room for an answer
  const characters = files.reduce((sum, { text }) => sum + text.length, 0);
  if (characters < most * MANY && (await asked.sizeOf(whole)) <= most) return { messages: whole };
  if (given) return { messages: asked.toMessages(given), passages: given };
  const { passages, ranked, by } = await asked.rank();
  const none: PassagesPart = { type: "passages", of: passages.length, by, passages: [] };
  let room = most - (await asked.sizeOf(asked.toMessages(none)));
  const chosen = new Set<Passage>();
  for (const passage of ranked.slice(0, MOST_PASSAGES)) {
    room -= await asked.sizeOfText(`[00] ${placeOf(passage)}\n${passage.text}`);
    if (room < 0) break;
    chosen.add(passage);
  }
  const part = { ...none, passages: passages.filter((passage) => chosen.has(passage)) };
  return { messages: asked.toMessages(part), passages: part };
}

/** What a model reads in the place of files, with a question. */
export function passagesText({ of, passages }: PassagesPart): string {
  if (passages.length === 0) return "";
  const texts = passages.map((passage, i) => `[${i + 1}] ${placeOf(passage)}\n${passage.text}`);
  const about =
    `These are ${passages.length} of the files' ${of} passages, those that match the question best. ` +
    "After what you take from one, write its number in brackets, such as [1].";
  return `<passages>\n${texts.join("\n\n")}\n</passages>\n${about}`;
}

/** The last two questions, the last first: a question such as "and the second?" says little by itself. */
export function searchedFor(questions: readonly string[]): string {
  const asked = questions.slice(-2).map((text) => text.slice(0, 1000));
  return asked.reverse().join("\n");
}

/** Of a file whose passages are read instead. */
export const nameOnly = ({ name }: Pick<TextFile, "name">) => `<file name=${JSON.stringify(name)} />`;

/** Where a passage stands, in words. */
export function placeOf({ file, page, heading, line }: Passage): string {
  const places = [page && `page ${page}`, heading && `“${heading}”`, line && `line ${line}`];
  return [file, ...places.filter((place) => place)].join(", ");
}
