// What the cache holds, taken out of it and put back: pages with tokens and bytes, their states.
import type { SavedPage } from "../protocol.ts";
import type { Calls } from "./calls.ts";
import type { ListedPage, PagePool } from "./page-pool.ts";
import { isBare } from "./parts.ts";

/** The bare model's pages that hold a beginning of these tokens, or all that may serve other sequences. */
export async function takeOut(
  pool: PagePool,
  calls: Calls,
  tokens: readonly number[] | undefined,
): Promise<SavedPage[]> {
  const { delta } = calls.model.caches;
  const listed = pool.list(tokens).filter(({ root }) => isBare(root));
  const useful = before(
    parentsOf(listed),
    listed.map(({ state }) => !delta || state !== undefined),
  );
  const pages = listed.filter((_, at) => useful[at]);
  const parents = parentsOf(pages);
  const saved: SavedPage[] = [];
  for (const [at, { root, page, tokens, state }] of pages.entries()) {
    saved.push({
      root,
      parent: parents[at],
      tokens: Int32Array.from(tokens),
      bytes: await calls.readPage(page),
      state: state === undefined ? undefined : await calls.readState(state),
    });
  }
  return saved;
}

/** Puts pages back as far as there is room; returns how many tokens can be found again. */
export function putBack(pool: PagePool, calls: Calls, saved: readonly SavedPage[]): number {
  const { delta } = calls.model.caches;
  const entries = saved.map(({ root, parent, tokens, state }) => ({
    root,
    parent,
    tokens: Array.from(tokens),
    hasState: state !== undefined,
  }));
  const isThere = pool.adopt(entries, {
    page: (page, at) => calls.writePage(page, saved[at].bytes),
    state: (slot, at) => calls.writeState(slot, saved[at].state!), // `adopt` asks for those that there are
  });
  const parents = saved.map(({ parent }) => parent);
  const useful = before(
    parents,
    isThere.map((there, at) => there && (!delta || entries[at].hasState)),
  );
  return saved.reduce((sum, { tokens }, at) => sum + (useful[at] ? tokens.length : 0), 0);
}

/** The number in the list of the page that each follows; -1: none. Parents come first. */
function parentsOf(pages: readonly ListedPage[]): number[] {
  const places = new Map(pages.map(({ page }, at) => [page, at]));
  return pages.map(({ parent }) => (parent === undefined ? -1 : places.get(parent)!));
}

/** Those that are ends, and those before one: where states belong to it, a request can go on from an end alone. */
function before(parents: readonly number[], ends: readonly boolean[]): boolean[] {
  const useful = [...ends];
  for (let at = parents.length - 1; at >= 0; at--)
    if (useful[at] && parents[at] >= 0) useful[parents[at]] = true;
  return useful;
}
