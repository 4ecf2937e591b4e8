// A bounded reader of protocol buffers' wire format, enough for SentencePiece models.

import { BaimoError } from "../../errors.ts";

/** One field of a message. `value` is a number for varints and fixed fields, bytes for the rest. */
export interface ProtobufField {
  number: number;
  value: number | Uint8Array;
}

/**
 * The fields of a message, in order. A fixed 32-bit field comes as float32, as SentencePiece uses it.
 *
 * @throws {BaimoError} `format` when a field runs over the end
 */
export function* readProtobuf(bytes: Uint8Array, where: string): Generator<ProtobufField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const short = (): never => {
    throw new BaimoError(
      "format",
      `${where}: a field runs over the end at byte ${at} of ${bytes.length}; is the download complete?`,
    );
  };
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= bytes.length) short();
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new BaimoError("format", `${where}: a number of more than ten bytes before byte ${at}`);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        if (at + 8 > bytes.length) short();
        yield { number, value: view.getFloat64(at, true) };
        at += 8;
        break;
      case 2: {
        const length = varint();
        if (length > bytes.length - at) short();
        yield { number, value: bytes.subarray(at, at + length) };
        at += length;
        break;
      }
      case 5:
        if (at + 4 > bytes.length) short();
        yield { number, value: view.getFloat32(at, true) };
        at += 4;
        break;
      default:
        throw new BaimoError(
          "format",
          `${where}: wire type ${tag % 8} at byte ${at} is not known; is it a SentencePiece model?`,
        );
    }
  }
}
