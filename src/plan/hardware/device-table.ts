// Options that say which device a plan is for.
import { number, text } from "../../option-kinds.ts";

export const deviceTable = {
  accelerator: text({ most: 60 }),
  tflops: number({ above: true, min: 0, max: 1e7 }),
  gigabytes: number({ above: true, min: 0, max: 1e7 }),
  gigabytesPerSecond: number({ above: true, min: 0, max: 1e7 }),
};
