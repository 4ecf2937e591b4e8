// A step done once: what it gave or how it failed is a payload, and is read again from it.
import { setTimeout as wait } from "node:timers/promises";
import { BaimoError, type ErrorCode } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import type { KeptStep, Payloads, Verdict } from "./engine.ts";
import { type Steps, Waiting } from "./steps.ts";

/** Keeps what a step gives, or how it fails. @throws what is not to be kept: the step is done again */
export async function keepStep(
  run: () => Promise<unknown>,
  payloads: Payloads,
  keepFailure: boolean,
): Promise<KeptStep> {
  try {
    return { state: "done", payload: await payloads.put((await run()) ?? null) };
  } catch (error) {
    if (!(error instanceof BaimoError) || error.code === "aborted" || !keepFailure) throw error;
    return { state: "failed", payload: await payloads.put({ code: error.code, message: error.message }) };
  }
}

/** What the step gave. @throws {BaimoError} as it failed */
export async function readStep<T>({ state, payload }: KeptStep, payloads: Payloads): Promise<T> {
  const kept = await payloads.get(payload);
  if (state === "done") return kept as T; // as the step gave it
  const { code, message } = isRecord(kept) ? kept : {};
  throw new BaimoError(code as ErrorCode, String(message)); // as the step failed
}

/** @throws {Waiting} where nobody has decided; {BaimoError} `request` where the step must not be done */
export function mustBeApproved(name: string, verdict: Verdict): void {
  if (verdict === "waiting") throw new Waiting(name);
  if (verdict !== "approved") throw new BaimoError("request", verdict.refused);
}

/** Waits until so long after the first time. */
export async function sleepOnce(
  steps: Steps,
  name: string,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<void> {
  const until = await steps.step(name, async () => Date.now() + milliseconds);
  const left = until - Date.now();
  if (left > 0) await wait(left, undefined, { signal });
}
