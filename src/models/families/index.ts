// The list of families. A new family is one file and one entry here.
import { baichuan } from "./baichuan.ts";
import { bert, roberta } from "./bert.ts";
import { bloom } from "./bloom.ts";
import { cohere } from "./cohere.ts";
import { dbrx } from "./dbrx.ts";
import { deepseekV2, deepseekV3 } from "./deepseek.ts";
import { distilbert } from "./distilbert.ts";
import { ernie4_5 } from "./ernie4-5.ts";
import { exaone4 } from "./exaone4.ts";
import { falcon } from "./falcon.ts";
import type { Family } from "./family.ts";
import { gemma, gemma2, gemma3 } from "./gemma.ts";
import { glm, glm4, glm4Moe } from "./glm.ts";
import { gptNeox } from "./gpt-neox.ts";
import { gptOss } from "./gpt-oss.ts";
import { gpt2 } from "./gpt2.ts";
import { gptj } from "./gptj.ts";
import { granite } from "./granite.ts";
import { grok1 } from "./grok.ts";
import { spark } from "./iflytek-spark.ts";
import { internlm2 } from "./internlm2.ts";
import { llama } from "./llama.ts";
import { minimaxM2 } from "./minimax.ts";
import { ministral3 } from "./ministral.ts";
import { mistral } from "./mistral.ts";
import { mixtral } from "./mixtral.ts";
import { modernbert } from "./modernbert.ts";
import { mpt } from "./mpt.ts";
import { nomicBert } from "./nomic-bert.ts";
import { olmo, olmo2, olmoe } from "./olmo.ts";
import { opt } from "./opt.ts";
import { phi3, phimoe } from "./phi3.ts";
import { qwen } from "./qwen.ts";
import { qwen2Moe, qwen3Moe } from "./qwen-moe.ts";
import { qwen2, qwen3 } from "./qwen2.ts";
import { qwen35 } from "./qwen3-5.ts";
import { qwen3Next } from "./qwen3-next.ts";
import { seedOss } from "./seed-oss.ts";
import { smollm3 } from "./smollm3.ts";
import { starcoder2 } from "./starcoder2.ts";
import { t5 } from "./t5.ts";

/** Every family that this build opens. */
export const families: readonly Family[] = [
  baichuan,
  bert,
  bloom,
  cohere,
  dbrx,
  deepseekV2,
  deepseekV3,
  distilbert,
  ernie4_5,
  exaone4,
  falcon,
  gemma,
  gemma2,
  gemma3,
  glm,
  glm4,
  glm4Moe,
  gpt2,
  gptj,
  gptNeox,
  gptOss,
  granite,
  grok1,
  internlm2,
  llama,
  minimaxM2,
  ministral3,
  mistral,
  mixtral,
  modernbert,
  mpt,
  nomicBert,
  olmo,
  olmo2,
  olmoe,
  opt,
  phi3,
  phimoe,
  qwen,
  qwen2,
  qwen2Moe,
  qwen3,
  qwen35,
  qwen3Moe,
  qwen3Next,
  roberta,
  seedOss,
  smollm3,
  spark,
  starcoder2,
  t5,
];
