// Many conversations at once beside one: node bench/conversations.mjs MODEL [COUNT] [THREADS]
import { load } from "../dist/src/index.js";

const [path, count = "16", threads = "2", tokens = "120", rounds = "5"] = process.argv.slice(2);
if (!path) throw new Error("which model? Give the path of one");
const model = await load(path, {
  threads: Number(threads),
  contextLength: 256,
  parallel: Number(count),
  cacheTokens: 256 * Number(count),
});
let asked = 0;

/** Milliseconds a token of all answers, from when the last has begun until the first has ended; each has 64 tokens before. */
async function measure(conversations) {
  let [began, waiting, got, ended] = [0, conversations, 0, 0];
  await Promise.all(
    Array.from({ length: conversations }, async () => {
      const seed = asked++;
      const prompt = Array.from({ length: 64 }, (_, i) => 5 + ((seed * 131 + i * 37) % 300));
      let started = false;
      for await (const event of model.complete(prompt, {
        temperature: 0,
        maxTokens: Number(tokens),
        ignoreEos: true,
      })) {
        if (event.type !== "text-delta") continue;
        if (!started && --waiting === 0) began = performance.now();
        else if (waiting === 0 && ended === 0) got += event.tokens.length;
        started = true;
      }
      ended ||= performance.now();
    }),
  );
  return (ended - began) / got;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
await measure(1);
const all = { one: [], many: [] };
for (let round = 0; round < Number(rounds); round++) {
  all.one.push(await measure(1));
  all.many.push(await measure(Number(count)));
}
const [one, many] = [median(all.one), median(all.many)];
console.log(
  `one ${one.toFixed(2)} ms a token; ${count} at once ${many.toFixed(2)}, ${(one / many).toFixed(2)} times as many tokens`,
);
await model.dispose();
