// Kimi K2: the id is `functions.NAME:INDEX`, its number counting over the whole conversation.
import { JSON_DIALECT } from "../dialects.ts";
import { type AnswerFormat, THINK } from "../format.ts";

export const KIMI_K2: AnswerFormat = {
  name: "kimi-k2",
  reasoning: { open: ["<think>"], close: THINK.close },
  calls: [
    { kind: "maybe", parts: ["<|tool_calls_section_begin|>"], written: true },
    {
      kind: "calls",
      call: [
        "<|tool_call_begin|>",
        { kind: "name", before: "functions.", numbered: true },
        "<|tool_call_argument_begin|>",
        { kind: "arguments", dialect: JSON_DIALECT },
        "<|tool_call_end|>",
      ],
      between: "",
    },
    { kind: "maybe", parts: ["<|tool_calls_section_end|>"], written: true },
  ],
  offered: ["<|im_system|>tool_declare<|im_middle|>"],
};
