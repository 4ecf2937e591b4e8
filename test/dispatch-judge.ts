// Whether a planner ends a golden request right: its facts, or the verdict that is expected.
import { isDeepStrictEqual } from "node:util";
import type { Fact } from "../src/dispatch/evidence.ts";
import { candidatesOf, type OpenTools, planRequest, runPlan } from "../src/dispatch/index.ts";
import type { Ask } from "../src/dispatch/planner/ask.ts";
import { BaimoError } from "../src/errors.ts";

/** A request, and what the fixtures expect of it. */
export interface GoldenRequest {
  readonly id: string;
  readonly text: string;
  readonly role: string;
  readonly today: string;
  readonly expected: {
    readonly kind: "answer" | "clarify" | "refuse";
    readonly reason?: string;
    readonly missing?: readonly string[];
    readonly candidates?: readonly (readonly unknown[])[];
    readonly facts?: readonly Golden[];
  };
}

/** As the planner calls what the fixtures call otherwise. */
const MISSING: Readonly<Record<string, string>> = { month: "period" };

/** What is wrong with how a request ends; nothing where it ends right. `isBrief`: as planRequest takes it. */
export const faultOf = (
  request: GoldenRequest,
  ask: Ask,
  opened: OpenTools,
  isBrief = false,
): Promise<string | undefined> =>
  end(request, ask, opened, isBrief).catch((error: unknown) => {
    if (error instanceof BaimoError) return error.message;
    throw error;
  });

async function end(
  { text, role, today, expected }: GoldenRequest,
  ask: Ask,
  opened: OpenTools,
  isBrief: boolean,
): Promise<string | undefined> {
  const asker = { role };
  const { tools } = opened;
  const catalogue = await opened.describe(role);
  const planned = await planRequest(text, { ask, tools, catalogue, asker, today, isBrief });
  const wanted = expected.kind === "answer" ? "plan" : expected.kind;
  if (planned.verdict !== wanted) return `${planned.verdict} in the place of ${wanted}`;
  if (planned.verdict === "refuse")
    return planned.reason === expected.reason ? undefined : `refused: ${planned.reason}`;
  if (planned.verdict === "clarify") {
    const { missing, lookup } = planned;
    if (!expected.candidates) {
      const names = (expected.missing ?? []).map((name) => MISSING[name] ?? name);
      return names.includes(missing) ? undefined : `asked for ${missing}, not ${names}`;
    }
    const rows = lookup ? await candidatesOf(lookup, tools, asker) : [];
    const found = rows.map(({ id, name_zh, name_en }) => [id, name_zh, name_en]);
    return isDeepStrictEqual(found, expected.candidates) ? undefined : `${found.length} candidates`;
  }
  const { facts } = await runPlan(planned.plan, tools, asker);
  const missing = missingFacts(expected.facts ?? [], facts);
  return missing.length === 0
    ? undefined
    : `no ${missing.map(({ key, value }) => `${key} ${value}`).join(", ")} in ${facts.map(({ key, value }) => `${key} ${value}`).join(", ")}`;
}

export interface Golden {
  readonly key: string;
  readonly value: unknown;
  readonly relativeTolerance: number;
}

/** The golden facts that are not among these: a value alone, a list in any order, or one of a list. */
const missingFacts = (golden: readonly Golden[], facts: readonly Fact[]): Golden[] =>
  golden.filter(
    (expected) =>
      !facts.some(({ value }) => {
        if (isNear(value, expected)) return true;
        return (
          Array.isArray(value) &&
          !Array.isArray(expected.value) &&
          value.some((each) => isNear(each, expected))
        );
      }),
  );

function isNear(found: unknown, { value, relativeTolerance }: Golden): boolean {
  if (typeof found === "number" && typeof value === "number")
    return Math.abs(found - value) <= relativeTolerance * Math.abs(value);
  if (!Array.isArray(found) || !Array.isArray(value)) return isDeepStrictEqual(found, value);
  const [a, b] = [found, value].map((list) => [...list].sort((x, y) => (x < y ? -1 : 1)));
  return (
    a.length === b.length && a.every((each, at) => isNear(each, { key: "", value: b[at], relativeTolerance }))
  );
}
