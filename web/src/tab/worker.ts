// The worker of a tab: the server's own handler over the poet and models that this browser keeps.
import { createHandler, openModels } from "baimo/serve";
import { openKeptModels } from "./kept-models.ts";
import { type Lesson, openPoet, options, POET } from "./poet.ts";
import { type Asked, answerOn } from "./port.ts";

/** What the page asks beside requests. */
export type ToWorker =
  | Asked
  | { file: File }
  | { lesson: Lesson; port: MessagePort }
  | { forget: string; port: MessagePort };

const scope = self as unknown as {
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
  postMessage(message: unknown): void;
};
const GIGABYTE = 2 ** 30;
/** What browsers tell of the machine's memory; some tell nothing. */
const { deviceMemory = 4 } = navigator as { deviceMemory?: number };
/** A tab gets no more, whatever there is. */
const MOST_GIGABYTES = 8;

const opening = open();
// At once: a message that came before its listener would be lost.
scope.addEventListener("message", async ({ data }) => {
  const { handler, offer, teach, forget } = await opening;
  if ("file" in data) offer(data.file);
  else if ("lesson" in data) await teach(data.lesson, data.port);
  else if ("forget" in data) await forget(data.forget, data.port);
  else await answerOn(data, handler);
});
scope.postMessage("ready");

async function open() {
  const { library, offer } = await openKeptModels(options);
  const poet = await openPoet();
  const recipes = new Map([[POET, poet.recipe]]);
  for (const { source, model } of await library.list())
    recipes.set(model, (await library.recipe(source)).recipe);
  const models = openModels(recipes, {
    memoryBytes: Math.min(deviceMemory, MOST_GIGABYTES) * GIGABYTE,
    onError: console.error,
  });
  if (recipes.size === 1) models.start(POET);
  const handler = createHandler({ models, application: { library }, onError: console.error });
  return {
    handler,
    offer,
    async teach(lesson: Lesson, port: MessagePort) {
      const control = new AbortController();
      port.onmessage = () => control.abort();
      await poet.teach(lesson, models, (news) => port.postMessage(news), control.signal);
    },
    async forget(name: string, port: MessagePort) {
      await poet.forget(name, models);
      port.postMessage({ done: true });
    },
  };
}
