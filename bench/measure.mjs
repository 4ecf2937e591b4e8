// The steps of one measurement, the same for every engine: open, warm up, prompt, generate.
//
// Runs inside the child process that bench/peers.mjs starts; its one argument is JSON, its one line of output too.
//
// Runs inside the child process that bench/peers.mjs starts; its one argument is JSON, its one line of output too.

/** The prompt after whose first token an engine counts as open. */
const OPENING = 16;
/** What comes before anything is measured: a middling prompt and some tokens. */
const WARM_UP = { length: 64, tokens: 16 };

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
 * open  settings => { vocabSize, generate(tokens, count, { goesOn }), about() }; generate yields lists of new tokens, `count`
 *       in all, and keeps with goesOn what the cache has of the prompt before, which begins this one
 *
 * Settings, from argv[2]: model, threads, contextLength, runs ({ length, promptOnly, goesOn }, shortest first), tokens (to
 * generate and count).
 */
export async function measure(open) {
  const settings = JSON.parse(process.argv[2]);
  const { runs, tokens } = settings;
  const opened = performance.now();
  const engine = await open(settings);
  const loadMs = performance.now() - opened;

  /** Runs one prompt; times are milliseconds, a token's time is the gap between two arrivals. */
  const run = async (length, salt, count, goesOn = false) => {
    const gaps = [];
    const ids = [];
    const started = performance.now();
    let promptMs = 0;
    let last = started;
    for await (const fresh of engine.generate(promptOf(length, salt, engine.vocabSize), count, { goesOn })) {
      const now = performance.now();
      if (ids.length === 0) promptMs = now - started;
      else for (const _ of fresh) gaps.push((now - last) / fresh.length);
      last = now;
      ids.push(...fresh);
    }
    if (ids.length < count) throw new Error(`generation ended after ${ids.length} of ${count} tokens`);
    return { promptMs, firstTokenAt: started + promptMs, gaps, ids };
  };

  const { firstTokenAt } = await run(OPENING, 100, 2);
  // No compiler, no page fault and nothing of a machine's first look at new memory is in what is measured.
  await run(WARM_UP.length, 101, WARM_UP.tokens);
  const measured = [];
  let salt = 0;
  for (const { length, promptOnly = false, goesOn = false } of runs) {
    if (!goesOn) salt++;
    const result = await run(length, salt, promptOnly ? 1 : tokens + 3, goesOn);
    measured.push({
      context: length,
      // What was kept of the prompt before is not measured again.
      ...(goesOn ? {} : { promptMs: result.promptMs }),
      // The first two gaps are warm-up.
      ...(promptOnly ? {} : { tokenMs: median(result.gaps.slice(2)), ids: result.ids }),
    });
  }
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const result = {
    loadMs,
    openMs: firstTokenAt - opened,
    processMs: firstTokenAt,
    peakBytes: maxRSS * 1024,
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    runs: measured,
    about: await engine.about(),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
