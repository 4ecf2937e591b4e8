// How an answer came about, in a few words: how it ended, its tokens, their rate, the time.
import type { Message } from "../store/conversation.ts";
import type { ConversationWords } from "./words.ts";

/** The facts that are known of an answer. */
export function factsOf(
  { state, left, tokens, rate, seconds, failure }: Message,
  words: ConversationWords,
): string[] {
  const facts: string[] = [];
  const ending = failure ? undefined : words.states[state];
  if (ending) facts.push(ending);
  if (left) facts.push(words.left(left));
  if (tokens) facts.push(words.tokens(tokens));
  if (rate) facts.push(words.rate(short(rate)));
  if (seconds !== undefined && seconds >= 0.1) facts.push(words.seconds(short(seconds)));
  return facts;
}

/** As exact as a reader cares for: 0.4, 3.2, 48. */
const short = (value: number) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
