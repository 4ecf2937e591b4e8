// The door of HTTP: a field that is refused is named as the client wrote it, with OpenAI's code.
import type { Door, Refusal } from "../options.ts";
import { badParameter } from "./problem.ts";

/** A JSON object whose fields nobody has looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

const codes: Readonly<Record<Refusal["fault"], string>> = {
  unknown: "unknown_parameter",
  missing: "missing_required_parameter",
  type: "invalid_type",
  value: "invalid_value",
};

/** Null is read as absent, as OpenAI does. */
export const asClient: Door = {
  nullIsAbsent: true,
  refuse: ({ name, fault, text }) => badParameter(name, codes[fault], `'${name}' ${text}`),
};
