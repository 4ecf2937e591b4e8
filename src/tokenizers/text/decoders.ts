// The decoders of tokenizer.json: tokens to text.

import { BaimoError } from "../../errors.ts";
import { booleanOf, listOf, numberOf, recordOf, stringOf } from "../../json.ts";
import { checkNesting } from "../limits.ts";
import { readReplace } from "./normalizers.ts";
import { byteOfToken, bytesOfByteLevel, fromUtf8, toUtf8 } from "./unicode.ts";

/** A decoder of tokenizer.json. */
export interface Decoder {
  /** Turns a list of tokens into a list of texts, whose concatenation is the decoded text. */
  decode(tokens: string[]): string[];
  /** What a token is inside a text, neither its first nor its last; bytes where it may be a part of a character. */
  inside(token: string): string | Uint8Array;
}

/** The bytes of what `inside` gives. */
export function toBytes(inside: string | Uint8Array): Uint8Array {
  return typeof inside === "string" ? toUtf8(inside) : inside;
}

/**
 * Reads a `decoder` of tokenizer.json.
 *
 * fused  an earlier decoder of the sequence joined the tokens, so that the ends of a token are not those of the text
 * @throws {BaimoError} `format` naming a kind or a field that is not known
 */
export function readDecoder(json: unknown, where: string, fused = false): Decoder {
  checkNesting(json, "decoders", where);
  const spec = recordOf(json, where);
  const type = stringOf(spec.type, `${where}.type`);
  switch (type) {
    case "Sequence":
      return readSequence(spec, where);
    case "ByteLevel":
      return {
        decode: (tokens) => [fromUtf8(concat(tokens.map(byteLevelBytes)))],
        inside: byteLevelBytes,
      };
    case "ByteFallback":
      return {
        decode: byteFallback,
        inside: (token) => (isByte(token) ? Uint8Array.of(byteOfToken(token)) : token),
      };
    case "Fuse":
      return { decode: (tokens) => [tokens.join("")], inside: (token) => token };
    case "Replace":
      return eachAlike(readReplace(spec, where));
    case "Strip": {
      const content = stringOf(spec.content, `${where}.content`);
      const start = numberOf(spec.start, `${where}.start`);
      const stop = numberOf(spec.stop, `${where}.stop`);
      const stripEnds = (token: string) => strip(token, content, start, stop);
      return { decode: (tokens) => tokens.map(stripEnds), inside: fused ? (token) => token : stripEnds };
    }
    case "Metaspace": {
      const replacement = stringOf(spec.replacement ?? "▁", `${where}.replacement`);
      const keepFirst = spec.add_prefix_space === false || spec.prepend_scheme === "never";
      return byPlace((token, first) => token.replaceAll(replacement, first && !keepFirst ? "" : " "));
    }
    case "WordPiece": {
      const prefix = stringOf(spec.prefix ?? "##", `${where}.prefix`);
      const clean = booleanOf(spec.cleanup, true, `${where}.cleanup`);
      return byPlace((token, first) => {
        let text = token;
        if (!first) text = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
        return clean ? cleanUp(text) : text;
      });
    }
    case "BPEDecoder": {
      const suffix = stringOf(spec.suffix ?? "</w>", `${where}.suffix`);
      return byPlace((token, _first, last) => token.replaceAll(suffix, last ? "" : " "));
    }
    case "CTC": {
      const pad = stringOf(spec.pad_token ?? "<pad>", `${where}.pad_token`);
      const delimiter = stringOf(spec.word_delimiter_token ?? "|", `${where}.word_delimiter_token`);
      const clean = booleanOf(spec.cleanup, true, `${where}.cleanup`);
      const inside = (token: string) => {
        const text = token.replaceAll(pad, "");
        return clean ? cleanUp(text).replaceAll(delimiter, " ") : text;
      };
      return {
        decode: (tokens) =>
          tokens
            .filter((token, i) => token !== tokens[i - 1])
            .map(inside)
            .filter((text) => text !== ""),
        inside,
      };
    }
    default:
      throw new BaimoError(
        "format",
        `${where}: decoder of type ${JSON.stringify(type)} is not known; the tokenizer cannot be used`,
      );
  }
}

/** Decoders one after the other. */
function readSequence(spec: Record<string, unknown>, where: string): Decoder {
  let fused = false;
  const steps = listOf(spec.decoders, `${where}.decoders`).map((step, i) => {
    const at = `${where}.decoders[${i}]`;
    const decoder = readDecoder(step, at, fused);
    fused ||= recordOf(step, at).type === "Fuse";
    return decoder;
  });
  return {
    decode: (tokens) => steps.reduce((texts, step) => step.decode(texts), tokens),
    inside(token) {
      let inside: string | Uint8Array = token;
      for (const step of steps) if (typeof inside === "string") inside = step.inside(inside);
      return inside;
    },
  };
}

/** A decoder that treats every token alike. */
function eachAlike(one: (token: string) => string): Decoder {
  return { decode: (tokens) => tokens.map((token) => one(token)), inside: (token) => one(token) };
}

/** A decoder that treats the first or the last token in another way. */
function byPlace(one: (token: string, first: boolean, last: boolean) => string): Decoder {
  return {
    decode: (tokens) => tokens.map((token, i) => one(token, i === 0, i === tokens.length - 1)),
    inside: (token) => one(token, false, false),
  };
}

const byteLevelBytes = (token: string): Uint8Array => bytesOfByteLevel(token) ?? toUtf8(token);

const isByte = (token: string): boolean => token.length === 6 && byteOfToken(token) >= 0;

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
    if (isByte(token)) {
      run.push(byteOfToken(token));
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
