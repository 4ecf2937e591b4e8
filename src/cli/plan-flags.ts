// Which flag of `baimo plan` gives a quantity that is missing, by the quantity's name.

const FLAGS: Readonly<Record<string, string>> = {
  parameters: "--parameters",
  "parameters a token meets": "--active",
  layers: "--layers",
  "hidden size": "--hidden",
  heads: "--heads",
  "KV heads": "--kv-heads",
  "size of a head": "--head-dim",
  experts: "--experts",
  "experts a token": "--experts-per-token",
  "parameters of experts": "--expert-parameters",
  tokens: "--tokens",
  "tokens of training": "--tokens",
  GPUs: "--gpus",
  "dense 16-bit peak": "--gpu or --tflops",
  memory: "--gpu or --gpu-memory",
  "memory bandwidth": "--gpu or --bandwidth",
  "price of a GPU-hour": '--price, for example "2.50 USD"',
  "a million tokens of the API": "--api",
  "tasks a month": "--tasks",
  "minutes a task": "--minutes",
  wage: "--wage",
  "cost of the model a task": "--model-cost",
  acceptance: "--acceptance",
  "minutes of review": "--review",
  "rate of accepted errors": "--errors",
  "price of an error": "--error-cost",
  "fixed cost of the model": "--fixed",
};

/** The flag that gives a quantity; of several kinds of work none, as a scenario file has them. */
export const flagFor = (name: string): string | undefined =>
  Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
