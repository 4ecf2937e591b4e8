// LFM2: a list of calls as Python writes them, or as JSON.
import { KEYWORDS_DIALECT } from "../dialects.ts";
import { type AnswerFormat, THINK } from "../format.ts";

export const LFM2: AnswerFormat = {
  name: "lfm2",
  reasoning: THINK,
  calls: [
    "<|tool_call_start|>[",
    {
      kind: "calls",
      call: [
        {
          kind: "either",
          written: 1,
          ways: [
            [{ kind: "name" }, { kind: "arguments", dialect: KEYWORDS_DIALECT }],
            // Where the system message asks for it.
            [{ kind: "envelope", name: ["name"], arguments: ["arguments"] }],
          ],
        },
      ],
      between: ", ",
    },
    "]<|tool_call_end|>",
  ],
  offered: ["<|tool_list_start|>", "List of tools: ["],
};
