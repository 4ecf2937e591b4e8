// Rows of a weight's codes, out of bytes, words and columns.
import { byteLength } from "../../tensor/dtype.ts";
import { pending, type Reading } from "../../tensor/reading.ts";
import { dequantizeInto } from "../blocks/dequantize.ts";
import { e2m1Doubled } from "../blocks/fp4.ts";
import type { ReadBytes, ScaledCodes } from "./encoding.ts";
import { transpose } from "./transpose.ts";
import { unpackNibble, unpackStream, unpackWords, wordsOf } from "./words.ts";

/** Most bytes that are read at once of a tensor whose columns are the weight's rows; they are held twice meanwhile. */
const STRIP_BYTES = 1 << 24;

/** Reads codes as numbers. */
export interface CodeReader {
  /** Reads a row, and with it what lies beside it of the rows before `end`. */
  hold(row: number, end: number): Reading;
  /** The codes of a row that is held. */
  fill(row: number, target: Float32Array): void;
}

/** Makes the reader of a weight's codes. */
export function createCodeReader(encoding: ScaledCodes, read: ReadBytes): CodeReader {
  return encoding.layout === "columns" || encoding.layout === "awq"
    ? columnReader(encoding, read)
    : rowReader(encoding, read);
}

function rowReader({ codes, layout, bits }: ScaledCodes, read: ReadBytes): CodeReader {
  const { file, offset, dtype } = codes;
  const rowBytes = byteLength(dtype, codes.cols);
  let bytes = new Uint8Array(0);
  let [first, held] = [0, 0];
  return {
    *hold(row, end) {
      if (row >= first && row < first + held) return;
      const length = (end - row) * rowBytes;
      if (bytes.length < length) bytes = new Uint8Array(length);
      held = 0;
      yield* pending(read(file, offset + row * rowBytes, bytes.subarray(0, length)));
      [first, held] = [row, end - row];
    },
    fill(row, target) {
      const own = bytes.subarray((row - first) * rowBytes, (row - first + 1) * rowBytes);
      if (layout === "values") dequantizeInto(dtype, own, target);
      else if (layout === "e2m1") unpackE2m1(own, target);
      else unpackWords(wordsOf(own), bits, target);
    },
  };
}

/** Two 4-bit floats in a byte, the first in the low bits. */
function unpackE2m1(bytes: Uint8Array, target: Float32Array): void {
  for (let c = 0; c < target.length; c++) target[c] = e2m1Doubled[(bytes[c >> 1] >> (4 * (c & 1))) & 15] / 2;
}

/** The rows lie in columns: a strip of these is held turned, all of them where that is not much. */
function columnReader({ codes, layout, bits }: ScaledCodes, read: ReadBytes): CodeReader {
  const perWord = layout === "awq" ? 8 : 1;
  const width = Math.max(1, Math.min(codes.cols, Math.floor(STRIP_BYTES / (4 * codes.rows))));
  let turned: Uint32Array = new Uint32Array(0);
  let [first, held] = [0, 0];
  return {
    *hold(row) {
      const column = Math.floor(row / perWord);
      if (column >= first && column < first + held) return;
      const start = column - (column % width);
      const count = Math.min(width, codes.cols - start);
      const words = new Uint32Array(codes.rows * count);
      // Where the strip is the whole tensor its rows are one piece.
      const [pieces, length] = count === codes.cols ? [1, codes.rows * count] : [codes.rows, count];
      for (let i = 0; i < pieces; i++) {
        const piece = new Uint8Array(words.buffer, 4 * i * length, 4 * length);
        yield* pending(read(codes.file, codes.offset + 4 * (i * codes.cols + start), piece));
      }
      turned = transpose(words, codes.rows, count);
      [first, held] = [start, count];
    },
    fill(row, target) {
      const at = (Math.floor(row / perWord) - first) * codes.rows;
      const own = turned.subarray(at, at + codes.rows);
      if (layout === "awq") unpackNibble(own, row & 7, target);
      else if (32 % bits === 0) unpackWords(own, bits, target);
      else unpackStream(own, bits, target);
    },
  };
}
