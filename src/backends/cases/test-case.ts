// Holds a backend to a case of the table: near the reference, and the same bits however it is cut.
import assert from "node:assert/strict";
import type { Backend } from "../../tensor/backend.ts";
import { type OperationCase, prepareCase, type Rounding } from "./case.ts";

/** Runs a case on a backend that has been made for it. */
export async function checkCase(one: OperationCase, backend: Backend, rounding: Rounding): Promise<void> {
  const prepared = await prepareCase(one, backend);
  backend.finishLoading();
  const answer = (await prepared.run()).slice();
  assertAnswer(answer, prepared.expected(rounding), one, prepared.allowed);
  for (const [way, run] of Object.entries(prepared.same ?? {}))
    assert.deepEqual(bits(await run()), bits(answer), `${way}, other bits`);
}

function assertAnswer(
  answer: Float32Array,
  expected: Float32Array,
  { tolerance }: OperationCase,
  allowed?: (i: number, expected: number) => number,
): void {
  assert.equal(answer.length, expected.length);
  const size = Math.sqrt(expected.reduce((sum, value) => sum + value ** 2, 0) / expected.length);
  for (let i = 0; i < answer.length; i++) {
    const limit = allowed ? allowed(i, expected[i]) : tolerance * size;
    const off = Math.abs(answer[i] - expected[i]);
    // Written so that what is not a number fails; the words are made only where they are needed.
    if (!(off <= limit))
      assert.fail(`value ${i} is ${answer[i]}, not ${expected[i]}: off by ${off}, limit ${limit}`);
  }
}

function bits(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}
