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

/** Licences that the framework takes for open, of code, data and documents (§5; OSI's and Open Definition's lists). */
const OPEN: ReadonlySet<string> = new Set([
  "Apache-2.0",
  "MIT",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "GPL-3.0",
  "MPL-2.0",
  "CC0-1.0",
  "CC-BY-4.0",
  "CC-BY-SA-4.0",
  "CDLA-Permissive-2.0",
  "ODC-By-1.0",
]);

/** What the artefacts that were opened show. */
export interface FrameworkClass {
  /** 1: open science, 2: open tooling, 3: open model; null: not verified that it is any. */
  readonly level: 1 | 2 | 3 | null;
  /** Opened, and under an open licence. */
  readonly open: readonly Component[];
  /** Opened, but under a licence that is none of the open ones. */
  readonly closed: readonly Component[];
  /** What class 3, or the next class, asks for and nobody has opened under an open licence. */
  readonly missing: readonly Component[];
}

/** The class of a generation; each class asks for all components of those before it, each under an open licence. */
export function frameworkClass({
  verified = {},
}: {
  readonly verified?: VerifiedComponents;
}): FrameworkClass {
  const opened = COMPONENT_NAMES.filter((name) => verified[name] !== undefined);
  const open = opened.filter((name) => OPEN.has(verified[name]!.value)); // of those opened
  const closed = opened.filter((name) => !open.includes(name));
  let reached: FrameworkClass["level"] = null;
  for (const level of [3, 2, 1] as const) {
    const missing = COMPONENTS[level].filter((name) => !open.includes(name));
    if (missing.length > 0) return { level: reached, open, closed, missing };
    reached = level;
  }
  return { level: reached, open, closed, missing: [] };
}
