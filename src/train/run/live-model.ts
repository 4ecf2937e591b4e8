// The model that learns as one that answers: an engine that gets its weights whenever they changed.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type LoadOptions, load } from "../../generate/load.ts";
import type { Model } from "../../generate/types.ts";
import type { TrainingSession } from "../session.ts";
import type { Answer } from "../tasks/answers.ts";
import type { TrainConfig } from "./config.ts";
import type { OpenRun } from "./open-run.ts";
import { writeAdapterFolder, writeModelFolder } from "./output.ts";

/** An answer that was drawn, its end token behind it where it came to its end. */
export interface DrawnAnswer extends Answer {
  readonly text: string;
  readonly isWhole: boolean;
}

const NAME = "live";

/** An engine over the model that learns, and one over the model that it began as. */
export class LiveModel implements AsyncDisposable {
  readonly #session: TrainingSession;
  readonly #run: OpenRun;
  readonly #options: LoadOptions;
  readonly #folder: string;
  /** Of an adapter, its base: both in one. */
  #live: Model | undefined;
  #base: Model | undefined;

  constructor({ threads, sequenceLength, batch }: TrainConfig, session: TrainingSession, run: OpenRun) {
    this.#session = session;
    this.#run = run;
    this.#folder = join(run.out, NAME);
    this.#options = { threads, contextLength: sequenceLength, maxWaiting: batch };
  }

  /** Brings the weights as they are to the engine. */
  async refresh(): Promise<void> {
    const { base, checkpoint, endTokens } = this.#run;
    const { adapter, parameters } = this.#session.model;
    if (adapter) {
      await writeAdapterFolder(adapter, base, this.#folder);
      if (this.#live) await this.#live.unloadAdapter(NAME);
      this.#live ??= await load(base, this.#options);
      await this.#live.loadAdapter(this.#folder, { name: NAME });
      return;
    }
    await this.#live?.dispose();
    this.#live = undefined;
    const target = { from: base, to: this.#folder, endTokens };
    await writeModelFolder(parameters, checkpoint, target);
    this.#live = await load(this.#folder, this.#options);
  }

  /** Draws an answer from the model's own distribution. */
  async draw(
    prompt: readonly number[],
    { seed, maxTokens, signal }: { seed: number; maxTokens: number; signal?: AbortSignal },
  ): Promise<DrawnAnswer> {
    const live = this.#live;
    if (!live) throw new Error("an answer was asked for before the weights were there");
    const adapters = this.#session.model.adapter ? [{ name: NAME }] : undefined;
    const options = { seed, maxTokens, temperature: 1, topP: 1, adapters, signal };
    const answer: number[] = [];
    let text = "";
    let isWhole = false;
    for await (const event of live.complete(prompt, options)) {
      if (event.type === "text-delta") {
        text += event.text;
        for (const { id } of event.tokens) answer.push(id);
      } else if (event.type === "finish" && event.reason === "stop") {
        const { endTokens, language } = this.#run;
        isWhole = true;
        answer.push(endTokens.find((id) => language.tokenizer.idToToken(id) === event.stop) ?? endTokens[0]);
      }
    }
    return { prompt, answer, text, isWhole };
  }

  /** Log-probabilities of every token of some answers, by the model as it began. */
  async reference(answers: readonly Answer[], signal?: AbortSignal): Promise<(readonly number[])[]> {
    const { adapter } = this.#session.model;
    const base = adapter ? this.#live : (this.#base ??= await load(this.#run.base, this.#options));
    if (!base) throw new Error("the reference was asked before the weights were there");
    const texts = answers.map(({ prompt, answer }) => ({ context: prompt, continuation: answer }));
    const scores = await base.score(texts, { adapters: adapter && [], signal });
    return scores.map(({ logprobs }) => logprobs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#live?.dispose();
    await this.#base?.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
