// The poet of a tab: the embedded model with adapters that were trained here, and training them.
import { BaimoError, load, type Model, previewModel } from "baimo";
import type { ModelRecipe, Models } from "baimo/serve";
import { fineTune } from "baimo/train";
import { type KeptAdapters, openKeptAdapters } from "./kept-adapters.ts";

/** What a reader has the poet learn. */
export interface Lesson {
  name: string;
  conversations: { role: string; content: string }[][];
  steps: number;
}

/** What comes back on the port of a lesson. */
export type LessonNews =
  | { step: number; steps: number; loss: number; secondsLeft: number }
  | { done: true }
  | { failure: { code: string; message: string } };

export const POET = "poet";
const SETTINGS = { lr: 2e-3, r: 8, alpha: 16, batch: 8, microBatch: 8, sequenceLength: 192, warmup: 5 };

/** The embedded model, as the file that lies beside the engine. */
async function readPoet(): Promise<Blob> {
  const response = await fetch(new URL("../poet.gguf", self.location.href));
  if (!response.ok) throw new Error(`assets/poet.gguf: the host answers ${response.status}`);
  return response.blob();
}

/** How every model of a tab is opened. */
export const options = { device: "auto" } as const;

export interface TabPoet {
  recipe: ModelRecipe;
  /** Trains an adapter, keeps it, and has the poet take it on. */
  teach(lesson: Lesson, models: Models, tell: (news: LessonNews) => void, signal: AbortSignal): Promise<void>;
  forget(name: string, models: Models): Promise<void>;
}

export async function openPoet(): Promise<TabPoet> {
  const kept = await openKeptAdapters();
  return {
    recipe: {
      async preview() {
        const [poet, adapters] = [await readPoet(), await kept.list()];
        return previewModel(poet, { ...options, adapters }).catch(() => previewModel(poet, options));
      },
      async open() {
        const model = await load(await readPoet(), options);
        for (const { name, source } of await kept.list())
          await model.loadAdapter(source, { name }).catch(console.warn); // the poet answers without it
        return model;
      },
    },
    teach: (lesson, models, tell, signal) => teach(kept, lesson, { models, tell, signal }),
    async forget(name, models) {
      // A poet that is being loaded reads the files.
      await withPoet(models, (poet) => poet.unloadAdapter(name)).catch(console.warn);
      await kept.remove(name);
    },
  };
}

interface Teaching {
  models: Models;
  tell: (news: LessonNews) => void;
  signal: AbortSignal;
}

async function teach(kept: KeptAdapters, lesson: Lesson, { models, tell, signal }: Teaching): Promise<void> {
  const { name, conversations, steps } = lesson;
  try {
    const run = fineTune(await readPoet(), conversations, { ...SETTINGS, steps, signal });
    for (;;) {
      const { done, value } = await run.next();
      if (!done) {
        tell(value);
        continue;
      }
      await kept.keep(name, value);
      await withPoet(models, async (poet) => {
        if (poet.adapters.some((adapter) => adapter.name === name)) await poet.unloadAdapter(name);
        await poet.loadAdapter(value, { name });
      });
      return tell({ done: true });
    }
  } catch (error) {
    const { code, message } = error instanceof BaimoError ? error : new BaimoError("device", String(error));
    tell({ failure: { code, message } });
  }
}

/** The poet, loaded, for as long as something is done with it. */
async function withPoet(models: Models, work: (poet: Model) => Promise<unknown>): Promise<void> {
  const { engine, release } = await models.find(POET);
  try {
    await work(engine as Model); // it runs here
  } finally {
    release();
  }
}
