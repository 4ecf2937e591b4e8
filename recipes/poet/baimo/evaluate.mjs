// Judges a poet as the card does: forms, verbatim and repeated lines, loss beside the trigram's.
//
//     node evaluate.mjs [--model work/poet.gguf] [--out log]
//
// Temperature 0.8, then top-p 0.95, a seed a request; nothing constrained, nothing discarded.
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { load } from "../../../dist/src/generate/load.js";
import { createRandom } from "../../../dist/src/random.js";
import { clausesOf, MARKS, SHAPES, shapeOf, textOf } from "./forms.mjs";
import { Trigram } from "./ngram.mjs";
import { countsOf } from "./poems.mjs";
import { canonical } from "./requests.mjs";

const SEED = 7;
/** Fewer 五言绝句, since only 49 of the held-out ones have a title that no training poem bears. */
const SHI = { 五言绝句: 45, 七言绝句: 65, 五言律诗: 65, 七言律诗: 65 };
const [CI, FEWEST_OF_TUNE, LONGEST_TITLE] = [60, 30, 12];
const [AT_ONCE, MOST_TOKENS] = [8, 320];

const read = (path) => readFileSync(join(import.meta.dirname, "work", path), "utf8");
const readRows = (path) => read(path).trimEnd().split("\n").map((line) => JSON.parse(line));
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const share = (list, test) => mean(list.map((each) => (test(each) ? 1 : 0)));

/** 240 held-out shi with titles that no training poem has, and 60 held-out ci of tunes with enough training poems. */
function choosePoems(train, heldOut) {
  const random = createRandom(SEED);
  const draw = (list, count) =>
    Array.from({ length: count }, () => list.splice(random.integer(list.length), 1)[0]);
  const titles = new Set(train.map(({ title }) => title));
  const tunes = countsOf(train.map(({ tune }) => tune));
  const isNew = ({ title }) => title !== "" && [...title].length <= LONGEST_TITLE && !titles.has(title);
  const shi = Object.entries(SHI).flatMap(([form, count]) => {
    const fit = heldOut.filter((poem) => poem.form === form && isNew(poem));
    return draw([...new Map(fit.map((poem) => [poem.title, poem])).values()], count);
  });
  const ci = heldOut.filter(({ kind, tune }) => kind === "ci" && tunes.get(tune) >= FEWEST_OF_TUNE);
  return { shi, ci: draw(ci, CI) };
}

/** What the poet answers to each request. */
async function answersOf(poet, requests) {
  const answers = [];
  const next = requests.entries();
  const work = async () => {
    for (const [i, content] of next) {
      const options = { seed: 1000 * SEED + i, temperature: 0.8, topP: 0.95, maxTokens: MOST_TOKENS };
      answers[i] = "";
      for await (const event of poet.chat([{ role: "user", content }], options))
        if (event.type === "text-delta") answers[i] += event.text;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}

/** -ln P of every character of every poem; line breaks and the end are not counted. */
async function natsOf(poet, poems, requestOf) {
  const [newline] = poet.tokenizer.encode("\n", { addSpecialTokens: false });
  const nats = [];
  for (let from = 0; from < poems.length; from += 64) {
    const texts = await Promise.all(
      poems.slice(from, from + 64).map(async (poem) => ({
        context: await poet.encode([{ role: "user", content: requestOf(poem) }]),
        continuation: poet.tokenizer.encode(poem.lines.join("\n"), { addSpecialTokens: false }),
      })),
    );
    const scores = await poet.score(texts);
    for (const [i, { logprobs }] of scores.entries())
      nats.push(...logprobs.filter((_, at) => texts[i].continuation[at] !== newline).map((logprob) => -logprob));
  }
  return nats;
}

/** Lines that are as in training, and lines that their own poem has already, as shares of all. */
const verbatim = (texts, known, least = 1) =>
  share(texts.flatMap(clausesOf).filter((clause) => [...clause].length >= least), (clause) => known.has(clause));
const repeated = (texts) => {
  const lines = texts.map(clausesOf);
  return 1 - lines.reduce((sum, each) => sum + new Set(each).size, 0) / lines.flat().length;
};

const { values } = parseArgs({
  options: {
    model: { type: "string", default: join(import.meta.dirname, "work/poet.gguf") },
    out: { type: "string", default: join(import.meta.dirname, "log") },
  },
});
const train = readRows("train.jsonl");
const heldOut = readRows("held-out.jsonl");
const { shi, ci } = choosePoems(train, heldOut);
const asked = [...shi, ...ci];
const requests = asked.map(canonical);
const poet = await load(values.model, { parallel: AT_ONCE });
const answers = await answersOf(poet, requests);
const [ofShi, ofCi] = [answers.slice(0, shi.length), answers.slice(shi.length)];
const people = asked.map(textOf);
const known = new Set(train.flatMap((poem) => clausesOf(textOf(poem))));
const variants = new Set(train.filter(({ kind }) => kind === "ci").map((poem) => `${poem.tune} ${shapeOf(textOf(poem))}`));
const isRight = (poem, text) =>
  poem.kind === "shi" ? shapeOf(text) === SHAPES[poem.form] : variants.has(`${poem.tune} ${shapeOf(text)}`);
const right = asked.map((poem, i) => isRight(poem, answers[i]));
const rightOf = (test) => share(right.filter((_, i) => test(asked[i])), (each) => each);

const texts = heldOut.map(textOf);
const isHan = [...texts.join("")].map((character) => !MARKS.includes(character));
const losses = {};
for (const [name, nats] of [
  ["trigram", new Trigram(train.map(textOf), JSON.parse(read("characters.json"))).nats(texts)],
  ["model", await natsOf(poet, heldOut, canonical)],
  ["modelWithoutTitle", await natsOf(poet, heldOut, () => "写一首诗")],
]) {
  losses[`${name}Nats`] = mean(nats);
  losses[`${name}NatsHanOnly`] = mean(nats.filter((_, i) => isHan[i]));
}
await poet.dispose();

const result = {
  model: basename(values.model),
  bytes: statSync(values.model).size,
  shiForm: rightOf(({ kind }) => kind === "shi"),
  shiByForm: Object.fromEntries(Object.keys(SHI).map((form) => [form, rightOf((poem) => poem.form === form)])),
  ciForm: rightOf(({ kind }) => kind === "ci"),
  ciHeldOutPoemsForm: share(ci, (poem) => isRight(poem, textOf(poem))),
  verbatim: verbatim(answers, known),
  verbatimShi: verbatim(ofShi, known),
  verbatimCi: verbatim(ofCi, known),
  verbatimFromFive: verbatim(answers, known, 5),
  verbatimOfPeople: verbatim(people, known),
  repeated: repeated(answers),
  repeatedShi: repeated(ofShi),
  repeatedCi: repeated(ofCi),
  repeatedOfPeople: repeated(people),
  lines: answers.flatMap(clausesOf).length,
  ciMisses: ci.map(({ tune }) => tune).filter((_, i) => !right[shi.length + i]),
  ...losses,
  heldOutCharacters: isHan.length,
  gain: losses.trigramNats - losses.modelNats,
};
const round = (_, value) => (typeof value === "number" ? Number(value.toFixed(4)) : value);
// Thirty samples, unselected: every tenth answer.
const samples = answers.flatMap((reply, i) => (i % 10 === 0 ? [{ request: requests[i], reply }] : []));
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, "evaluation.json"), `${JSON.stringify(result, round, 1)}\n`);
writeFileSync(join(values.out, "samples.json"), `${JSON.stringify(samples, undefined, 1)}\n`);
console.log(JSON.stringify(result, round, 1));
