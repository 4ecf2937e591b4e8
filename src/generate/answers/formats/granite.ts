// Granite 3: a list of JSON objects; where it thinks, what it answers stands between marks, too.
import { type AnswerFormat, THINK } from "../format.ts";

export const GRANITE: AnswerFormat = {
  name: "granite-3",
  reasoning: THINK,
  content: [{ open: ["<response>"], close: ["</response>"] }],
  calls: [
    { kind: "either", written: 2, ways: [["<|tool_call|>"], ["<tool_call>"]] },
    "[",
    {
      kind: "calls",
      call: [{ kind: "envelope", name: ["name"], arguments: ["arguments"] }],
      between: ", ",
    },
    "]",
    { kind: "maybe", parts: ["</tool_call>"], written: false },
  ],
  offered: ["<|tool_call|>"],
};
