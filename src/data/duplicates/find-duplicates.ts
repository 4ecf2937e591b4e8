// Finds documents that are equal or similar to an earlier one: hashes, MinHash, then exact Jaccard.
import type { CorpusDocument } from "../documents/document.ts";
import { inBatches, type WorkOptions, workInOrder } from "../ordered-work.ts";
import { createSignatureStore } from "./candidates.ts";
import { createGroups } from "./groups.ts";
import { jaccard, shinglesOf } from "./shingles.ts";
import { createDocumentSigner, type DocumentSignature } from "./sign-document.ts";

/** A document that repeats another; documents are known by their number, from 0. */
export interface Duplicate {
  /** The first document of its cluster. */
  readonly of: number;
  /** Byte by byte. */
  readonly isEqual: boolean;
  /** 1 for what is equal, else of the pair that brought it into the cluster. */
  readonly jaccard: number;
}

/** What was found. */
export interface Duplicates {
  readonly documents: number;
  readonly repeated: ReadonlyMap<number, Duplicate>;
}

/** How similar is a repeat. */
export interface DuplicateOptions extends WorkOptions {
  /** The least Jaccard. */
  readonly threshold: number;
}

/**
 * Clusters documents by pairs of at least the threshold among the candidates that MinHash finds.
 *
 * open  streams the documents; it is asked twice and must give the same
 */
export async function findDuplicates(
  open: () => AsyncIterable<CorpusDocument>,
  { threshold, threads, signal }: DuplicateOptions,
): Promise<Duplicates> {
  const equal = new Map<number, number>();
  const firsts = new Map<string, number>();
  const store = createSignatureStore();
  const sign = createDocumentSigner();
  const signed = workInOrder<CorpusDocument[], DocumentSignature[]>(
    inBatches(open()),
    {
      here: (batch) => batch.map(({ text }) => sign(text)),
      module: new URL("../data-worker.js", import.meta.url),
      task: { sign: true },
    },
    { threads, signal },
  );
  for await (const { result } of signed)
    for (const { hash, bands } of result) {
      const first = firsts.get(hash);
      if (first === undefined) firsts.set(hash, store.count);
      else equal.set(store.count, first);
      store.add(first === undefined ? bands : new Float64Array());
    }
  firsts.clear();

  const groups = createGroups(store.count);
  const similarity = await joinSimilar(open, store.pairs(), groups, threshold);
  const repeated = new Map<number, Duplicate>();
  for (let document = 0; document < store.count; document++) {
    const original = equal.get(document);
    const of = groups.firstOf(original ?? document);
    if (of === document) continue;
    const share = original === undefined ? similarity.get(document) : 1;
    repeated.set(document, { of, isEqual: original !== undefined, jaccard: share ?? 1 });
  }
  return { documents: store.count, repeated };
}

/** Compares candidates; a document's shingles are kept until the last that it is compared with has come. */
async function joinSimilar(
  open: () => AsyncIterable<CorpusDocument>,
  pairs: ReadonlyMap<number, readonly number[]>,
  groups: ReturnType<typeof createGroups>,
  threshold: number,
): Promise<Map<number, number>> {
  const similarity = new Map<number, number>();
  const lastUse = new Map<number, number>();
  for (const [later, earlier] of pairs)
    for (const document of earlier) lastUse.set(document, Math.max(lastUse.get(document) ?? 0, later));
  if (pairs.size === 0) return similarity;
  const kept = new Map<number, Float64Array>();
  let document = -1;
  for await (const { text } of open()) {
    document++;
    const partners = pairs.get(document) ?? [];
    if (partners.length === 0 && !lastUse.has(document)) continue;
    const own = shinglesOf(text);
    for (const partner of partners) {
      const other = kept.get(partner);
      if (!other) continue;
      if (groups.firstOf(partner) !== groups.firstOf(document)) {
        const share = jaccard(own, other);
        if (share >= threshold) {
          groups.join(partner, document);
          similarity.set(document, Math.max(share, similarity.get(document) ?? 0));
        }
      }
      if (lastUse.get(partner) === document) kept.delete(partner);
    }
    if (lastUse.has(document)) kept.set(document, own);
  }
  return similarity;
}
