// Command R7B and A: a list of actions, and a response between marks.
import type { AnswerFormat } from "../format.ts";

export const COMMAND_R7B: AnswerFormat = {
  name: "command-r7b",
  reasoning: { open: ["<|START_THINKING|>"], close: ["<|END_THINKING|>"] },
  content: [{ open: ["<|START_RESPONSE|>"], close: ["<|END_RESPONSE|>"] }],
  calls: [
    "<|START_ACTION|>[\n    ",
    {
      kind: "calls",
      call: [{ kind: "envelope", name: ["tool_name"], arguments: ["parameters"], numbered: "tool_call_id" }],
      between: ",\n    ",
    },
    "\n]\n<|END_ACTION|>",
  ],
};
