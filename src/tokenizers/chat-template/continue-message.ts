// Continuing the final message: a mark behind it shows where the text ends, as in transformers.

import { BaimoError } from "../../errors.ts";
import { stripText } from "./jinja/text.ts";

const MARK = "CONTINUE_FINAL_MESSAGE_TAG ";

/** What continuing needs of a rendering's options. */
export interface ContinueOptions {
  messages: readonly unknown[];
  addGenerationPrompt?: boolean;
  continueFinalMessage?: boolean | string;
}

/** The messages with the mark, and what cuts the text at it. */
export interface Continuation {
  messages: readonly unknown[];
  cut(text: string): string;
}

type Fields = Record<string, unknown>;

/**
 * Marks the end of the final message.
 *
 * @throws {BaimoError} `request` with transformers' messages where it cannot be continued
 */
export function continuation(template: string, options: ContinueOptions): Continuation {
  if (options.addGenerationPrompt) {
    refuse(
      "continue_final_message and add_generation_prompt are not compatible. Use continue_final_message when you want the model to continue the final message, and add_generation_prompt when you want to add a header that will prompt it to start a new assistant message instead.",
    );
  }
  const field = typeof options.continueFinalMessage === "string" ? options.continueFinalMessage : "content";
  const final = { ...(options.messages.at(-1) as Fields | undefined) };
  const value = Object.hasOwn(final, field) ? final[field] : undefined;
  if (value === undefined || value === null) {
    return refuse(`continue_final_message is set but the final message has no "${field}" to continue!`);
  }
  if (!template.includes(field)) {
    refuse(
      `continue_final_message is set to "${field}" but this is not an accepted field in the chat_template`,
    );
  }
  let text: string;
  if (Array.isArray(value)) {
    const blocks = [...(value as Fields[])];
    const last = blocks.findLastIndex((block) => typeof block?.text === "string");
    if (last < 0) {
      refuse(
        "continue_final_message is set but we could not find any text to continue in the final message!",
      );
    }
    text = blocks[last].text as string;
    blocks[last] = { ...blocks[last], text: text + MARK };
    final[field] = blocks;
  } else if (typeof value === "string") {
    text = value;
    final[field] = text + MARK;
  } else {
    return refuse(`continue_final_message is set but the final message's "${field}" is no text`);
  }
  return { messages: [...options.messages.slice(0, -1), final], cut: (rendered) => cutAt(rendered, text) };
}

function cutAt(rendered: string, text: string): string {
  const wanted = stripText(text, undefined, true, true);
  const at = rendered.lastIndexOf(MARK.trim());
  if (at < 0 || !rendered.includes(wanted)) {
    refuse(
      "continue_final_message is set but the final message does not appear in the chat after applying the chat template! This can happen if the chat template deletes portions of the final message. Please verify the chat template and final message in your chat to ensure they are compatible." +
        `Final message to continue: ${wanted}\nRendered chat:\n${rendered}`,
    );
  }
  const before = rendered.slice(0, at);
  // Where the template took the blank away, it takes blanks away at the end of messages.
  return rendered.startsWith(MARK, at) ? before : stripText(before, undefined, false, true);
}

function refuse(message: string): never {
  throw new BaimoError("request", message);
}
