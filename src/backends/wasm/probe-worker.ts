// A worker of the thread probe: times barriers and a matrix-vector product beside its fellows, then waits for more.
import { GROUP, packedBytes } from "../../kernels/module.ts";
import { Bus } from "../bus.ts";
import { ownThread } from "../threads.ts";
import { Bank } from "./bank.ts";
import { createInstantiate, type KernelChoice } from "./kernels.ts";
import {
  PROBE_BARRIERS,
  PROBE_COLS,
  PROBE_GROUPS,
  PROBE_PRODUCTS,
  type ProbeTask,
  type ProbeTimes,
} from "./probe.ts";

const thread = await ownThread<KernelChoice>();
const bank = new Bank(createInstantiate(thread.data));
const bytes = packedBytes("q4_0", PROBE_GROUPS, PROBE_COLS);
const weights = bank.allocate(bytes);
// Bytes of 0x11 make scales and values of an ordinary size; a memory never written would be read from cache.
bank.u8.fill(0x11, weights, weights + bytes);
const x = bank.allocate(PROBE_COLS * 8);
const y = bank.allocate(PROBE_GROUPS * GROUP * 4);

thread.listen((posted) => {
  const { bus: shared, rank, ranks } = posted as ProbeTask; // what probe.ts posts
  const bus = new Bus(shared, { rank, ranks, tokens: 0, floats: 0 });
  const multiply = () => bank.kernels.matmul_q4_0(weights, PROBE_GROUPS, PROBE_COLS, x, 0, 1, y, 0, 1, x);
  multiply();
  bus.barrier();
  const started = performance.now();
  for (let i = 0; i < PROBE_BARRIERS; i++) bus.barrier();
  const between = performance.now();
  for (let i = 0; i < PROBE_PRODUCTS; i++) {
    multiply();
    bus.barrier();
  }
  const ended = performance.now();
  const times: ProbeTimes = { barrierMs: (between - started) / PROBE_BARRIERS, productsMs: ended - between };
  thread.postMessage(times);
});
thread.postMessage("ready");
