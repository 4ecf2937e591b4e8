// The page's client: OpenAI's requests to a (Request) => Promise<Response>.

/** What answers: `fetch` against a server, or a worker in this tab. */
export type Handle = (request: Request) => Promise<Response>;

/** A model that can be talked to. */
export interface ModelInfo {
  id: string;
}

/** A turn of the conversation as the server reads it. */
export interface Turn {
  role: "system" | "user" | "assistant";
  content: string;
}

/** How the answer is to be made; what is absent is left to the server. */
export interface Sampling {
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  seed?: number;
}

/** What an answer sends. `rate` is in tokens a second, `seconds` the whole time of work. */
export type AnswerEvent =
  | { type: "progress"; share: number }
  | { type: "text"; text: string }
  | { type: "finish"; reason: string; tokens?: number; rate?: number; seconds?: number };

/** A failure that the page can put in words by its code; the message is the server's own. */
export class AnswerError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const address = (path: string) => new URL(path, document.baseURI).href;

/** Asks which models there are. */
export async function listModels(handle: Handle): Promise<ModelInfo[]> {
  const response = await reach(handle, new Request(address("v1/models")));
  const { data } = await response.json();
  return data.map(({ id }: ModelInfo) => ({ id }));
}

/**
 * Streams the answer to a conversation. Leaving the loop, or aborting, stops the server's work.
 * @throws {AnswerError} with the server's code, `unreachable`, or `broken` for a stream without an end
 */
export async function* streamAnswer(
  handle: Handle,
  {
    model,
    turns,
    sampling,
    signal,
  }: { model: string; turns: Turn[]; sampling: Sampling; signal: AbortSignal },
): AsyncGenerator<AnswerEvent> {
  const body = JSON.stringify({ model, messages: turns, stream: true, ...sampling });
  const headers = { "content-type": "application/json" };
  const request = new Request(address("v1/chat/completions"), { method: "POST", headers, body, signal });
  const response = await reach(handle, request);
  for await (const line of readLines(response.body!)) {
    if (line.startsWith(": prompt ")) {
      const [done, total] = line.slice(9).split("/").map(Number);
      yield { type: "progress", share: done! / total! };
    }
    if (!line.startsWith("data: ")) continue;
    if (line === "data: [DONE]") return;
    const chunk = JSON.parse(line.slice(6));
    if (chunk.error) throw new AnswerError(chunk.error.code ?? "server", chunk.error.message);
    const choice = chunk.choices[0];
    if (choice?.delta.content) yield { type: "text", text: choice.delta.content };
    if (choice?.finish_reason) yield toFinish(choice.finish_reason, chunk.timings);
  }
  throw new AnswerError("broken", "the stream ended early");
}

interface Timings {
  prompt_ms: number;
  generation_ms: number;
  generation_tokens: number;
}

function toFinish(reason: string, timings: Timings | undefined): AnswerEvent {
  if (!timings) return { type: "finish", reason };
  const { prompt_ms, generation_ms, generation_tokens: tokens } = timings;
  const rate = generation_ms > 0 ? (tokens * 1000) / generation_ms : undefined;
  return { type: "finish", reason, tokens, rate, seconds: (prompt_ms + generation_ms) / 1000 };
}

async function reach(handle: Handle, request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await handle(request);
  } catch (cause) {
    if (request.signal.aborted) throw cause;
    throw new AnswerError("unreachable", String(cause));
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => undefined);
  const { code, message } = body?.error ?? {};
  throw new AnswerError(code ?? `status ${response.status}`, message ?? response.statusText);
}

/** Splits a stream of bytes into lines, whatever pieces they arrive in. */
async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  } finally {
    // After an abort the stream has failed already, and there is nothing left to cancel.
    await reader.cancel().catch(() => {});
  }
}
