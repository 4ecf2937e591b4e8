// What is trained on: poems, conversations drawn by the mix, a model's folder without weights.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../../dist/src/random.js";
import { shapeOf, textOf } from "./forms.mjs";
import { countsOf, readPoems } from "./poems.mjs";
import { drawRequest } from "./requests.mjs";
import { chatTemplate, tokenizerConfig, tokenizerOf } from "./tokenizer.mjs";

const { data, mixes, model, train } = JSON.parse(readFileSync(join(import.meta.dirname, "../config.json"), "utf8"));
/** How often a poem is drawn, by its form: the last of the mixes. */
const { weights: WEIGHTS } = mixes.at(-1);
const CONVERSATIONS = 150_000;
const HELD_OUT = 256;
/** One conversation in so many has a second exchange. */
const SECOND = 25;
const FEWEST_OF_TUNE = 30;
const END = 261;

/** How far a poem stands for its tune: 1 for its commonest clause lengths, less for others, 0.3 of that where the tune is rare. */
function sharesOf(poems) {
  const shapes = poems.map((poem) => (poem.kind === "ci" ? `${poem.tune} ${shapeOf(textOf(poem))}` : ""));
  const [ofTune, ofShape] = [countsOf(poems.map(({ tune }) => tune)), countsOf(shapes)];
  const most = new Map();
  poems.forEach(({ tune }, i) => most.set(tune, Math.max(most.get(tune) ?? 0, ofShape.get(shapes[i]))));
  return poems.map(({ kind, tune }, i) => {
    if (kind === "shi") return 1;
    return ((ofTune.get(tune) < FEWEST_OF_TUNE ? 0.3 : 1) * ofShape.get(shapes[i])) / most.get(tune);
  });
}

/** About `count` poems in a drawn order, each as often as its weight says. */
function drawPoems(poems, weights, count, random) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = poems.flatMap((poem, i) => {
    const copies = (weights[i] * count) / total;
    return new Array(Math.floor(copies) + (random.uniform() < copies % 1 ? 1 : 0)).fill(poem);
  });
  for (let i = drawn.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [drawn[i], drawn[j]] = [drawn[j], drawn[i]];
  }
  return drawn;
}

/** Poems with a request each; some with a second exchange, where a row has room for it. */
function* conversationsOf(poems, random) {
  const exchange = (poem) => [
    { role: "user", content: drawRequest(poem, random, data.maxTitle) },
    { role: "assistant", content: poem.lines.join("\n") },
  ];
  const tokens = (messages) => messages.reduce((sum, { content }) => sum + [...content].length + 2, 1);
  const fits = (messages) => tokens(messages) <= train.sequenceLength;
  for (let i = 0; i < poems.length; i++) {
    const messages = exchange(poems[i]);
    const both = random.integer(SECOND) === 0 && i + 1 < poems.length ? [...messages, ...exchange(poems[i + 1])] : [];
    if (both.length > 0 && fits(both)) i++;
    const chosen = both.length > 0 && fits(both) ? both : messages;
    if (fits(chosen)) yield { messages: chosen };
  }
}

/** Writes `work`; returns what it counted. `shape` goes over that of config.json. */
export function prepare(corpus, work, shape = {}) {
  const { train: poems, heldOut, characters, dropped } = readPoems(corpus, data, model.vocabSize);
  mkdirSync(join(work, "model"), { recursive: true });
  const write = (name, value) =>
    writeFileSync(join(work, name), typeof value === "string" ? value : `${JSON.stringify(value, undefined, 1)}\n`);
  const writeRows = (name, rows) => write(`${name}.jsonl`, Array.from(rows, (row) => `${JSON.stringify(row)}\n`).join(""));
  const random = createRandom(train.seed);
  const shares = sharesOf(poems);
  const weights = poems.map(({ form }, i) => WEIGHTS[form] * shares[i]);
  const chats = [...conversationsOf(drawPoems(poems, weights, CONVERSATIONS, random), random)];
  const held = conversationsOf(drawPoems(heldOut, heldOut.map(() => 1), HELD_OUT, random), random);
  writeRows("train", poems);
  writeRows("held-out", heldOut);
  writeRows("chats", chats);
  writeRows("held-out-chats", held);
  write("characters.json", characters);
  write("model/tokenizer.json", JSON.stringify(tokenizerOf(characters)));
  write("model/tokenizer_config.json", tokenizerConfig);
  write("model/chat_template.jinja", chatTemplate);
  const config = { ...model, ...shape };
  write("model/config.json", {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.numLayers,
    num_attention_heads: config.numHeads,
    num_key_value_heads: config.numKvHeads,
    head_dim: config.headDim,
    rope_theta: config.ropeTheta,
    rms_norm_eps: config.normEps,
    max_position_embeddings: config.contextLength,
    hidden_act: "silu",
    tie_word_embeddings: true,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: 1,
    eos_token_id: END,
  });
  const forms = (list) => Object.fromEntries(countsOf(list.map(({ form }) => form)));
  const sizes = (list) => list.reduce((sum, poem) => sum + [...textOf(poem)].length, 0);
  const report = {
    train: poems.length,
    heldOut: heldOut.length,
    dropped,
    trainByForm: forms(poems),
    heldOutByForm: forms(heldOut),
    trainCharacters: sizes(poems),
    heldOutCharacters: sizes(heldOut),
    conversations: chats.length,
  };
  write("data.json", report);
  write("data.json", report);
  return report;
}
