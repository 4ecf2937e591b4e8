// Qwen3-Coder: values on lines of their own between tags. Qwen 3.5, Nemotron 3, Step 3.5.
import { type AnswerFormat, THINK } from "../format.ts";

export const QWEN3_CODER: AnswerFormat = {
  name: "qwen3-coder",
  reasoning: THINK,
  calls: [
    {
      kind: "calls",
      call: [
        { kind: "maybe", parts: ["<tool_call>\n"], written: true },
        "<function=",
        { kind: "name" },
        ">\n",
        {
          kind: "parameters",
          open: ["<parameter=", "KEY", ">\n"],
          close: "\n</parameter>\n",
          end: "</function>",
          ownLines: true,
        },
        { kind: "maybe", parts: ["\n</tool_call>"], written: true },
      ],
      between: "\n",
    },
  ],
};
