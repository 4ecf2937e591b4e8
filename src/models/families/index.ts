// The list of families. A new family is one file and one entry here.

import { dbrx } from "./dbrx.ts";
import { deepseekV2, deepseekV3 } from "./deepseek.ts";
import type { Family } from "./family.ts";
import { gemma, gemma2, gemma3 } from "./gemma.ts";
import { glm, glm4, glm4Moe } from "./glm.ts";
import { gptOss } from "./gpt-oss.ts";
import { grok1 } from "./grok.ts";
import { llama } from "./llama.ts";
import { minimaxM2 } from "./minimax.ts";
import { ministral3 } from "./ministral.ts";
import { mistral } from "./mistral.ts";
import { mixtral } from "./mixtral.ts";
import { phi3, phimoe } from "./phi3.ts";
import { qwen2Moe, qwen3Moe } from "./qwen-moe.ts";
import { qwen2, qwen3 } from "./qwen2.ts";
import { qwen3Next, qwen35 } from "./qwen3-next.ts";
import { t5 } from "./t5.ts";

/** Every family that this build opens. */
export const families: readonly Family[] = [
  dbrx,
  deepseekV2,
  deepseekV3,
  gemma,
  gemma2,
  gemma3,
  glm,
  glm4,
  glm4Moe,
  gptOss,
  grok1,
  llama,
  minimaxM2,
  ministral3,
  mistral,
  mixtral,
  phi3,
  phimoe,
  qwen2,
  qwen2Moe,
  qwen3,
  qwen35,
  qwen3Moe,
  qwen3Next,
  t5,
];
