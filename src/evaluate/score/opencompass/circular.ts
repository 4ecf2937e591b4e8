// Circular scoring: a question counts only if it is right with its options turned to every place.

/** An answer to a question with its options in one order. */
export interface CircularAnswer {
  readonly question: number | string;
  /** The letter under which each original option stands, such as "BCDA". */
  readonly pattern: string;
  readonly reference: string;
  /** "" where none was found. */
  readonly prediction: string;
}

/** The orders that turn options by one place at a time. */
export function rotationsOf(letters: string): string[] {
  const sorted = [...letters].sort().join("");
  return Array.from(sorted, (_, i) => sorted.slice(i) + sorted.slice(0, i));
}

const percent = (count: number, total: number): number => (count / total) * 100;

/** Shares in percent, under today's names: acc_origin, acc_circular, perf_…, more_N_…. */
export function circularScores(answers: readonly CircularAnswer[]): Record<string, number> {
  const rotations = rotationsOf(answers[0].pattern);
  const scores: Record<string, number> = {};
  const counted: [string, readonly string[]][] = [
    ["origin", rotations.slice(0, 1)],
    ["circular", rotations],
  ];
  for (const [name, patterns] of counted) {
    const own = answers.filter(({ pattern }) => patterns.includes(pattern));
    scores[`acc_${name}`] = percent(own.filter(isRight).length, own.length);
  }
  for (const [name, patterns] of counted) {
    const right = rightByQuestion(answers, patterns);
    for (let j = 1; j <= patterns.length; j++) {
      const count = [...right.values()].filter((times) => times >= j).length;
      scores[j === patterns.length ? `perf_${name}` : `more_${j}_${name}`] = percent(count, right.size);
    }
  }
  return scores;
}

const isRight = ({ prediction, reference }: CircularAnswer): boolean => prediction === reference;

function rightByQuestion(
  answers: readonly CircularAnswer[],
  patterns: readonly string[],
): Map<unknown, number> {
  const right = new Map<unknown, number>();
  for (const answer of answers) {
    if (!patterns.includes(answer.pattern)) continue;
    right.set(answer.question, (right.get(answer.question) ?? 0) + Number(isRight(answer)));
  }
  return right;
}

/** The same under the names of the 2.0 board, with votes and how often each letter was said. */
export function circularScoresOfBoard2(answers: readonly CircularAnswer[]): Record<string, number> {
  const rotations = rotationsOf(answers[0].pattern);
  const n = rotations.length;
  const scores: Record<string, number> = {};
  for (const [count, patterns] of [
    [1, rotations.slice(0, 1)],
    [n, rotations],
  ] as const) {
    const own = answers.filter(({ pattern }) => patterns.includes(pattern));
    const right = rightByQuestion(answers, patterns);
    scores[`acc_${count}`] = percent(own.filter(isRight).length, own.length);
    for (let j = 0; j <= count; j++) {
      scores[`more_${count}_${j}`] = percent(
        [...right.values()].filter((times) => times >= j).length,
        right.size,
      );
    }
    scores[`perf_${count}`] = scores[`more_${count}_${count}`];
    scores[`vote_${count}`] = voteScore(own, rotations[0]);
  }
  for (const letter of [...rotations[0], "-"]) {
    const said = answers.filter(({ prediction }) =>
      letter === "-" ? !isLetter(prediction, rotations[0]) : prediction === letter,
    );
    scores[`prior_${letter}`] = percent(said.length, answers.length);
  }
  return scores;
}

const isLetter = (prediction: string, letters: string): boolean =>
  prediction.length === 1 && letters.includes(prediction);

/** The share of questions whose most frequent original option is right; of equal ones the first said. */
function voteScore(answers: readonly CircularAnswer[], letters: string): number {
  const votes = new Map<unknown, { counts: Map<string, number>; reference: string }>();
  for (const { question, pattern, reference, prediction } of answers) {
    const original = (letter: string) => (isLetter(letter, letters) ? letters[pattern.indexOf(letter)] : "-");
    const vote = votes.get(question) ?? { counts: new Map<string, number>(), reference: original(reference) };
    votes.set(question, vote);
    const said = original(prediction);
    vote.counts.set(said, (vote.counts.get(said) ?? 0) + 1);
  }
  const right = [...votes.values()].filter(({ counts, reference }) => {
    const most = Math.max(...counts.values());
    return [...counts].find(([, times]) => times === most)?.[0] === reference;
  });
  return percent(right.length, votes.size);
}
