// Which passages of files lie near a question, where a model of the server makes vectors of texts.
import { BaimoError } from "../../errors.ts";
import { runsHere } from "../../generate/runs-here.ts";
import type { LanguageModel } from "../../generate/types.ts";
import { type CutFile, type Found, MOST_RANKED } from "../../store/passage-search.ts";
import { cosine, toBytes, type VectorsOf } from "../../store/passage-vectors.ts";
import type { Passage } from "../../store/passages.ts";
import type { Store } from "../../store/store.ts";
import type { LoadedModel } from "../models/models.ts";
import type { Server } from "../server.ts";

/** Passages that are turned into vectors at once, and so many a question waits for; of more, later questions have the use. */
const [BATCH, WAITED] = [16, 64];
/** After whatever else is asked of the model. */
const LATER = -1000;

/** Passages by how near they are, the nearest first. */
export interface Near {
  /** The model that made the vectors. */
  readonly model: string;
  readonly ranked: readonly Passage[];
}

/** For whom passages are ranked, and for which model's answer. */
export interface Reader {
  readonly owner: number;
  readonly answering: LanguageModel;
}

/** A file of which vectors are being made. */
interface Making {
  readonly owner: number;
  readonly control: AbortController;
  readonly made: Promise<void>;
}

/** Makes the vectors of files, once each, in the background; words alone rank passages until all are there. */
export class NearPassages {
  readonly #server: Server;
  readonly #store: Store;
  /** By person, model and file. */
  readonly #making = new Map<string, Making>();

  constructor(server: Server, store: Store) {
    this.#server = server;
    this.#store = store;
  }

  /** Has the vectors of files made. What comes back settles soon, when few are missing by then. */
  async begin({ files }: Pick<Found, "files">, { owner, answering }: Reader): Promise<void> {
    const embedder = this.#embedder(answering);
    if (!embedder) return;
    const missing = files.map(
      ({ id, passages }) =>
        passages.length - this.#store.vectors.count({ owner, model: embedder.id, file: id }),
    );
    const made = Promise.all(files.map((file, i) => missing[i] > 0 && this.#make(owner, file, embedder)));
    if (missing.reduce((sum, count) => sum + count, 0) <= WAITED) await made;
  }

  /** Ranks passages; undefined where no model makes vectors, not all are there yet, or it fails, which the server is told of. */
  async rank(found: Found, question: string, reader: Reader): Promise<Near | undefined> {
    const embedder = this.#embedder(reader.answering);
    if (!embedder || question.trim() === "") return undefined;
    await this.begin(found, reader);
    const ofs = found.files.map(({ id }) => ({ owner: reader.owner, model: embedder.id, file: id }));
    const vectors = ofs.map((of) => this.#store.vectors.list(of));
    if (found.files.some(({ passages }, i) => vectors[i].length < passages.length)) return undefined;
    for (const of of ofs) this.#store.vectors.use(of);
    try {
      const [asked] = (await this.#embed(embedder, [question], { prompts: ["query"], priority: 0 })).map(
        toBytes,
      );
      const near = found.files.flatMap(({ passages }, i) =>
        passages.map((passage, at) => ({ passage, cosine: cosine(asked, vectors[i][at]) })),
      );
      near.sort((a, b) => b.cosine - a.cosine);
      return { model: embedder.id, ranked: near.slice(0, MOST_RANKED).map(({ passage }) => passage) };
    } catch (error) {
      this.#server.options.onError?.(error);
      return undefined;
    }
  }

  /** Makes no more for somebody, before what is theirs is deleted. */
  async stop(owner: number): Promise<void> {
    const theirs = [...this.#making.values()].filter((making) => making.owner === owner);
    for (const { control } of theirs) control.abort();
    await Promise.all(theirs.map(({ made }) => made));
  }

  /**
   * A model that is loaded and was made for vectors. Texts that are answered here go to none at an endpoint: they stay where
   * their person has them answered.
   */
  #embedder(answering: LanguageModel): LoadedModel | undefined {
    return this.#server.models.loaded().find(({ model }) => {
      if (runsHere(answering) && !runsHere(model)) return false;
      const { chat, completions, embeddings } = model.capabilities;
      const isMadeForIt = runsHere(model) && model.config.pooling !== undefined;
      return embeddings && (isMadeForIt || !(chat || completions));
    });
  }

  /** Makes what is missing of a file; who asks for the same at the same time waits for the same. */
  #make(owner: number, file: CutFile, embedder: LoadedModel): Promise<void> {
    const of: VectorsOf = { owner, model: embedder.id, file: file.id };
    const key = JSON.stringify(of);
    const under = this.#making.get(key);
    if (under) return under.made;
    const control = new AbortController();
    const { signal: closing, onError } = this.#server.options;
    const signal = closing ? AbortSignal.any([closing, control.signal]) : control.signal;
    const release = embedder.hold();
    const made = this.#fill(of, file, embedder, signal)
      .catch((error: unknown) => signal.aborted || onError?.(error))
      .finally(() => {
        this.#making.delete(key);
        release();
      });
    this.#making.set(key, { owner, control, made: made.then(() => {}) });
    this.#store.during(made);
    return made.then(() => {});
  }

  async #fill(
    of: VectorsOf,
    { passages }: CutFile,
    embedder: LoadedModel,
    signal: AbortSignal,
  ): Promise<void> {
    for (let at = this.#store.vectors.count(of); at < passages.length && !signal.aborted; at += BATCH) {
      const texts = passages
        .slice(at, at + BATCH)
        .map(({ heading, text }) => (heading ? `${heading}\n${text}` : text));
      const prompts = ["document", "passage"];
      const made = await this.#embed(embedder, texts, { prompts, priority: LATER, signal });
      if (signal.aborted) return;
      this.#store.transaction(() => this.#store.vectors.add(of, at, made), { synced: false });
    }
  }

  /** With the first of the prompts that the model has. */
  async #embed(embedder: LoadedModel, texts: string[], asked: Asked): Promise<Float32Array[]> {
    const { id, model } = embedder;
    const { prompts, priority, signal = this.#server.options.signal } = asked;
    const [promptName, ...others] = runsHere(model) ? prompts : [];
    const options = runsHere(model) ? { truncate: true, promptName, priority, signal } : { signal };
    try {
      const made = await model.embed(texts, options);
      const tokens = made.reduce((sum, each) => sum + each.tokens, 0);
      this.#server.metrics.tokens(id, "prompt", tokens);
      return made.map(({ vector }) => vector);
    } catch (error) {
      const hasNone =
        error instanceof BaimoError && error.option === "promptName" && promptName !== undefined;
      if (!hasNone) throw error;
      return this.#embed(embedder, texts, { prompts: others, priority, signal });
    }
  }
}

/** How texts are turned into vectors. */
interface Asked {
  readonly prompts: readonly string[];
  readonly priority: number;
  readonly signal?: AbortSignal;
}

/** The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009). */
const DAMPING = 60;

/** Joins orders of the same things into one: each is worth the sum of 1 / (60 + its rank) over the orders that have it. */
export function fuse<T>(orders: readonly (readonly T[])[]): T[] {
  const worth = new Map<T, number>();
  for (const order of orders)
    for (const [i, one] of order.entries()) worth.set(one, (worth.get(one) ?? 0) + 1 / (DAMPING + i + 1));
  return [...worth].sort(([, a], [, b]) => b - a).map(([one]) => one);
}
