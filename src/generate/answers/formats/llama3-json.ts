// Llama 3: the whole answer is one JSON object or several; nothing marks them.

import { KEYWORDS_DIALECT } from "../dialects.ts";
import type { AnswerFormat } from "../format.ts";

/** Ends a message, and ends one that waits for a tool. */
const ENDS = ["<|eot_id|>", "<|eom_id|>"];

export const LLAMA3_JSON: AnswerFormat = {
  name: "llama3-json",
  callsOnly: true,
  dropped: ENDS,
  begins: ['{"name": "', "<|python_tag|>"],
  calls: [
    { kind: "maybe", parts: ["<|python_tag|>"], written: false },
    {
      kind: "either",
      written: 1,
      ways: [
        [
          {
            kind: "calls",
            call: [
              {
                kind: "envelope",
                name: ["name"],
                arguments: ["parameters", "arguments"],
                unmarked: ["type", "id"],
              },
              { kind: "before", marks: [";", ...ENDS] },
            ],
            between: "; ",
          },
        ],
        // A built-in tool: brave_search.call(query="...")
        [
          {
            kind: "calls",
            call: [
              { kind: "name", after: ".call", offered: true },
              { kind: "arguments", dialect: KEYWORDS_DIALECT },
            ],
            between: "; ",
          },
        ],
      ],
    },
  ],
};
