// judgeRun: a running log's final loss with an interval, and whether to go on.
import { BaimoError } from "../../errors.ts";

/** A run so far, with what it was set to do. */
export interface RunLog {
  /** That it will make. */
  readonly steps: number;
  readonly warmup?: number;
  readonly schedule?: "wsd" | "cosine" | "constant";
  /** Of every step so far. */
  readonly loss: readonly number[];
  /** Step, from 1, and loss on text held out; one at step 0 is not looked at, as nothing was learned. Without it the loss of steps is averaged, which is less sure. */
  readonly heldOut?: readonly (readonly [step: number, loss: number])[];
}

/** What is to be done with a run. */
export interface Judgement {
  readonly verdict: "go on" | "stop" | "too early to tell";
  readonly why: string;
  /** The last step that was looked at. */
  readonly step: number;
  /** The final loss: likely, and from the best that is still to be hoped for to what it is now; null before there is a trend. */
  readonly final: { readonly likely: number; readonly low: number; readonly high: number } | null;
}

/** Shares of the run before which nothing is said. */
const EARLIEST = 0.2;
/**
 * Loss that a run may still lose, as a share of what it has and of the steps that are left, however flat it looks: what
 * learns late, and what falls when the rate falls. With 0.06 no good one of 30 recorded runs is stopped, with 0.05 one is;
 * so there is a margin of two fifths.
 */
export const LATE_FALL = 0.085;
/** The steepest of the last two trends may go on to the end, and half as much again. */
export const TREND_MARGIN = 1.5;

interface Point {
  readonly step: number;
  readonly loss: number;
}

/**
 * Judges a run against the loss that it must reach. It is to be stopped where twice in a row even the best that is to be
 * hoped for misses the target, or the run is worse than at its beginning.
 * @throws {BaimoError} `request` for a log that cannot be read
 */
export function judgeRun(log: RunLog, target: number): Judgement {
  if (!(target > 0 && Number.isFinite(target)))
    throw new BaimoError("request", `plan stop: the target is ${target}; a loss is a number above 0`, {
      option: "target",
    });
  const points = pointsOf(log);
  const areas = areasOf(log);
  const { steps, warmup = 0 } = log;
  const beginning = log.loss[0] ?? points[0]?.loss;
  let [before, now]: (Judgement | undefined)[] = [undefined, undefined];
  for (const [at, { step, loss }] of points.entries()) {
    if (at < 2 || step <= warmup || step < EARLIEST * steps) continue;
    before = now;
    now = judgePoint(points, at, areas, { steps, target, beginning });
    // A run that was to be stopped stays so: nobody would have gone on.
    if (before?.verdict === "stop" && now.verdict === "stop") return { ...now, step };
    if (step === steps) return atEnd(step, loss, target);
  }
  if (!now) {
    const step = points.at(-1)?.step ?? 0;
    return {
      verdict: "too early to tell",
      why: `fewer than ${EARLIEST * 100}% of the steps, or no trend yet`,
      step,
      final: null,
    };
  }
  if (now.verdict !== "stop") return now;
  return {
    ...now,
    verdict: "too early to tell",
    why: `${now.why}; once is not enough, look again at the next evaluation`,
  };
}

const atEnd = (step: number, loss: number, target: number): Judgement => ({
  verdict: loss <= target ? "go on" : "stop",
  why: "the run has ended",
  step,
  final: { likely: loss, low: loss, high: loss },
});

/** One look at a run. */
function judgePoint(
  points: readonly Point[],
  at: number,
  areas: Float64Array,
  { steps, target, beginning }: { steps: number; target: number; beginning: number },
): Judgement {
  const { step, loss } = points[at];
  const area = (upTo: number) => areas[upTo - 1];
  const left = areas[steps - 1] - area(step);
  const trends = [1, 2].map((back) => {
    const { step: then, loss: was } = points[at - back];
    return (was - loss) / (area(step) - area(then));
  });
  const steepest = Math.max(0, ...trends);
  const late = LATE_FALL * loss * (1 - step / steps);
  const low = loss - Math.max(TREND_MARGIN * steepest * left, late);
  const likely = Math.max(low, loss - Math.max(0, trends[1]) * left * 0.5 - late / 3);
  const final = { likely, low, high: loss };
  const show = (value: number) => value.toFixed(3);
  if (loss > beginning)
    return {
      verdict: "stop",
      why: `it has diverged: ${show(loss)}, and it began at ${show(beginning)}`,
      step,
      final,
    };
  if (low > target)
    return { verdict: "stop", why: `at best it ends at ${show(low)}, above ${show(target)}`, step, final };
  return { verdict: "go on", why: `it may still reach ${show(low)}; wanted ${show(target)}`, step, final };
}

/** Losses to look at: those on held-out text, else means of a twentieth of the steps. */
function pointsOf({ heldOut, loss, steps }: RunLog): Point[] {
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= 1e9))
    throw new BaimoError("request", `stop: steps is ${steps}; expected a whole number from 1 to 1e9`);
  if (loss.length > steps)
    throw new BaimoError(
      "request",
      `stop: ${loss.length} losses of a run of ${steps} steps; is "steps" right?`,
    );
  const size = Math.max(1, Math.floor(steps / 20));
  const points = heldOut
    ? heldOut.filter(([step]) => step !== 0).map(([step, value]) => ({ step, loss: value }))
    : Array.from({ length: Math.floor(loss.length / size) }, (_, i) => {
        const window = loss.slice(i * size, (i + 1) * size);
        return { step: (i + 1) * size, loss: window.reduce((sum, x) => sum + x, 0) / size };
      });
  const wrong = points.findIndex(
    ({ step, loss: value }, i) =>
      !(Number.isInteger(step) && step >= 1 && step <= steps && step > (points[i - 1]?.step ?? 0)) ||
      Number.isNaN(value),
  );
  if (wrong >= 0)
    throw new BaimoError(
      "request",
      `stop: point ${wrong} is step ${points[wrong].step}, loss ${points[wrong].loss}; expected rising steps from 1 to ${steps}`,
    );
  return points;
}

/** Rates summed up to each step, in units of the highest: a trend is a fall a unit of it, so that warmup and decay count. */
function areasOf({ steps, warmup = 0, schedule = "constant" }: RunLog): Float64Array {
  let sum = 0;
  return Float64Array.from({ length: steps }, (_, step) => (sum += rateAt(step, steps, warmup, schedule)));
}

/** Where a WSD schedule begins to decay. */
const DECAY_FROM = 0.75;

function rateAt(
  step: number,
  steps: number,
  warmup: number,
  schedule: NonNullable<RunLog["schedule"]>,
): number {
  if (step < warmup) return (step + 1) / warmup;
  if (schedule === "constant") return 1;
  if (schedule === "cosine") {
    const share = (step - warmup) / Math.max(1, steps - warmup);
    return 0.1 + 0.45 * (1 + Math.cos(Math.PI * share));
  }
  const from = DECAY_FROM * steps;
  return step < from ? 1 : (steps - step) / (steps - from);
}
