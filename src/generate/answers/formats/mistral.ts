// Mistral: an array after one mark (Nemo, Large 2407), and `[ARGS]` (Devstral, Ministral 3).
import { JSON_DIALECT } from "../dialects.ts";
import type { AnswerFormat } from "../format.ts";

export const MISTRAL_ARRAY: AnswerFormat = {
  name: "mistral-array",
  idLength: 9,
  calls: [
    "[TOOL_CALLS]\n[",
    {
      kind: "calls",
      call: [{ kind: "envelope", name: ["name"], arguments: ["arguments"] }],
      between: ", ",
    },
    "]",
  ],
};

export const MISTRAL_ARGS: AnswerFormat = {
  name: "mistral-args",
  reasoning: { open: ["[THINK]"], close: ["[/THINK]"] },
  idLength: 9,
  calls: [
    {
      kind: "calls",
      call: [
        "[TOOL_CALLS]",
        { kind: "name" },
        // An id that a model writes may have been used before; a new one is made.
        { kind: "either", written: 1, ways: [["[ARGS]"], ["[CALL_ID]", { kind: "skip", until: "[ARGS]" }]] },
        { kind: "arguments", dialect: JSON_DIALECT },
        { kind: "before", marks: ["[TOOL_CALLS]", "</s>"] },
      ],
      between: "",
    },
  ],
  dropped: ["</s>"],
};
