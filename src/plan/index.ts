// baimo/plan: what a model costs and earns, with formulas and sources. Re-exports only.
export { accelerator, accelerators, findAccelerator } from "./hardware/accelerators.ts";
