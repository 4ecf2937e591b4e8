// The worker of a tab: the server's own handler over the poet and models that this browser keeps.
import { load, previewModel } from "baimo";
import { createHandler, type ModelRecipe, openModels } from "baimo/serve";
import { openKeptModels } from "./kept-models.ts";
import { type Asked, answerOn } from "./port.ts";

const scope = self as unknown as {
  addEventListener(type: "message", listener: (event: MessageEvent<Asked | { file: File }>) => void): void;
  postMessage(message: unknown): void;
};
const POET = "poet";
const GIGABYTE = 2 ** 30;
/** What browsers tell of the machine's memory; some tell nothing. */
const { deviceMemory = 4 } = navigator as { deviceMemory?: number };
/** A tab gets no more, whatever there is. */
const MOST_GIGABYTES = 8;

/** The embedded model, as the file that lies beside the engine. */
async function readPoet(): Promise<Blob> {
  const response = await fetch(new URL("../poet.gguf", self.location.href));
  if (!response.ok) throw new Error(`assets/poet.gguf: the host answers ${response.status}`);
  return response.blob();
}

const options = { device: "auto" } as const;
const poet: ModelRecipe = {
  preview: async () => previewModel(await readPoet(), options),
  open: async () => load(await readPoet(), options),
};

const opening = open();
// At once: a message that came before its listener would be lost.
scope.addEventListener("message", async ({ data }) => {
  if ("file" in data) (await opening).offer(data.file);
  else await answerOn(data, async (request) => (await opening).handler(request));
});
scope.postMessage("ready");

async function open() {
  const { library, offer } = await openKeptModels(options);
  const recipes = new Map([[POET, poet]]);
  for (const { source, model } of await library.list())
    recipes.set(model, (await library.recipe(source)).recipe);
  const models = openModels(recipes, {
    memoryBytes: Math.min(deviceMemory, MOST_GIGABYTES) * GIGABYTE,
    onError: console.error,
  });
  if (recipes.size === 1) models.start(POET);
  const handler = createHandler({ models, application: { library }, onError: console.error });
  return { handler, offer };
}
