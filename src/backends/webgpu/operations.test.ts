// Cases of the table on a GPU against their references; same bits however they are cut.
import { describe, test } from "node:test";
import { isLong } from "../../test-long.ts";
import { CASE_TOKENS, type OperationCase } from "../cases/case.ts";
import { operationCases } from "../cases/table.ts";
import { checkCase } from "../cases/test-case.ts";
import { createWebgpuBackend } from "./backend.ts";
import { openSharedGpu } from "./test-gpu.ts";

const gpu = await openSharedGpu();

/** Products of these types show floats, bytes and tables of levels; test/golden-webgpu.test.ts has models in Q5_1, Q4_K and Q6_K. */
const types = ["F32", "F16", "Q8_0", "IQ4_XS"];
/** Of each operation beside products so many, from all of its cases evenly. */
const EACH = 3;

/** A software adapter takes minutes for all cases. */
const chosen = isLong ? operationCases : choose();

function choose(): OperationCase[] {
  const isProduct = ({ about }: OperationCase) => about.includes("weights in ");
  const products = operationCases.filter(
    ({ operation, about }) =>
      operation === "linear" && types.some((type) => about.includes(`in ${type}, 20 x 256`)),
  );
  const others = operationCases.filter((one) => !isProduct(one));
  const some = [...new Set(others.map(({ operation }) => operation))].flatMap((operation) => {
    const cases = others.filter((one) => one.operation === operation);
    return cases.filter((_, i) => i % Math.ceil(cases.length / EACH) === 0);
  });
  return [...some, ...products];
}

describe("operations on WebGPU", { skip: typeof gpu === "string" && gpu }, () => {
  if (typeof gpu === "string") return;
  const left = operationCases.length - chosen.length;
  if (left > 0) test(`${left} more cases`, { skip: "npm run test:long has them" }, () => {});
  for (const one of chosen) {
    test(`${one.operation}: ${one.about}`, async () => {
      await checkCase(
        one,
        createWebgpuBackend({ gpu, maxTokens: CASE_TOKENS, expectedBytes: 1 << 20 }),
        "gpu",
      );
      gpu.freeAll();
    });
  }
});
