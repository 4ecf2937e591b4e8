// Numbers that formulas need, each with what defines it.
import { defined, type Source } from "./quantity/quantity.ts";

const calendar = "definition of the unit";
export const secondsPerHour = defined("seconds an hour", 3600, "second/hour", calendar);
export const hoursPerDay = defined("hours a day", 24, "hour/day", calendar);
export const minutesPerHour = defined("minutes an hour", 60, "minute/hour", calendar);
export const hoursPerMonth = defined("hours a month", 730, "hour/month", "8,760 hours a year / 12");
export const tokensPerMillion = defined("tokens a million", 1e6, "count", "definition of a million");
export const workingHoursPerMonth = defined(
  "working hours a month",
  160,
  "hour/month",
  "convention: 20 days of 8 hours",
);

export const kaplan: Source = {
  title: "Kaplan et al., Scaling Laws for Neural Language Models, §2.1",
  url: "https://arxiv.org/abs/2001.08361",
  date: "2020-01-23",
};
/** Forward 2, backward 4, a parameter and token. */
export const trainingFlops = defined(
  "FLOP a parameter and token in training",
  6,
  "count",
  "a multiplication and an addition, once forward and twice backward (arXiv 2001.08361 §2.1)",
  kaplan.url,
);
export const inferenceFlops = defined(
  "FLOP a parameter and token in inference",
  2,
  "count",
  "a multiplication and an addition (arXiv 2001.08361 §2.1)",
  kaplan.url,
);
/** Scores and mixing, 2 each, halved by the causal mask: 2 layers T² hidden. */
export const attentionFlops = defined(
  "FLOP a layer, hidden value and pair of tokens",
  2,
  "count",
  "scores and weighted sum, 2 each, of which the causal mask leaves half",
);
/** What of an accelerator's memory may be planned with. */
export const usableMemory = defined(
  "usable share of memory",
  0.9,
  "ratio",
  "convention: a tenth is kept for buffers, fragments and the runtime",
);
