// All formats of answers. One that reads what another writes stands after it.
import type { AnswerFormat } from "./format.ts";
import { COMMAND_R7B } from "./formats/command-r7b.ts";
import { DEEPSEEK_V3, DEEPSEEK_V4, DEEPSEEK_V31, DEEPSEEK_V32 } from "./formats/deepseek.ts";
import { GEMMA_4 } from "./formats/gemma4.ts";
import { GLM_45, GLM_47 } from "./formats/glm.ts";
import { GRANITE } from "./formats/granite.ts";
import { HARMONY } from "./formats/harmony.ts";
import { HERMES } from "./formats/hermes.ts";
import { KIMI_K2 } from "./formats/kimi-k2.ts";
import { LFM2 } from "./formats/lfm2.ts";
import { LLAMA3_JSON } from "./formats/llama3-json.ts";
import { MINIMAX_M2 } from "./formats/minimax-m2.ts";
import { MISTRAL_ARGS, MISTRAL_ARRAY } from "./formats/mistral.ts";
import { QWEN3_CODER } from "./formats/qwen3-coder.ts";
import { SEED_OSS } from "./formats/seed-oss.ts";

export const ANSWER_FORMATS: readonly AnswerFormat[] = [
  HERMES,
  QWEN3_CODER,
  LLAMA3_JSON,
  MISTRAL_ARRAY,
  MISTRAL_ARGS,
  DEEPSEEK_V3,
  DEEPSEEK_V31,
  DEEPSEEK_V32,
  DEEPSEEK_V4,
  HARMONY,
  GLM_45,
  GLM_47,
  KIMI_K2,
  GRANITE,
  MINIMAX_M2,
  COMMAND_R7B,
  GEMMA_4,
  SEED_OSS,
  LFM2,
];
