// A body's bounds: bytes, values, depth and UTF-8, wherever its pieces are cut.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readJson } from "./body.ts";
import { DEEPEST, MOST_VALUES } from "./json-scan.ts";
import { Problem } from "./problem.ts";

/** A request whose body comes in pieces of `size` bytes; `left` counts those that nobody took. */
function inPieces(body: string | Uint8Array, size: number): { request: Request; left: () => number } {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  let at = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.subarray(at, at + size));
        at += size;
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { "content-type": "application/json" };
  const request = new Request("http://localhost/", {
    method: "POST",
    headers,
    body: stream,
    duplex: "half",
  } as RequestInit);
  return { request, left: () => Math.max(0, bytes.length - at) };
}

const refusal = (status: number, words: RegExp) => (error: unknown) =>
  error instanceof Problem && error.status === status && words.test(error.message);

describe("a body", () => {
  it("is the same wherever it is cut", async () => {
    const value = { 'a\\"[{': ['\\"', "[[[{{{,,,:::", "秋夜明月 😀"], b: { c: [1, 2, [3]] } };
    const body = JSON.stringify(value);
    for (let size = 1; size < 12; size++) {
      assert.deepEqual(await readJson(inPieces(body, size).request, { bytes: 4096 }), value);
    }
  });

  it("may hold so many values, and no more", async () => {
    const list = (length: number) => `[${new Array(length).fill("1").join(",")}]`;
    assert.ok(await readJson(inPieces(list(MOST_VALUES), 4096).request, { bytes: 1 << 20 }));
    const { request, left } = inPieces(list(MOST_VALUES + 1), 4096);
    await assert.rejects(
      readJson(request, { bytes: 1 << 20 }),
      refusal(400, /more than 50,000 names and values/),
    );
    assert.equal(left(), 0);
  });

  it("may be nested so deep, and no deeper", async () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    assert.ok(await readJson(inPieces(nested(DEEPEST), 64).request, { bytes: 4096 }));
    await assert.rejects(
      readJson(inPieces(nested(DEEPEST + 1), 64).request, { bytes: 4096 }),
      refusal(400, /100 arrays/),
    );
    const flat = `[${"[],{},".repeat(1000)}1]`;
    assert.equal(
      ((await readJson(inPieces(flat, 64).request, { bytes: 1 << 16 })) as unknown[]).length,
      2001,
    );
  });

  it("may not be longer than the server reads, said or not", async () => {
    const { request } = inPieces(`"${"x".repeat(5000)}"`, 64);
    await assert.rejects(readJson(request, { bytes: 4096 }), refusal(413, /4,096 bytes/));
  });

  it("must be UTF-8 to its end", async () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xe7, 0xa7],
      [0x22, 0xe7, 0x22],
    ]) {
      await assert.rejects(
        readJson(inPieces(Uint8Array.from(bytes), 1).request, { bytes: 64 }),
        refusal(400, /not valid UTF-8/),
      );
    }
  });
});
