// Hermes: one JSON object a call. Qwen 2.5 and 3, Hermes 2 and 3, MiMo, Granite 4 and many others.
import { type AnswerFormat, THINK } from "../format.ts";

export const HERMES: AnswerFormat = {
  name: "hermes",
  reasoning: THINK,
  calls: [
    {
      kind: "calls",
      call: [
        "<tool_call>\n",
        { kind: "envelope", name: ["name"], arguments: ["arguments", "parameters"] },
        "\n</tool_call>",
      ],
      between: "\n",
    },
  ],
};
