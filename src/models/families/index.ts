// The list of families. A new family is one file and one entry here.
import type { Family } from "./family.ts";
import { llama } from "./llama.ts";
import { mistral } from "./mistral.ts";
import { qwen2, qwen3 } from "./qwen2.ts";
import { t5 } from "./t5.ts";

/** Every family that this build opens. */
export const families: readonly Family[] = [llama, mistral, qwen2, qwen3, t5];
