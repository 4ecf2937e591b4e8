// Four choices together, each alone, one: node choices.mjs MODEL [DOCUMENTS] [THREADS] [ROUNDS]
import { load } from "../dist/src/index.js";
import { documentsFromArguments, documentsOf } from "./documents.mjs";
import { median } from "./measure.mjs";

const { model: path, count, threads, rounds } = documentsFromArguments(process.argv.slice(2));
const model = await load(path, { threads });
const [together, alone, one] = [[], [], []];

async function secondsOf(work) {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1000 / count;
}

await model.score([{ context: [1], continuation: [2] }]);
for (let round = 0; round < rounds; round++) {
  const texts = documentsOf(count, round).flat();
  const first = documentsOf(count, 1000 + round).map(([choice]) => choice);
  one.push(await secondsOf(() => model.score(first)));
  together.push(await secondsOf(() => model.score(texts)));
  // A first token of its own keeps each from what the cache has of the others.
  const apart = texts.map(({ context, continuation }, i) => ({
    context: [20_010 + i, ...context],
    continuation,
  }));
  alone.push(
    await secondsOf(async () => {
      for (const text of apart) await model.score([text]);
    }),
  );
}
const [secondsTogether, secondsAlone, secondsOfOne] = [together, alone, one].map(median);
console.log(
  JSON.stringify({ secondsTogether, secondsAlone, secondsOfOne, times: secondsTogether / secondsOfOne }),
);
await model.dispose();
