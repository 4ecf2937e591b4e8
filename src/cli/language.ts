// --lang: the language of an answer, English or Chinese.
import type { Command } from "commander";
import { choice } from "../option-kinds.ts";
import { reader } from "./options.ts";

export type Language = "en" | "zh";

/** Adds --lang. */
export const addLanguageOption = (command: Command): Command =>
  command.option("--lang <code>", "of the answer: en or zh", reader(choice("en", "zh")), "en");
