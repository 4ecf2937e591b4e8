// Assistants as files, held to the rules for assistants.
import { readOptions } from "../../../options.ts";
import { type AssistantFields, fieldsOf } from "../../../store/assistants.ts";
import { asClient } from "../../requests/fields.ts";
import { assistantTable, toFields } from "../assistant-fields.ts";
import { ASSISTANT_FORMAT, type FoundAssistant, findAssistant } from "./found-assistant.ts";

export const toAssistantFile = (assistant: AssistantFields): object => ({
  format: ASSISTANT_FORMAT,
  version: 1,
  assistant: fieldsOf(assistant),
});

/** What a file has, and what of it cannot be done here. */
export interface ReadAssistant extends FoundAssistant {
  readonly fields: AssistantFields;
}

/** Reads one of a kind that is known. @throws {BaimoError} `format` for something else, `Problem` for a field that is wrong */
export function readAssistant(data: unknown): ReadAssistant {
  const { fields, notices } = findAssistant(data);
  return { fields: toFields(readOptions(fields, assistantTable, asClient)), notices };
}
