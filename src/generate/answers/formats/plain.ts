// What a model writes whose template knows no tools: content, and reasoning where there is any.
import { type AnswerFormat, THINK } from "../format.ts";

export const PLAIN: AnswerFormat = { name: "plain", reasoning: THINK };
