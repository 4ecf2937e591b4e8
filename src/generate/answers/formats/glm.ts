// GLM: keys and values between tags; from 4.7 on without the line breaks of 4.5 and 4.6.
import { type AnswerFormat, THINK } from "../format.ts";

export const GLM_45 = glm("glm-4.5", "\n");
export const GLM_47 = glm("glm-4.7", "");

function glm(name: string, line: string): AnswerFormat {
  return {
    name,
    reasoning: { open: ["<think>"], close: THINK.close },
    calls: [
      {
        kind: "calls",
        call: [
          "<tool_call>",
          { kind: "name" },
          line,
          {
            kind: "parameters",
            open: ["<arg_key>", "KEY", `</arg_key>${line}<arg_value>`],
            close: `</arg_value>${line}`,
            end: "</tool_call>",
          },
        ],
        between: line,
      },
    ],
  };
}
