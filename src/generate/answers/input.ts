// The text of an answer as it comes: what has not been read, and reading that waits for more.

/** Reading that is suspended where the text does not suffice. */
export type Reading<T> = Generator<void, T, void>;

/** What was thought to be a call is none. Never leaves this folder. */
export class NoCall extends Error {}

/** An answer on its way. */
export interface Input {
  /** What has come and has not been read. */
  text: string;
  /** Nothing more comes; `cut`: because the answer was cut off. */
  ended: boolean;
  cut: boolean;
  /** What has been read and may have to be given back. */
  taken: string;
  /** Reads so many characters. */
  take(length: number): string;
}

/** An input; `reveal` turns what stands for a special token into its text. */
export function createInput(reveal: (text: string) => string = (text) => text): Input {
  return {
    text: "",
    ended: false,
    cut: false,
    taken: "",
    take(length) {
      const taken = reveal(this.text.slice(0, length));
      this.text = this.text.slice(length);
      this.taken += taken;
      return taken;
    },
  };
}

/** Waits for more text. Where nothing more comes, there is no call. */
export function* more(input: Input): Reading<void> {
  if (input.ended) throw new NoCall();
  yield;
}

/** Reads white space. */
export function skipSpace(input: Input): void {
  const length = input.text.search(/\S/);
  input.take(length < 0 ? input.text.length : length);
}

/** The next character, which is not read. */
export function* nextCharacter(input: Input): Reading<string> {
  while (input.text === "") yield* more(input);
  return input.text[0];
}

/** The next character that is no white space, which is not read. */
export function* nextVisible(input: Input): Reading<string> {
  for (;;) {
    skipSpace(input);
    if (input.text !== "") return input.text[0];
    yield* more(input);
  }
}

/** Which of the texts comes next, the longest of several, after white space; undefined where none does. It is not read. */
export function* nextOf(input: Input, texts: readonly string[]): Reading<string | undefined> {
  for (;;) {
    skipSpace(input);
    const match = matchStart(input.text, texts);
    if (!match.undecided || input.ended) return match.text;
    yield;
  }
}

/** The longest of the texts with which another begins, and whether a longer one may still come. */
export function matchStart(text: string, texts: readonly string[]): { text?: string; undecided: boolean } {
  let found: string | undefined;
  let undecided = false;
  for (const candidate of texts) {
    if (text.startsWith(candidate)) {
      if (found === undefined || candidate.length > found.length) found = candidate;
    } else if (candidate.startsWith(text)) undecided = true;
  }
  return { text: found, undecided };
}

/** Whether the answer has ended within one of the texts, or before it. */
export function endsWithin(input: Input, texts: readonly string[]): boolean {
  return input.ended && (input.text === "" || texts.some((text) => text.startsWith(input.text)));
}

/** Reads one text, after white space. */
export function* expect(input: Input, text: string): Reading<void> {
  if ((yield* nextOf(input, [text])) === undefined) throw new NoCall();
  input.take(text.length);
}

/** Reads up to a text and the text itself, and returns what stands before it: at most `most` characters. */
export function* readUntil(input: Input, text: string, most: number): Reading<string> {
  for (;;) {
    const at = input.text.indexOf(text);
    if (at > most || (at < 0 && input.text.length > most + text.length)) throw new NoCall();
    if (at >= 0) {
      const before = input.take(at);
      input.take(text.length);
      return before;
    }
    yield* more(input);
  }
}
