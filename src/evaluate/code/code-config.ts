// What a task says of programs that a model writes: language, template, bounds.
import { brief, isRecord } from "../../json.ts";
import { checkKey, configError } from "../tasks/config-error.ts";

/** How a task's answers are run. */
export interface CodeConfig {
  /** A template over the document's columns and `answer`. */
  readonly program: string;
  readonly seconds: number;
  readonly memoryBytes: number;
}

const KEYS = ["language", "program", "seconds", "memory_mb"];
const LARGEST = { seconds: 60, memory_mb: 1024 };

/** @throws {BaimoError} `format` for keys and values that are none, and for languages that have no sandbox here */
export function readCode(value: unknown, where: string): CodeConfig | null {
  if (value === undefined) return null;
  if (!isRecord(value)) throw configError(where, "code", `must be keys and values but is ${brief(value)}`);
  for (const key of Object.keys(value)) checkKey(key, KEYS, where, "code.");
  const { language, program = "{{answer}}" } = value;
  if (language === "python") {
    throw configError(
      where,
      "code.language",
      "is python, which no sandbox in Node holds; baimo runs none: write the task in javascript",
    );
  }
  if (language !== "javascript")
    throw configError(where, "code.language", `is ${brief(language)}; expected javascript`);
  if (typeof program !== "string")
    throw configError(where, "code.program", `must be a template but is ${brief(program)}`);
  const number = (key: keyof typeof LARGEST, fallback: number): number => {
    const given = Number(value[key] ?? fallback);
    if (given > 0 && given <= LARGEST[key]) return given;
    throw configError(
      where,
      `code.${key}`,
      `is ${brief(value[key])}; expected a number up to ${LARGEST[key]}`,
    );
  };
  return { program, seconds: number("seconds", 3), memoryBytes: number("memory_mb", 64) * 2 ** 20 };
}
