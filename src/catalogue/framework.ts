// Classes of the Model Openness Framework, from artefacts that somebody opened, never from claims.

/** Components by the class that asks for them first (White et al., https://arxiv.org/abs/2403.13784). */
export const COMPONENTS = {
  3: ["architecture", "parameters", "technical-report", "evaluation-results", "model-card", "data-card"],
  2: ["training-code", "inference-code", "evaluation-code", "evaluation-data", "supporting-libraries"],
  1: ["research-paper", "datasets", "preprocessing-code", "intermediate-parameters"],
} as const;

export type Component = (typeof COMPONENTS)[keyof typeof COMPONENTS][number];
export const COMPONENT_NAMES: readonly Component[] = Object.values(COMPONENTS).flat();

/** The licence that an artefact was seen under, and the key of the source where it was opened. */
export interface Opened {
  readonly value: string;
  readonly source: string;
  readonly at?: string;
}
export type VerifiedComponents = Readonly<Partial<Record<Component, Opened>>>;

/** What the artefacts that were opened show. */
export interface FrameworkClass {
  /** 1: open science, 2: open tooling, 3: open model; null: not verified that it is any. */
  readonly level: 1 | 2 | 3 | null;
  readonly verified: number;
  /** Components that class 3, or the next class, asks for and that nobody has opened. */
  readonly missing: readonly Component[];
}

/** The class of a generation; each class asks for all components of those before it. */
export function frameworkClass({
  verified = {},
}: {
  readonly verified?: VerifiedComponents;
}): FrameworkClass {
  const lacks = (level: 1 | 2 | 3) => COMPONENTS[level].filter((name) => verified[name] === undefined);
  const count = Object.keys(verified).length;
  let reached: FrameworkClass["level"] = null;
  for (const level of [3, 2, 1] as const) {
    const missing = lacks(level);
    if (missing.length > 0) return { level: reached, verified: count, missing };
    reached = level;
  }
  return { level: reached, verified: count, missing: [] };
}
