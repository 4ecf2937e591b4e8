// Harmony (gpt-oss): messages with a channel each; a recipient makes one a call.
import { JSON_DIALECT } from "../dialects.ts";
import type { AnswerFormat } from "../format.ts";
import type { Part } from "../pattern.ts";

const MESSAGE = "<|message|>";
const ENDS = ["<|end|>", "<|return|>", "<|call|>"];

/** The rest of a message's head, such as " <|constrain|>json". */
const HEAD: Part = { kind: "skip", until: MESSAGE };

/** A call whose recipient stands after a text; `head` is what else stands before the arguments. One ends the answer. */
function callOf(before: string, head: string): readonly Part[] {
  const call: readonly Part[] = [
    before,
    { kind: "name" },
    { kind: "either", written: 1, ways: [[head + MESSAGE], [HEAD]] },
    { kind: "arguments", dialect: JSON_DIALECT },
    { kind: "before", marks: ENDS },
  ];
  return [{ kind: "calls", call, between: "", single: true }];
}

export const HARMONY: AnswerFormat = {
  name: "harmony",
  reasoning: { open: ["<|channel|>analysis", HEAD], close: ENDS },
  content: [
    { open: ["<|channel|>final", HEAD], close: ENDS },
    // What is said before a call.
    { open: ["<|channel|>commentary", HEAD], close: ENDS },
  ],
  calls: [
    {
      kind: "either",
      written: 3,
      ways: [
        callOf(" to=functions.", "<|channel|>commentary json"),
        callOf("<|channel|>commentary to=functions.", " <|constrain|>json"),
        callOf("<|channel|>analysis to=functions.", " <|constrain|>json"),
      ],
    },
  ],
  another: "<|start|>assistant",
  dropped: ENDS,
};
