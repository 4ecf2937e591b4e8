// One answer of a chat while it comes: what its deltas say together.
import { BaimoError } from "../../errors.ts";
import type { ChatEvent, Finish, GeneratedToken } from "../../generate/types.ts";
import type { Spent } from "./usage.ts";

/** A call as OpenAI's messages write it. */
interface CallInMessage {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; arguments: string };
}

/** Puts an answer together, so that the whole is what the pieces were: of a call that was cut off, too. */
export class ChatChoice {
  begun = false;
  readonly tokens: GeneratedToken[] = [];
  #content = "";
  #reasoning = "";
  #reasoningTokens = 0;
  readonly #calls: CallInMessage[] = [];
  #finish: Finish | undefined;

  take(event: ChatEvent): void {
    this.begun = true;
    switch (event.type) {
      case "text-delta":
        this.#content += event.text;
        this.tokens.push(...event.tokens);
        break;
      case "reasoning-delta":
        this.#reasoning += event.text;
        this.#reasoningTokens += event.tokens.length;
        this.tokens.push(...event.tokens);
        break;
      case "tool-call-start": {
        const { index, id, name } = event;
        this.#calls[index] = { id, type: "function", function: { name, arguments: "" } };
        break;
      }
      case "tool-call-delta":
        this.#calls[event.index].function.arguments += event.arguments;
        break;
      case "finish":
        this.#finish = event;
    }
  }

  /** The whole message. */
  get message(): object {
    const content = this.#content === "" && this.#calls.length > 0 ? null : this.#content;
    return {
      role: "assistant",
      content,
      refusal: null,
      ...(this.#reasoning === "" ? {} : { reasoning_content: this.#reasoning }),
      ...(this.#calls.length === 0 ? {} : { tool_calls: this.#calls }),
    };
  }

  /** How it ended. */
  get spent(): Spent {
    const finish = this.#finish;
    if (!finish) throw new BaimoError("device", "an answer ended without its finish event");
    return { finish, reasoningTokens: this.#reasoningTokens };
  }
}
