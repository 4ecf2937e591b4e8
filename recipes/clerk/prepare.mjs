// Writes what training reads: conversations, the tokenizer learned on them, the model's shape.
import { spawnSync } from "node:child_process";
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conversationOf, drawRequests } from "./write-plans.mjs";

const SEED = 18;
/** Words and parts of names, figures one by one, Han characters one by one, signs as they stand together: a copy has the tokens of its original. */
const PATTERN = "_?[A-Za-z]+|\\d|\\p{Han}|\\s|[^\\sA-Za-z\\d\\p{Han}_]+|_";
const SPECIAL = ["<|end|>"];
const shape = { vocabSize: 3072, hiddenSize: 192, intermediateSize: 512, numLayers: 4, numHeads: 6, numKvHeads: 3, headDim: 32, context: 2048 };
/** The texts one after the other: as the planner asks a model that has no chat template. */
const template =
  "{% for message in messages %}{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] }}{% endgeneration %}{% else %}{{ message['content'] }}{% endif %}{% endfor %}";

/** Writes the folder `work`; returns what it counted. */
export async function prepare(work, { train, heldOut }) {
  mkdirSync(join(work, "model"), { recursive: true });
  const counts = { train, heldOut, kinds: {}, notAdmitted: 0 };
  for (const [name, count, seed, options] of [
    ["train", train, SEED, {}],
    ["held-out", heldOut, SEED + 1, { unseen: true }],
  ]) {
    const out = createWriteStream(join(work, `${name}.jsonl`));
    const texts = name === "train" ? createWriteStream(join(work, "texts.jsonl")) : undefined;
    let written = 0;
    for (const request of drawRequests(seed, options)) {
      if (written === count) break;
      let messages;
      try {
        messages = await conversationOf(request);
      } catch (error) {
        if (error.code !== "request") throw error;
        counts.notAdmitted++;
        continue;
      }
      written++;
      if (texts) counts.kinds[request.kind] = (counts.kinds[request.kind] ?? 0) + 1;
      out.write(`${JSON.stringify({ messages })}\n`);
      if (written <= 8000) texts?.write(`${JSON.stringify({ text: messages.map(({ content }) => content).join("") })}\n`);
    }
    await Promise.all([out, texts].flatMap((stream) => (stream ? [new Promise((resolve) => stream.end(resolve))] : [])));
  }
  const main = join(import.meta.dirname, "../../dist/src/cli/main.js");
  const made = spawnSync(
    process.execPath,
    [main, "tokenizer", "train", join(work, "texts.jsonl"), "--vocab", String(shape.vocabSize), "--pattern", PATTERN, "--special", SPECIAL.join(","), "-o", join(work, "model/tokenizer.json"), "--force"],
    { stdio: "inherit" },
  );
  if (made.status !== 0) throw new Error("the tokenizer was not made");
  const write = (name, value) => writeFileSync(join(work, name), typeof value === "string" ? value : `${JSON.stringify(value, undefined, 1)}\n`);
  write("model/tokenizer_config.json", { tokenizer_class: "PreTrainedTokenizerFast", eos_token: SPECIAL[0], add_bos_token: false });
  write("model/chat_template.jinja", template);
  write("model/config.json", {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: shape.vocabSize,
    hidden_size: shape.hiddenSize,
    intermediate_size: shape.intermediateSize,
    num_hidden_layers: shape.numLayers,
    num_attention_heads: shape.numHeads,
    num_key_value_heads: shape.numKvHeads,
    head_dim: shape.headDim,
    rope_theta: 10000,
    rms_norm_eps: 1e-5,
    max_position_embeddings: shape.context,
    hidden_act: "silu",
    tie_word_embeddings: true,
    attention_bias: false,
    mlp_bias: false,
    eos_token_id: 0,
  });
  write("data.json", counts);
  return counts;
}

if (process.argv[1] === import.meta.filename) console.log(await prepare(process.argv[2] ?? "work", { train: Number(process.argv[3] ?? 30000), heldOut: 300 }));
