// The steps of measuring many conversations at once, the same for every engine.

const promptTokens = 64;
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * Milliseconds a token of one conversation and of `count` at once: medians of `rounds`, taken in turns, as a line of JSON.
 * Each conversation has a prompt of 64 tokens of its own; `generate(prompt, tokens)` yields how many tokens have come.
 */
export async function measureMany(generate, { count, tokens, rounds }) {
  let asked = 0;

  /** Milliseconds a token of all answers, from when the last has begun until the first has ended. */
  async function measure(conversations) {
    let [began, waiting, got, ended] = [0, conversations, 0, 0];
    await Promise.all(
      Array.from({ length: conversations }, async () => {
        const seed = asked++;
        const prompt = Array.from({ length: promptTokens }, (_, i) => 5 + ((seed * 131 + i * 37) % 300));
        let started = false;
        for await (const came of generate(prompt, tokens)) {
          if (!started && --waiting === 0) began = performance.now();
          else if (waiting === 0 && ended === 0) got += came;
          started = true;
        }
        ended ||= performance.now();
      }),
    );
    return (ended - began) / got;
  }

  await measure(1);
  const [one, many] = [[], []];
  for (let round = 0; round < rounds; round++) {
    one.push(await measure(1));
    many.push(await measure(count));
  }
  console.log(JSON.stringify({ one: median(one), many: median(many) }));
}

/** What a measurement is given on its command line: MODEL [COUNT] [THREADS] [TOKENS] [ROUNDS]. */
export function manyFromArguments([model, count = "16", threads = "2", tokens = "120", rounds = "5"]) {
  if (!model) throw new Error("which model? Give the path of one");
  return {
    model,
    count: Number(count),
    threads: Number(threads),
    tokens: Number(tokens),
    rounds: Number(rounds),
    contextLength: promptTokens + Number(tokens),
  };
}
