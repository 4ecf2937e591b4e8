// The steps of one measurement, the same for every engine: open, a short prompt, a warm-up, a long prompt.
// Runs inside the child process that bench/compare.mjs starts; its one argument is JSON, its one line of output too.

/** Token ids that look like no text in particular; two lists of different `salt` share no prefix. */
function promptOf(length, salt, vocabSize) {
  const first = Math.min(300, vocabSize >> 1); // past the control and byte tokens of most vocabularies
  return Array.from({ length }, (_, i) => first + ((i * 97 + salt * 7919) % (vocabSize - first)));
}

/** The middle value (the mean of the two middle ones when their number is even). */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Measures one engine and prints the result.
 *
 * open  settings => { vocabSize, generate(tokens): AsyncIterable<number of new tokens>, about(): facts }
 *
 * Settings, from argv[2]: model, threads, contextLength, contexts (prompt lengths, shortest first), tokens (to generate).
 */
export async function measure(open) {
  const settings = JSON.parse(process.argv[2]);
  const { contexts, tokens } = settings;
  const opened = performance.now();
  const engine = await open(settings);
  const loadMs = performance.now() - opened;

  /** Runs one prompt; times are milliseconds, a token's time is the gap between two arrivals. */
  const run = async (length, salt, count) => {
    const gaps = [];
    const started = performance.now();
    let promptMs = 0;
    let last = started;
    let done = 0;
    for await (const fresh of engine.generate(promptOf(length, salt, engine.vocabSize), count)) {
      const now = performance.now();
      if (done === 0) promptMs = now - started;
      else for (let i = 0; i < fresh; i++) gaps.push((now - last) / fresh);
      last = now;
      done += fresh;
      if (done >= count) break;
    }
    if (done < count) throw new Error(`generation ended after ${done} of ${count} tokens`);
    return { length, promptMs, firstTokenAt: started + promptMs, gaps };
  };

  const runs = [];
  let openMs = 0;
  let processMs = 0;
  for (const [i, length] of contexts.entries()) {
    // The second length comes after a warm-up of a middling prompt, so that no compiler or page fault is in it.
    if (i > 0) await run(Math.min(64, length), 100 + i, 3);
    const { gaps, promptMs, firstTokenAt } = await run(length, i + 1, tokens + 3);
    if (i === 0) {
      openMs = firstTokenAt - opened;
      processMs = firstTokenAt;
    }
    // The first two gaps are warm-up.
    runs.push({ context: length, promptMs, tokenMs: median(gaps.slice(2)), tokens: gaps.length - 2 });
  }
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const result = {
    loadMs,
    openMs,
    processMs,
    peakBytes: maxRSS * 1024,
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    runs,
    about: await engine.about(),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
