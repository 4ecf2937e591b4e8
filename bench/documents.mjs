// Documents of four choices with five examples, as tokens, the same for every engine.
import { createRandom } from "../dist/src/random.js";

const [contextTokens, choiceTokens, choices, vocabulary] = [1200, 8, 4, 20_000];

/** Each a list of choices: `{ context, continuation }`, the context shared. */
export function documentsOf(count, seed) {
  const random = createRandom(seed);
  const tokens = (length) => Array.from({ length }, () => 10 + random.integer(vocabulary));
  return Array.from({ length: count }, () => {
    const context = tokens(contextTokens);
    return Array.from({ length: choices }, () => ({ context, continuation: tokens(choiceTokens) }));
  });
}

/** What a measurement is given on its command line: MODEL [DOCUMENTS] [THREADS] [ROUNDS]. */
export function documentsFromArguments([model, count = "1", threads = "2", rounds = "3"]) {
  if (!model) throw new Error("which model? Give the path of one");
  return { model, count: Number(count), threads: Number(threads), rounds: Number(rounds) };
}
