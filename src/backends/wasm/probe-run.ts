// A rank's part in the thread probe: times barriers and a matrix-vector product.
import { GROUP, packedBytes } from "../../kernels/module/module.ts";
import { Bus } from "../bus.ts";
import { Bank } from "./bank.ts";
import { createInstantiate } from "./instantiate.ts";
import { PROBED, type ProbeTask, type ProbeTimes } from "./probe.ts";

/** Size of the matrix that each worker multiplies by: beyond the caches of most machines. */
const COLS = 2048;
const GROUPS = 1024;
const BARRIERS = 200;
const PRODUCTS = 2;

/** Takes part in trials, one after another: what it returns runs one. */
export function createProbe(choice: ProbeTask["choice"]): (task: ProbeTask) => ProbeTimes {
  const bank = new Bank(createInstantiate(choice));
  const bytes = packedBytes(PROBED, GROUPS, COLS);
  const weights = bank.allocate(bytes);
  // Bytes of 0x11 make scales and values of an ordinary size; a memory never written would be read from cache.
  bank.u8.fill(0x11, weights, weights + bytes);
  const x = bank.allocate(COLS * 8);
  const y = bank.allocate(GROUPS * GROUP * 4);
  const multiply = () => bank.kernels[`matmul_${PROBED}`](weights, GROUPS, COLS, x, 0, 1, y, 0, 1, x);

  return ({ bus: shared, rank, ranks }) => {
    const bus = new Bus(shared, rank, { ranks, words: 0, floats: 0 });
    multiply();
    bus.barrier();
    const started = performance.now();
    for (let i = 0; i < BARRIERS; i++) bus.barrier();
    const between = performance.now();
    for (let i = 0; i < PRODUCTS; i++) {
      multiply();
      bus.barrier();
    }
    const ended = performance.now();
    return {
      barrierMs: (between - started) / BARRIERS,
      productsMs: ended - between,
      bytes: PRODUCTS * bytes,
    };
  };
}
