// Every case of the table on a GPU against its reference; same bits however it is cut.
import { after, describe, test } from "node:test";
import { CASE_TOKENS } from "../cases/case.ts";
import { operationCases } from "../cases/table.ts";
import { checkCase } from "../cases/test-case.ts";
import { createWebgpuBackend } from "./backend.ts";
import { openTestGpu } from "./test-gpu.ts";

const gpu = await openTestGpu();

describe("operations on WebGPU", { skip: typeof gpu === "string" && gpu }, () => {
  if (typeof gpu === "string") return;
  after(() => gpu.device.destroy());
  for (const one of operationCases) {
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
