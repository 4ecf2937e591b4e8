// What the cache holds, taken out of it and put back: pages with their tokens and bytes.
import type { SavedPage } from "../protocol.ts";
import type { Calls } from "./calls.ts";
import type { PagePool } from "./page-pool.ts";
import { isBare } from "./parts.ts";

/** The bare model's pages that hold a beginning of these tokens, or all that may serve other sequences. */
export function takeOut(pool: PagePool, calls: Calls, tokens: readonly number[] | undefined): SavedPage[] {
  const places = new Map<number, number>();
  const pages = pool.list(tokens).filter(({ root }) => isBare(root));
  return pages.map(({ root, page, parent, tokens: held }, at) => {
    places.set(page, at);
    return {
      root,
      parent: parent === undefined ? -1 : places.get(parent)!, // parents come first
      tokens: Int32Array.from(held),
      bytes: calls.readPage(page),
    };
  });
}

/** Puts pages back as far as there is room; returns how many tokens can be found again. */
export function putBack(pool: PagePool, calls: Calls, saved: readonly SavedPage[]): number {
  const entries = saved.map(({ root, parent, tokens }) => ({ root, parent, tokens: Array.from(tokens) }));
  return pool.adopt(entries, (page, at) => calls.writePage(page, saved[at].bytes));
}
