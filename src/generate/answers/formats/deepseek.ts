// DeepSeek: V3 and R1 with fenced JSON, V3.1 without a fence, V3.2 and V4 as tags with values.
import { JSON_DIALECT } from "../dialects.ts";
import { type AnswerFormat, THINK } from "../format.ts";
import type { Part } from "../pattern.ts";

/** Calls between marks around them all, which may be missing. */
function withSection(call: readonly Part[], between: string): readonly Part[] {
  return [
    { kind: "maybe", parts: ["<｜tool▁calls▁begin｜>"], written: true },
    { kind: "calls", call, between },
    { kind: "maybe", parts: ["<｜tool▁calls▁end｜>"], written: true },
  ];
}

export const DEEPSEEK_V3: AnswerFormat = {
  name: "deepseek-v3",
  reasoning: THINK,
  calls: withSection(
    [
      "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
      { kind: "name" },
      "\n```json\n",
      { kind: "arguments", dialect: JSON_DIALECT },
      "\n```<｜tool▁call▁end｜>",
    ],
    "\n",
  ),
};

export const DEEPSEEK_V31: AnswerFormat = {
  name: "deepseek-v3.1",
  reasoning: THINK,
  calls: withSection(
    [
      "<｜tool▁call▁begin｜>",
      { kind: "name" },
      "<｜tool▁sep｜>",
      { kind: "arguments", dialect: JSON_DIALECT },
      "<｜tool▁call▁end｜>",
    ],
    "",
  ),
};

export const DEEPSEEK_V32 = tagged("deepseek-v3.2", "function_calls");
export const DEEPSEEK_V4 = tagged("deepseek-v4", "tool_calls");

function tagged(name: string, section: string): AnswerFormat {
  return {
    name,
    reasoning: THINK,
    calls: [
      `<｜DSML｜${section}>\n`,
      {
        kind: "calls",
        call: [
          '<｜DSML｜invoke name="',
          { kind: "name" },
          '">\n',
          {
            kind: "parameters",
            open: ['<｜DSML｜parameter name="', "KEY", '" string="', "IS_STRING", '">'],
            close: "</｜DSML｜parameter>\n",
            end: "</｜DSML｜invoke>",
          },
        ],
        between: "\n",
      },
      `\n</｜DSML｜${section}>`,
    ],
  };
}
