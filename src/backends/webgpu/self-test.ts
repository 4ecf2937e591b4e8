// The self-test of a GPU: what a model will ask of it, held to the plain references.
import { BaimoError } from "../../errors.ts";
import { CASE_TOKENS, type OperationCase, prepareCase } from "../cases/case.ts";
import { casesOf } from "../cases/model-cases.ts";
import { largestCase } from "../cases/moves.ts";
import { linearCase, lookupCase } from "../cases/products.ts";
import type { GpuUse } from "../device.ts";
import { createWebgpuBackend } from "./backend.ts";
import type { Gpu } from "./gpu.ts";
import { LEAST_TILED } from "./linear.ts";

/** Tokens of products: a batch, and a tile; each case has one alone, too. */
const TOKENS = [4, LEAST_TILED];
/** Columns stay below the inverse of the tolerance, so that none may be another. */
const LOGITS = largestCase({ tokens: 2, width: 700, count: 16, step: 0.25 });
/** Largest difference over the largest value: f32 sums of hundreds of terms stay far below, a wrong shader far above. */
const TOLERANCE = 1e-3;

/** @throws {BaimoError} `device` where an operation comes out wrong */
export async function testGpu(gpu: Gpu, { samples, operations, cacheType }: GpuUse): Promise<void> {
  const products = samples.flatMap((sample) => [
    ...TOKENS.map((tokens) => linearCase(sample, tokens)),
    ...(sample.embedding ? [lookupCase(sample)] : []),
  ]);
  const backend = createWebgpuBackend({ gpu, maxTokens: CASE_TOKENS, expectedBytes: 1 << 20 });
  for (const one of [...casesOf(operations, cacheType), LOGITS, ...products]) {
    const prepared = await prepareCase(one, backend);
    const answer = await prepared.run();
    if (!isClose(answer, prepared.expected("gpu"))) throw wrong(one);
  }
  gpu.freeAll();
}

function isClose(found: Float32Array, expected: Float32Array): boolean {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    found.length === expected.length &&
    expected.every((value, i) => Math.abs(value - found[i]) <= TOLERANCE * largest)
  );
}

const wrong = ({ operation, about }: OperationCase): BaimoError =>
  new BaimoError(
    "device",
    `this GPU or its driver computes ${operation} (${about}) wrong; try another version of the driver, or the device "cpu"`,
  );
