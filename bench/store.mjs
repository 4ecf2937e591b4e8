// The store at size: node bench/store.mjs [CONVERSATIONS] [MESSAGES]; makes them, lists, searches.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, STORE_FILE } from "../dist/src/store/open-store.js";

const [conversations = "10000", messages = "50"] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "baimo-store-"));
let state = 20261128;
const random = (most) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 2 ** 32) * most);
};
const common = Array.from(
  "的一是不了人我在有他这中大来上个国和也子时道说那要出就得你到可以下面能会多天去过明月山水风花",
);
const latin = Array.from({ length: 5000 }, (_, i) => `word${i.toString(36)}`);
const often = ["the", "of", "and", "to", "model", "answer", "question"];

/** A sentence of about 60 characters, half of them Chinese, words as uneven as in texts. */
function sentence() {
  let text = "";
  for (let i = 0; i < 24; i++) text += common[Math.floor(common.length * (random(1000) / 1000) ** 2)];
  text += "，";
  for (let i = 0; i < 8; i++)
    text += random(3) > 0 ? `${often[random(often.length)]} ` : `${latin[random(latin.length)]} `;
  return text;
}

const store = await openStore(folder);
const started = performance.now();
for (let c = 0; c < Number(conversations); c++) {
  store.transaction(
    () => {
      const { key } = store.conversations.create(1, {
        title: sentence().slice(0, 30),
        updated: 1e12 + c * 1000,
      });
      let parent = null;
      for (let m = 0; m < Number(messages); m++) {
        const said = c === 4321 && m === 7 ? "独钓寒江雪 needle" : `${sentence()} ${sentence()}`;
        const role = m % 2 === 0 ? "user" : "assistant";
        parent = store.messages.add({
          conversation: key,
          parent,
          role,
          parts: [{ type: "text", text: said }],
        }).key;
      }
      store.conversations.setLeaf(key, parent, 1e12 + c * 1000);
    },
    { synced: false },
  );
}
console.log(
  `${store.driver}: ${conversations} conversations of ${messages} messages in ${((performance.now() - started) / 1000).toFixed(0)} s`,
);
await store.close();
console.log(`${(statSync(join(folder, STORE_FILE)).size / 2 ** 20).toFixed(0)} MB`);

/** Milliseconds: the first time, then the median of nine, and of the processor alone, which a busy machine does not change. */
function time(name, run) {
  const [times, processor] = [[], []];
  for (let i = 0; i < 10; i++) {
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    run();
    times.push(performance.now() - began);
    const { user, system } = process.cpuUsage(cpu);
    processor.push((user + system) / 1000);
  }
  const median = (values) => values.slice(1).sort((a, b) => a - b)[4];
  const figures = [times[0], median(times), processor[0], median(processor)].map((ms) => ms.toFixed(1));
  console.log(
    `${name}: first ${figures[0]} ms, then ${figures[1]} (processor ${figures[2]}, ${figures[3]}); found ${run()}`,
  );
}

const [began, cpu] = [performance.now(), process.cpuUsage()];
const opened = await openStore(folder);
const { user, system } = process.cpuUsage(cpu);
console.log(
  `open: ${(performance.now() - began).toFixed(0)} ms (processor ${((user + system) / 1000).toFixed(0)})`,
);
const owner = 1;
time("list of 50", () => opened.conversations.list(owner).conversations.length);
const { next } = opened.conversations.list(owner, { limit: 200 });
time(
  "its next page of 200",
  () => opened.conversations.list(owner, { limit: 200, cursor: next }).conversations.length,
);
const { key } = opened.conversations.list(owner).conversations[0];
time("one conversation", () => opened.messages.list(key).length);
for (const question of [
  "needle",
  "独钓寒江",
  "寒江",
  "雪",
  "明月",
  "的",
  "the",
  "the model",
  "word1a",
  "wor",
  "明月 question",
  "nowhere",
  "不存在的词",
])
  time(`search ${question}`, () => opened.search.find(owner, question).length);
await opened.close();
rmSync(folder, { recursive: true });
