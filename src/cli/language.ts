// --lang: the language of an answer, English or Chinese.
import type { Command } from "commander";
import { choice } from "../option-kinds.ts";
import { reader } from "./options.ts";

export type Language = "en" | "zh";

/** Adds --lang; `of`: what is written in it. */
export const addLanguageOption = (command: Command, of = "the answer"): Command =>
  command.option("--lang <code>", `of ${of}: en or zh`, reader(choice("en", "zh")), "en");
