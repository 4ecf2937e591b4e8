// Seed-OSS: values between tags, and marks of its own for reasoning.
import type { AnswerFormat } from "../format.ts";

export const SEED_OSS: AnswerFormat = {
  name: "seed-oss",
  reasoning: { open: ["<seed:think>"], close: ["</seed:think>"] },
  calls: [
    {
      kind: "calls",
      call: [
        "<seed:tool_call>\n<function=",
        { kind: "name" },
        ">\n",
        {
          kind: "parameters",
          open: ["<parameter=", "KEY", ">"],
          close: "</parameter>\n",
          end: "</function>",
        },
        "\n</seed:tool_call>",
      ],
      between: "\n",
    },
  ],
};
