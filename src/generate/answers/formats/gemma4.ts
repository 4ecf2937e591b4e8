// Gemma 4: arguments in a dialect of its own, reasoning as a channel.
import { GEMMA_DIALECT } from "../dialects.ts";
import type { AnswerFormat } from "../format.ts";

export const GEMMA_4: AnswerFormat = {
  name: "gemma-4",
  reasoning: { open: ["<|channel>thought\n"], close: ["<channel|>"] },
  calls: [
    {
      kind: "calls",
      call: [
        "<|tool_call>call:",
        { kind: "name" },
        { kind: "arguments", dialect: GEMMA_DIALECT },
        "<tool_call|>",
      ],
      between: "",
    },
  ],
  // Where a tool's answer would begin.
  dropped: ["<|tool_response>"],
};
