// The one table of cases: every operation of the Backend contract, for tests of any backend.
import type { Backend } from "../../tensor/backend.ts";
import { attentionCases } from "./attention.ts";
import type { OperationCase } from "./case.ts";
import { expertCases } from "./experts.ts";
import { gatedDeltaCases } from "./gated-delta.ts";
import { lowRankCases } from "./low-rank.ts";
import { moveCases } from "./moves.ts";
import { normCases } from "./norms.ts";
import { pointwiseCases } from "./pointwise.ts";
import { productCases } from "./weight-types.ts";

export const operationCases: readonly OperationCase[] = [
  ...moveCases,
  ...normCases,
  ...pointwiseCases,
  ...productCases,
  ...lowRankCases,
  ...attentionCases,
  ...gatedDeltaCases,
  ...expertCases,
];

/** Those of the operations that a backend has: some may be left out. */
export const casesOn = (backend: Backend): OperationCase[] =>
  operationCases.filter(({ operation }) => backend[operation] !== undefined);
