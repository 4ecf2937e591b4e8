// An assistant in a link: all of it stands after the address's "#", which no server sees.
import { fromBase64Url, toBase64Url } from "../../../src/base64.ts";
import type { AssistantFields } from "../store/assistants.ts";

const FORMAT = "baimo.assistant";
/** Longer links are cut off by programs that pass them on. */
const LONGEST_LINK = 8000;
/** What a link may unfold to, in bytes. */
const MOST_BYTES = 2_000_000;

/** An assistant as one portable file. */
export const toFile = (assistant: AssistantFields): object => ({ format: FORMAT, version: 1, assistant });

/** The end of a link with an assistant in it; what does not fit is left out: picture and files, or undefined for all. */
export async function toLink(
  assistant: AssistantFields,
): Promise<{ payload: string; whole: boolean } | undefined> {
  const payload = await pack(toFile(assistant));
  if (payload.length <= LONGEST_LINK) return { payload, whole: true };
  const shorter = await pack(toFile({ ...assistant, picture: "", files: [] }));
  return shorter.length <= LONGEST_LINK ? { payload: shorter, whole: false } : undefined;
}

/** What a link holds. @throws {Error} for one that is broken, or unfolds to too much */
export async function fromLink(payload: string): Promise<unknown> {
  const bytes = fromBase64Url(payload);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > MOST_BYTES) throw new Error(`the link unfolds to more than ${MOST_BYTES} bytes`);
    chunks.push(value);
  }
  return JSON.parse(await new Blob(chunks).text());
}

/** The part of a text that is such a link's end, wherever the page that it leads to stands. */
export const payloadIn = (text: string): string | undefined => /#\/shared\/([\w-]+)/.exec(text)?.[1];

async function pack(value: object): Promise<string> {
  const stream = new Blob([JSON.stringify(value)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return toBase64Url(new Uint8Array(await new Response(stream).arrayBuffer()));
}
