// MiniMax-M2: calls and parameters as tags with a name.
import { type AnswerFormat, THINK } from "../format.ts";

export const MINIMAX_M2: AnswerFormat = {
  name: "minimax-m2",
  reasoning: THINK,
  calls: [
    "<minimax:tool_call>\n",
    {
      kind: "calls",
      call: [
        '<invoke name="',
        { kind: "name" },
        '">\n',
        {
          kind: "parameters",
          open: ['<parameter name="', "KEY", '">'],
          close: "</parameter>\n",
          end: "</invoke>",
        },
      ],
      between: "\n",
    },
    "\n</minimax:tool_call>",
  ],
};
