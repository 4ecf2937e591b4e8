// LFM2: a list of calls as Python writes them.
import { KEYWORDS_DIALECT } from "../dialects.ts";
import { type AnswerFormat, THINK } from "../format.ts";

export const LFM2: AnswerFormat = {
  name: "lfm2",
  reasoning: THINK,
  calls: [
    "<|tool_call_start|>[",
    {
      kind: "calls",
      call: [{ kind: "name" }, { kind: "arguments", dialect: KEYWORDS_DIALECT }],
      between: ", ",
    },
    "]<|tool_call_end|>",
  ],
  offered: ["<|tool_list_start|>", "List of tools: ["],
};
