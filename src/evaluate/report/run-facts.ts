// What of a run's settings and model its files say.

import type { Price } from "../../upstream/price.ts";
import type { RunSettings } from "../prepare-run.ts";
import { FEWSHOT_SEED } from "../prepare-run.ts";
import { SAMPLING_SEED } from "../run.ts";
import type { Subject } from "../subjects/subject.ts";
import type { RawConfig } from "../tasks/load-yaml.ts";

/** The facts. */
export interface RunFacts {
  readonly model: string;
  /** A hash of the model's file, or an endpoint's address. */
  readonly identity: string;
  readonly subject: Readonly<Record<string, unknown>>;
  /** What its tokens cost, from where and when. */
  readonly price?: Price;
  readonly version: string;
  /** When it began: the only time in the files, and in their names. */
  readonly started: string;
  readonly limit?: number;
  readonly resamples: number;
  readonly generationKwargs?: RawConfig;
  readonly seed: number;
  readonly fewshotSeed: number;
  readonly systemInstruction: string | null;
  readonly fewshotAsMultiturn: boolean;
  readonly chatTemplate: string | null;
  /** The model's own, for tasks that ask for it. */
  readonly ownTemplate: string | null;
}

/** Gathers the facts. */
export function factsOf(
  settings: RunSettings,
  subject: Subject,
  own: {
    readonly identity: string;
    readonly version: string;
    readonly started: string;
    readonly resamples: number;
    readonly seed?: number;
    readonly isChat: boolean;
  },
): RunFacts {
  return {
    model: subject.name,
    identity: own.identity,
    subject: subject.facts,
    price: subject.price,
    version: own.version,
    started: own.started,
    limit: settings.limit,
    resamples: own.resamples,
    generationKwargs: settings.generationKwargs,
    seed: own.seed ?? SAMPLING_SEED,
    fewshotSeed: settings.fewshotSeed ?? FEWSHOT_SEED,
    systemInstruction: settings.systemInstruction ?? null,
    fewshotAsMultiturn: settings.fewshotAsMultiturn ?? true,
    chatTemplate: own.isChat ? (subject.chat?.source ?? null) : null,
    ownTemplate: subject.chat?.source ?? null,
  };
}
