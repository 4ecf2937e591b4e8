// The decoders of tokenizer.json: tokens to text.

import { BaimoError } from "../../errors.ts";
import { booleanOf, listOf, numberOf, recordOf, stringOf } from "../files/fields.ts";
import { readReplace } from "./normalizers.ts";
import { byteOfToken, bytesOfByteLevel, fromUtf8, toUtf8 } from "./unicode.ts";

/** Turns a list of tokens into a list of texts, whose concatenation is the decoded text. */
export type Decoder = (tokens: string[]) => string[];

/**
 * Reads a `decoder` of tokenizer.json.
 *
 * @throws {BaimoError} `format` naming a kind or a field that is not known
 */
export function readDecoder(json: unknown, where: string): Decoder {
  const spec = recordOf(json, where);
  const type = stringOf(spec.type, `${where}.type`);
  switch (type) {
    case "Sequence": {
      const steps = listOf(spec.decoders, `${where}.decoders`).map((step, i) =>
        readDecoder(step, `${where}.decoders[${i}]`),
      );
      return (tokens) => steps.reduce((texts, step) => step(texts), tokens);
    }
    case "ByteLevel":
      return (tokens) => [fromUtf8(concat(tokens.map((token) => bytesOfByteLevel(token) ?? toUtf8(token))))];
    case "ByteFallback":
      return byteFallback;
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "Replace": {
      const replace = readReplace(spec, where);
      return (tokens) => tokens.map(replace);
    }
    case "Strip": {
      const content = stringOf(spec.content, `${where}.content`);
      const start = numberOf(spec.start, `${where}.start`);
      const stop = numberOf(spec.stop, `${where}.stop`);
      return (tokens) => tokens.map((token) => strip(token, content, start, stop));
    }
    case "Metaspace": {
      const replacement = stringOf(spec.replacement ?? "▁", `${where}.replacement`);
      const keepFirst = spec.add_prefix_space === false || spec.prepend_scheme === "never";
      return (tokens) =>
        tokens.map((token, i) => token.replaceAll(replacement, i === 0 && !keepFirst ? "" : " "));
    }
    case "WordPiece": {
      const prefix = stringOf(spec.prefix ?? "##", `${where}.prefix`);
      const clean = booleanOf(spec.cleanup, true, `${where}.cleanup`);
      return (tokens) =>
        tokens.map((token, i) => {
          let text = token;
          if (i > 0) text = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
          return clean ? cleanUp(text) : text;
        });
    }
    case "BPEDecoder": {
      const suffix = stringOf(spec.suffix ?? "</w>", `${where}.suffix`);
      return (tokens) =>
        tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? "" : " "));
    }
    case "CTC": {
      const pad = stringOf(spec.pad_token ?? "<pad>", `${where}.pad_token`);
      const delimiter = stringOf(spec.word_delimiter_token ?? "|", `${where}.word_delimiter_token`);
      const clean = booleanOf(spec.cleanup, true, `${where}.cleanup`);
      return (tokens) =>
        tokens
          .filter((token, i) => token !== tokens[i - 1])
          .map((token) => {
            const text = token.replaceAll(pad, "");
            return clean ? cleanUp(text).replaceAll(delimiter, " ") : text;
          })
          .filter((text) => text !== "");
    }
    default:
      throw new BaimoError(
        "format",
        `${where}: decoder of type ${JSON.stringify(type)} is not known; the tokenizer cannot be used`,
      );
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Runs of byte tokens become text, or one U+FFFD a byte where the run is not UTF-8 (tokenizers, byte_fallback.rs). */
function byteFallback(tokens: string[]): string[] {
  const out: string[] = [];
  let run: number[] = [];
  const flush = () => {
    if (run.length === 0) return;
    try {
      out.push(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(run)));
    } catch {
      for (let i = 0; i < run.length; i++) out.push("\ufffd");
    }
    run = [];
  };
  for (const token of tokens) {
    const byte = token.length === 6 ? byteOfToken(token) : -1;
    if (byte >= 0) {
      run.push(byte);
    } else {
      flush();
      out.push(token);
    }
  }
  flush();
  return out;
}

function strip(text: string, content: string, start: number, stop: number): string {
  const points = [...text];
  let from = 0;
  while (from < start && from < points.length && points[from] === content) from++;
  let to = points.length;
  for (let n = 0; n < stop && to > from && points[to - 1] === content; n++) to--;
  return from === 0 && to === points.length ? text : points.slice(from, to).join("");
}

function cleanUp(text: string): string {
  return text
    .replaceAll(" .", ".")
    .replaceAll(" ?", "?")
    .replaceAll(" !", "!")
    .replaceAll(" ,", ",")
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" do not", " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}
