// Writes the events of an answer into its message, once a frame.
import type { Message } from "../store/conversation.ts";
import { AnswerError, type AnswerEvent } from "./client.ts";
import type { Left, Read } from "./context.ts";

/** An answer that is written into. */
interface Writing {
  message: Message;
  control: AbortController;
  /** Told what part of the prompt has been read, undefined when that is over, and whether the server is out of reach. */
  onStand?: (share: number | undefined, away: boolean) => void;
  /** Told now and then that there is more to keep. */
  onKeep?: () => void;
}

/** How often what has been written of an answer is kept. */
const KEEP_EVERY = 500;

/** Writes until the events end; how the answer ended is in the message, whatever happens. */
export async function writeAnswer(
  { message, control, onStand = () => {}, onKeep = () => {} }: Writing,
  events: AsyncIterable<AnswerEvent | Left | Read>,
): Promise<void> {
  const started = performance.now();
  let text = "";
  let reasoning = "";
  let pieces = 0;
  let frame = 0;
  let kept = started;
  const flush = () => {
    frame = 0;
    if (reasoning) message.reasoning = (message.reasoning ?? "") + reasoning;
    if (text) message.text += text;
    text = reasoning = "";
    if (performance.now() - kept < KEEP_EVERY) return;
    kept = performance.now();
    onKeep();
  };
  const soon = () => {
    // A page that is not seen has no frames.
    frame ||= document.hidden ? window.setTimeout(flush, 200) : requestAnimationFrame(flush);
  };
  try {
    for await (const event of events) {
      onStand(event.type === "progress" ? event.share : undefined, event.type === "reach" && event.away);
      if (event.type === "whole") Object.assign(message, event.message);
      if (event.type === "left") message.left = event.count;
      if (event.type === "passages") message.passages = event.passages;
      if (event.type === "reasoning") reasoning += event.text;
      if (event.type === "text") {
        if (message.reasoningSeconds === undefined && (message.reasoning || reasoning))
          message.reasoningSeconds = (performance.now() - started) / 1000;
        text += event.text;
      }
      if (event.type === "call") addCall(message, event);
      if (event.type === "text" || event.type === "reasoning") {
        pieces++;
        soon();
      }
      if (event.type !== "finish") continue;
      flush();
      message.state = event.state ?? (event.reason === "length" ? "length" : "done");
      message.failure = event.failure;
      message.tokens = event.tokens;
      message.rate = event.rate;
      message.seconds = event.seconds;
    }
  } catch (error) {
    if (control.signal.aborted) {
      message.state = "stopped";
      message.seconds = (performance.now() - started) / 1000;
      if (pieces > 0) message.rate = pieces / message.seconds;
    } else {
      message.state = "failed";
      message.failure = failureOf(error);
    }
  } finally {
    cancelAnimationFrame(frame);
    flush();
  }
}

/** What went wrong, as a message keeps it. */
export const failureOf = (error: unknown) =>
  error instanceof AnswerError
    ? { code: error.code, message: error.message }
    : { code: "page", message: String(error) };

function addCall(message: Message, event: { index: number; id?: string; name?: string; arguments: string }) {
  message.calls ??= [];
  const call = message.calls[event.index];
  if (call) call.arguments += event.arguments;
  else message.calls.push({ id: event.id ?? "", name: event.name ?? "", arguments: event.arguments });
}
