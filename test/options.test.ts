// Every option of every public function, given what is wrong: each is refused by its name.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { quantizeTable } from "../src/formats/blocks/quantize.ts";
import { writeGgufTable } from "../src/formats/gguf/gguf-writer.ts";
import { quantizeGgufTable } from "../src/formats/gguf/quantize-gguf.ts";
import { pullTable } from "../src/formats/hub/pull-options.ts";
import * as formats from "../src/formats/index.ts";
import { writeShardedTable } from "../src/formats/safetensors/safetensors-writer.ts";
import { openTable } from "../src/formats/sources/open-byte-source.ts";
import { embedTable } from "../src/generate/embed.ts";
import { loadTable } from "../src/generate/load-options.ts";
import { measureTable, type TraceableModel } from "../src/generate/model.ts";
import {
  adapterTable,
  chatTable,
  generateTable,
  logitsTable,
  saveCacheTable,
  scoreTable,
} from "../src/generate/options.ts";
import { rerankTable } from "../src/generate/rerank.ts";
import * as index from "../src/index.ts";
import { signalTable } from "../src/option-kinds.ts";
import type { Kind, Table } from "../src/options.ts";
import * as plan from "../src/plan/index.ts";
import { shapeTable } from "../src/plan/model/shape.ts";
import { returnTable } from "../src/plan/money/plan-return.ts";
import { simulateTable } from "../src/plan/quantity/simulate.ts";
import { bootstrapTable } from "../src/plan/scaling/fit.ts";
import { scalingTable } from "../src/plan/scaling/plan-scaling.ts";
import { servingTable } from "../src/plan/serving/serving-options.ts";
import { trainingTable } from "../src/plan/training/plan-training.ts";
import { statedPowerTable } from "../src/serve/energy.ts";
import * as serve from "../src/serve/index.ts";
import { modelsTable } from "../src/serve/models/models.ts";
import * as node from "../src/serve/node.ts";
import { handlerTable, listenTable } from "../src/serve/options.ts";
import { chatRequestTable } from "../src/serve/requests/chat-request.ts";
import { renderTable, templateTable } from "../src/tokenizers/chat-template/chat-template.ts";
import { decodeTable, encodeTable } from "../src/tokenizers/create-tokenizer.ts";
import { ggufTable } from "../src/tokenizers/files/gguf.ts";
import { filesTable } from "../src/tokenizers/files/json.ts";
import { openTokenizerTable } from "../src/tokenizers/files/open.ts";
import { folderTable } from "../src/tokenizers/files/read-folder.ts";
import { toGgufTable } from "../src/tokenizers/files/to-gguf.ts";
import * as tokenizers from "../src/tokenizers/index.ts";
import { trainTokenizerTable } from "../src/tokenizers/train/train-tokenizer.ts";
import { fineTuneTable } from "../src/train/fine-tune.ts";
import * as train from "../src/train/index.ts";
import * as upstream from "../src/upstream/index.ts";
import { type UpstreamOptions, upstreamTable } from "../src/upstream/open-upstream.ts";
import { root } from "./places.ts";
import { mayBeRight, WRONG } from "./wrong-values.ts";

let model: TraceableModel;
let checkpoint: formats.Checkpoint;
before(async () => {
  model = await index.load("poet", { threads: 1, contextLength: 256 });
  checkpoint = await formats.openCheckpoint("poet");
});
after(async () => {
  await model?.dispose();
  await checkpoint?.close();
});

/** Options that nobody has looked at. */
// biome-ignore lint/suspicious/noExplicitAny: whatever a caller without types passes
type Given = any;

/** A function with options: its table, what must be there besides, and a call that must not come to anything. */
interface Door {
  table: Table;
  base?: () => Record<string, unknown>;
  call(options: Given): unknown;
}

const ask = [{ role: "user", content: "秋夜" }];
const nowhere = () => assert.fail("something was written");
const empty = { metadata: {}, tensors: [] };
const bytes = new Uint8Array(0);
const folder = { read: async () => undefined };
const shape = plan.shapeOfNumbers({ parameters: 7e9 });

/** By the name that refusals begin with. */
const doors: Record<string, Door> = {
  openUpstream: {
    table: upstreamTable,
    base: () => ({ endpoints: [{ url: "http://127.0.0.1:9" }], model: "m" }),
    call: (options) => upstream.openUpstream(options as unknown as UpstreamOptions),
  },
  load: { table: loadTable, call: (options) => index.load("poet", options) },
  previewModel: { table: loadTable, call: (options) => index.previewModel("poet", options) },
  complete: { table: generateTable(), call: (options) => model.complete("a", options).next() },
  chat: { table: chatTable(), call: (options) => model.chat(ask, options).next() },
  logits: { table: logitsTable(), call: (options) => model.logits([1], options) },
  trace: { table: logitsTable(), call: (options) => model.trace([1], options) },
  measure: { table: measureTable(2), call: (options) => model.measure([1, 2], options) },
  loadAdapter: { table: adapterTable, call: (options) => model.loadAdapter("nowhere", options) },
  saveCache: { table: saveCacheTable(), call: (options) => model.saveCache(nowhere, options) },
  loadCache: { table: signalTable, call: (options) => model.loadCache(bytes, options) },
  score: { table: scoreTable, call: (options) => model.score([], options) },
  embed: { table: embedTable, call: (options) => model.embed([], options) },
  rerank: { table: rerankTable, call: (options) => model.rerank("a", [], options) },
  openCheckpoint: { table: openTable, call: (options) => formats.openCheckpoint("poet", options) },
  openByteSource: { table: openTable, call: (options) => formats.openByteSource(bytes, options) },
  pullModel: {
    table: pullTable,
    base: () => ({ cacheFolder: "nowhere", offline: true }),
    call: (options) => formats.pullModel("hf:a/b", options),
  },
  quantize: {
    table: quantizeTable,
    call: (options) => formats.quantize("Q8_0", new Float32Array(32), options),
  },
  quantizeGguf: {
    table: quantizeGgufTable,
    call: (options) => formats.quantizeGguf(checkpoint, nowhere, "Q4_0", options),
  },
  writeGguf: { table: writeGgufTable, call: (options) => formats.writeGguf(nowhere, empty, options) },
  writeSafetensors: {
    table: signalTable,
    call: (options) => formats.writeSafetensors(nowhere, empty, options),
  },
  writeShardedSafetensors: {
    table: writeShardedTable,
    call: (options) => formats.writeShardedSafetensors("nowhere", empty, options),
  },
  openImportance: { table: signalTable, call: (options) => formats.openImportance(bytes, options) },
  writeImportance: {
    table: signalTable,
    call: (options) =>
      formats.writeImportance(
        nowhere,
        { columns: new Map(), datasets: [], chunkCount: 0, chunkSize: 0 },
        options,
      ),
  },
  openTokenizer: { table: openTokenizerTable, call: (options) => tokenizers.openTokenizer("poet", options) },
  tokenizerFromJson: { table: filesTable, call: (options) => tokenizers.tokenizerFromJson({}, options) },
  tokenizerFromSentencePiece: {
    table: filesTable,
    call: (options) => tokenizers.tokenizerFromSentencePiece(bytes, options),
  },
  tokenizerFromGguf: {
    table: ggufTable,
    call: (options) => tokenizers.tokenizerFromGguf(new Map(), options),
  },
  readTokenizerFiles: {
    table: folderTable,
    call: (options) => tokenizers.readTokenizerFiles(folder, options),
  },
  tokenizerToGguf: { table: toGgufTable, call: (options) => tokenizers.tokenizerToGguf({}, options) },
  trainTokenizer: {
    table: trainTokenizerTable,
    base: () => ({ vocabSize: 300 }),
    call: (options) => tokenizers.trainTokenizer([], options),
  },
  createChatTemplate: { table: templateTable, call: (options) => tokenizers.createChatTemplate("", options) },
  render: {
    table: renderTable,
    base: () => ({ messages: ask }),
    call: (options) => tokenizers.createChatTemplate("").render(options),
  },
  renderWithGenerations: {
    table: renderTable,
    base: () => ({ messages: ask }),
    call: (options) => tokenizers.createChatTemplate("").renderWithGenerations(options),
  },
  encode: { table: encodeTable, call: (options) => model.tokenizer.encode("a", options) },
  decode: { table: decodeTable, call: (options) => model.tokenizer.decode([1], options) },
  createDecodeStream: {
    table: decodeTable,
    call: (options) => model.tokenizer.createDecodeStream(options),
  },
  planTraining: { table: trainingTable, call: (options) => plan.planTraining(shape, options) },
  planServing: { table: servingTable, call: (options) => plan.planServing(shape, options) },
  planScaling: { table: scalingTable, call: (options) => plan.planScaling(options) },
  planReturn: {
    table: returnTable,
    base: () => ({ work: [{}], currency: "USD" }),
    call: (options) => plan.planReturn(options),
  },
  simulate: { table: simulateTable, call: (options) => plan.simulate(shape.parameters, options) },
  bootstrapLaw: { table: bootstrapTable, call: (options) => plan.bootstrapLaw([], options) },
  shapeOfNumbers: { table: shapeTable, call: (options) => plan.shapeOfNumbers(options) },
  createHandler: {
    table: handlerTable,
    base: () => ({ models: [model] }),
    call: (options) => serve.createHandler(options),
  },
  statedEnergy: {
    table: statedPowerTable,
    base: () => ({ watts: 5 }),
    call: (options) => node.statedEnergy(options),
  },
  fineTune: {
    table: fineTuneTable,
    base: () => ({ steps: 1 }),
    call: (options) => train.fineTune("poet", [], options).next(),
  },
  openModels: { table: modelsTable, call: (options) => serve.openModels(new Map(), options) },
  listen: { table: listenTable, call: (options) => node.listen(async () => new Response(), options) },
};

/** Public functions whose arguments are no options. */
const WITHOUT_OPTIONS = new Set([
  "accelerator",
  "answerScenario",
  "BaimoError",
  "bfloatToFloat",
  "catalogueModels",
  "chatTemplateOf",
  "chineseName",
  "chineseError",
  "chineseNote",
  "chineseReason",
  "chineseWarning",
  "countedShare",
  "countRun",
  "dequantize",
  "dequantizeInto",
  "documentOf",
  "everyQuantity",
  "findAccelerator",
  "findBare",
  "fitIsoflop",
  "fitLaw",
  "fitPowerLaw",
  "flatten",
  "floatToBfloat",
  "floatToHalf",
  "halfToFloat",
  "hanPattern",
  "inputsOf",
  "isQuantizable",
  "judgeRun",
  "listCachedModels",
  "measuredEnergy",
  "openKeys",
  "openPage",
  "parseHubSpec",
  "planRemoval",
  "readFileType",
  "readImportance",
  "readLink",
  "readMeasurement",
  "readMetrics",
  "readUsageLog",
  "removeCachedModels",
  "restsOnRumour",
  "shapeFromCatalogue",
  "shapeOfCheckpoint",
  "shapeOfRun",
  "sweep",
  "withNumbers",
  "writeLink",
  "nameIn",
  "noteWriter",
  "unitIn",
  "writersOf",
]);

/** Options that take whatever their reader makes of it later: parsed files, and what OpenAI's servers alone heed. */
const isAnything = (kind: Kind<unknown>) => kind.kind === "anything";

/** The table's options and those within them, with an object that gives the one a value. */
function* optionsIn(
  table: Table,
  prefix = "",
  wrap = (own: Record<string, unknown>) => own,
): Generator<{ name: string; kind: Kind<unknown>; give(value: unknown): Record<string, unknown> }> {
  for (const [key, kind] of Object.entries(table)) {
    yield { name: prefix + key, kind, give: (value) => wrap({ [key]: value }) };
    if (!kind.table) continue;
    const needed = Object.entries(kind.table).filter(([, { required }]) => required);
    const others = Object.fromEntries(
      needed.map(([name, { allowed }]) => [
        name,
        allowed === "a function" ? () => {} : (/^"(\w+)"/.exec(allowed)?.[1] ?? "http://localhost/nowhere"),
      ]),
    );
    yield* optionsIn(kind.table, `${prefix}${key}.`, (own) => wrap({ [key]: { ...others, ...own } }));
  }
}

async function refused(call: () => unknown, message: RegExp, option?: string): Promise<void> {
  await assert.rejects(
    async () => assert.fail(`nothing refused, where ${message} was awaited: ${await call()}`),
    (error) => {
      assert.ok(error instanceof BaimoError, String(error));
      assert.equal(error.code, "request");
      assert.match(error.message, message);
      assert.ok(error.message.length < 1200, error.message);
      if (option !== undefined) assert.ok(error.option?.startsWith(option), error.option);
      return true;
    },
  );
}

const literal = (text: string) => text.replace(/[.[\]]/g, "\\$&");

it("what is opened by a path or a Map is refused by its name where it is none", async () => {
  const { openStore } = await import("../src/store/index.ts");
  for (const wrong of [undefined, null, 5, true, {}, [], Symbol("x"), new Uint8Array(2)]) {
    await refused(() => node.openKeys(wrong as string), /^openKeys: path is /);
    await refused(() => openStore(wrong as string), /^openStore: folder is /);
    await refused(() => serve.openModels(wrong as Map<string, never>), /^openModels: recipes is /);
  }
});

it("every public function with options is here, and no other", () => {
  const all = { ...index, ...formats, ...tokenizers, ...plan, ...serve, ...node, ...train, ...upstream };
  const names = Object.entries(all).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
  assert.deepEqual(
    names.filter((name) => !Object.hasOwn(doors, name) && !WITHOUT_OPTIONS.has(name)),
    ["isLoopback"].filter((name) => names.includes(name)),
  );
});

describe("wrong options are refused by their names:", () => {
  for (const [where, { table, base = () => ({}), call }] of Object.entries(doors)) {
    it(where, async () => {
      for (const { name, kind, give } of optionsIn(table)) {
        if (isAnything(kind)) continue;
        const wrong = WRONG.filter((value) => !mayBeRight(kind, value));
        assert.ok(wrong.length >= 12, `${where}: ${name} is given ${wrong.length} wrong values`);
        for (const value of wrong) {
          const message = new RegExp(`^${where}: (option )?${literal(name)}.*(allowed: |known; |missing)`);
          await refused(() => call({ ...base(), ...give(value) }), message, name);
        }
      }
      for (const name of Object.keys(table)) {
        const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
        for (const misspelt of [`${name}s`, `${name[0]}${name}`, snake, name.slice(0, -1)]) {
          if (Object.hasOwn(table, misspelt) || misspelt.length < 2) continue; // a letter is like many
          const message = new RegExp(`^${where}: option ${misspelt} is not known; did you mean \\w+\\?$`);
          await refused(() => call({ ...base(), [misspelt]: undefined }), message, misspelt);
        }
      }
      const unlike = new RegExp(`^${where}: option (zyxwv|__proto__) is not known; known: `);
      await refused(() => call({ ...base(), zyxwv: 1 }), unlike);
      await refused(
        () => call(Object.defineProperty(base(), "__proto__", { value: 1, enumerable: true })),
        unlike,
      );
      for (const options of [null, 5, "threads", [], new Map(), () => {}, Symbol("x")]) {
        await refused(() => call(options), new RegExp(`^${where}: options is .*; allowed: an object of`));
      }
    });
  }
});

/** A tensor that may be written, with a field that may not. */
const withTensor = (field: Record<string, unknown>): Given => ({
  metadata: {},
  tensors: [{ name: "a", dtype: "F32", shape: [1], data: new Uint8Array(4), ...field }],
});
const withMetadata = (metadata: Given) => ({ metadata, tensors: [] });
const withColumns = (columns: Given) => ({ columns, datasets: [], chunkCount: 0, chunkSize: 0 });

/** What writers and readers of files are given that is no such thing. */
const written: [() => unknown, RegExp][] = [
  [() => formats.writeGguf(nowhere, undefined as Given), /^writeGguf: content is undefined; allowed: an obj/],
  [() => formats.writeGguf(nowhere, {} as Given), /^writeGguf: content\.metadata is missing/],
  [
    () => formats.writeGguf(nowhere, { ...empty, meta: 1 } as Given),
    /^writeGguf: option content\.meta is not/,
  ],
  [
    () => formats.writeGguf(nowhere, withMetadata(5)),
    /^writeGguf: content\.metadata is 5; allowed: an object/,
  ],
  [
    () => formats.writeGguf(nowhere, withMetadata(new Map([[5, 1]]))),
    /^writeGguf: a key of content.metadata is 5/,
  ],
  [() => formats.writeGguf(nowhere, withMetadata({ a: null })), /^metadata "a": no GGUF type/],
  [
    () => formats.writeGguf(nowhere, withMetadata({ a: { type: "toString", value: 1 } })),
    /^metadata "a" does not fit the GGUF type toString/,
  ],
  [
    () =>
      formats.writeGguf(
        nowhere,
        withMetadata({ a: { type: "INT8[]", value: new DataView(new ArrayBuffer(1)) } }),
      ),
    /^metadata "a" does not fit/,
  ],
  [
    () => formats.writeGguf(nowhere, { metadata: {}, tensors: 5 as Given }),
    /^writeGguf: content\.tensors is 5/,
  ],
  [
    () => formats.writeGguf(nowhere, { metadata: {}, tensors: [5] as Given }),
    /^writeGguf: content\.tensors\[0\] is 5; allowed: an object with name, dtype, shape/,
  ],
  [
    () => formats.writeGguf(nowhere, withTensor({ shape: undefined })),
    /^writeGguf: content\.tensors\[0\]\.shape is un/,
  ],
  [
    () => formats.writeGguf(nowhere, withTensor({ dtype: "F33" })),
    /^writeGguf: content\.tensors\[0\]\.dtype is "F33"/,
  ],
  [() => formats.writeGguf(nowhere, withTensor({ name: 5 })), /^writeGguf: content\.tensors\[0\]\.name is 5/],
  [
    () => formats.writeGguf(nowhere, withTensor({ data: [1] })),
    /^writeGguf: content\.tensors\[0\]\.data is an array/,
  ],
  [
    () => formats.writeGguf(() => {}, withTensor({ data: () => 5 })),
    /^write: what data of tensor "a" gives is 5/,
  ],
  [
    () => formats.writeGguf(() => {}, withTensor({ data: () => [5] })),
    /^write: what data of tensor "a" gives is 5/,
  ],
  [() => formats.writeSafetensors(nowhere, undefined as Given), /^writeSafetensors: content is undefined/],
  [
    () => formats.writeSafetensors(nowhere, withTensor({ shape: 1 })),
    /^writeSafetensors: content\.tensors\[0\]\.shape is 1/,
  ],
  [() => formats.writeSafetensors(nowhere, withMetadata("a")), /^writeSafetensors: content\.metadata is "a"/],
  [
    () => formats.writeShardedSafetensors("nowhere", undefined as Given),
    /^writeShardedSafetensors: content is undefined/,
  ],
  [() => formats.writeShardedSafetensors(5 as Given, empty), /^writeShardedSafetensors: folder is 5/],
  [() => formats.writeImportance(nowhere, undefined as Given), /^writeImportance: importance is undefined/],
  [
    () => formats.writeImportance(nowhere, withColumns({})),
    /^writeImportance: importance\.columns is an object/,
  ],
  [
    () => formats.writeImportance(nowhere, withColumns(new Map([["a", { sums: [1], counts: [1] }]]))),
    /^writeImportance: importance\.columns\[a\]\.sums is an array/,
  ],
  [
    () =>
      formats.writeImportance(
        nowhere,
        withColumns(new Map([["a", { sums: new Float32Array(3), counts: new Float32Array(2) }]])),
      ),
    /^writeImportance: importance\.columns\[a\] has 3 sums for 2 counts/,
  ],
  [() => formats.readImportance(undefined as Given), /^readImportance: checkpoint is undefined/],
  [() => formats.readImportance(bytes as Given), /^readImportance: checkpoint is an object \(Uint8Array\)/],
  [() => formats.quantizeGguf(undefined as Given, nowhere, "Q4_0"), /^quantizeGguf: checkpoint is undefined/],
  [() => formats.planRemoval("nowhere", undefined as Given), /^planRemoval: removed is undefined/],
  [() => formats.planRemoval("nowhere", { repo: 5 } as Given), /^planRemoval: removed\.repo is 5/],
  [() => formats.planRemoval(5 as Given, { repo: "a/b" }), /^planRemoval: cacheFolder is 5/],
  [() => formats.removeCachedModels(undefined as Given), /^removeCachedModels: removal is undefined/],
  [() => formats.removeCachedModels({} as Given), /^removeCachedModels: removal\.paths is undefined/],
  [() => formats.listCachedModels(5 as Given), /^listCachedModels: cacheFolder is 5/],
  [() => formats.isQuantizable(5 as Given), /^isQuantizable: type is 5/],
  [() => formats.halfToFloat("x" as Given), /^halfToFloat: values is "x"/],
  [() => formats.floatToHalf(undefined as Given), /^floatToHalf: values is undefined/],
  [() => formats.bfloatToFloat(bytes as Given), /^bfloatToFloat: values is an object/],
  [() => formats.floatToBfloat(new Float32Array(1), 5 as Given), /^floatToBfloat: target is 5/],
];

it("what a function works on is refused by its name, too", async () => {
  const cases: [() => unknown, RegExp][] = [
    [() => index.load(""), /^load: source is "" \(a string\); allowed: a path/],
    [() => index.load(5 as Given), /^load: source is 5; allowed: a path/],
    [() => index.load([]), /^load: source is an empty array/],
    [() => formats.openCheckpoint(null as Given), /^openCheckpoint: source is null/],
    [() => formats.openByteSource({} as Given), /^openByteSource: source is an object/],
    [() => tokenizers.openTokenizer(5 as Given), /^openTokenizer: source is 5/],
    [() => tokenizers.openTokenizer({} as Given), /^openTokenizer: source is an object; allowed: a path/],
    [
      () => tokenizers.openTokenizer({ jsn: 1 } as Given),
      /^openTokenizer: option source\.jsn .*did you mean source\.json/,
    ],
    [() => model.complete(5 as Given).next(), /^complete: prompt is 5; allowed: a string, or a list/],
    [() => model.complete([1, -1]).next(), /^complete: prompt\[1\] is -1/],
    [() => model.chat("hi" as Given).next(), /^chat: messages is "hi" \(a string\); allowed: a list/],
    [() => model.chat([]).next(), /^chat: messages is an empty array/],
    [() => model.chat([{ role: "frob", content: "x" }]).next(), /^chat: messages\[0\]\.role is "frob"/],
    [() => model.chat([{ role: "user" } as Given]).next(), /^chat: messages\[0\]\.content is undefined/],
    [
      () => model.chat([{ role: "user", content: [5] as Given }]).next(),
      /^chat: messages\[0\]\.content\[0\] is 5/,
    ],
    [
      () => model.chat([{ role: "user", content: [{ type: "text", text: "x" }, { type: "image" }] }]).next(),
      /^chat: messages\[0\]\.content\[1\]\.type is "image" \(a string\); allowed: "text", .* read text only$/,
    ],
    [
      () => model.chat([{ role: "user", content: [{ type: "text" }] }]).next(),
      /^chat: messages\[0\]\.content\[0\]\.text is undefined/,
    ],
    [
      () => model.complete("a", { stopTokens: [1, 1e6] }).next(),
      /^complete: stopTokens\[1\] is 1000000; .* to \d/,
    ],
    [
      () => model.complete("a", { logitBias: { 1e6: 1 } }).next(),
      /^complete: logitBias has the key "1000000"/,
    ],
    [() => model.complete("a", { stop: ["a", "\ud83d"] }).next(), /^complete: stop\[1\] .*surrogate/],
    [
      () => model.chat(ask, { templateVariables: { add_generation_prompt: false } }).next(),
      /^chat: templateVariables\.add_generation_prompt is not a variable .*; the prompt always ends with/,
    ],
    [() => model.score([{ context: "a" } as Given]), /^score: texts\[0\]\.continuation is missing/],
    [() => model.logits("abc" as Given), /^logits: tokens is "abc"/],
    [
      () => formats.quantize("Q9" as Given, new Float32Array(32)),
      /^quantize: type is "Q9" \(a string\); allowed: "F32"/,
    ],
    [() => formats.quantize("Q8_0", [1] as Given), /^quantize: values is an array of 1/],
    [() => formats.dequantize(Symbol("x") as Given, bytes, 0), /^dequantize: type is a symbol/],
    [() => formats.dequantize("F32", bytes, "2" as Given), /^dequantize: count is "2" \(a string\)/],
    [() => model.tokenizer.encode(5 as Given), /^encode: text is 5/],
    [() => model.tokenizer.decode("1" as Given), /^decode: ids is "1"/],
    [() => node.listen(5 as Given), /^listen: handler is 5/],
    [
      () => tokenizers.readTokenizerFiles({} as Given),
      /^readTokenizerFiles: folder is an object; allowed: an object with/,
    ],
    [() => tokenizers.tokenizerToGguf(undefined as Given), /^tokenizerToGguf: files is undefined/],
    [
      () => tokenizers.chatTemplateOf({} as Given),
      /^chatTemplateOf: tokenizer is an object; allowed: a tokenizer/,
    ],
    [() => formats.writeGguf(5 as Given, empty), /^write: target is 5; allowed: a path, a WritableStream/],
    [
      () => serve.createHandler({ models: new Map<string, Given>([["a", 5]]) }),
      /^createHandler: models\[a\] is 5; allowed: a model that load or openUpstream opened/,
    ],
    [
      () => serve.createHandler({ models: new Map<Given, Given>([[5, model]]) }),
      /^createHandler: an id of models is 5; allowed: a string of 1 to 1,024/,
    ],
    [
      () => serve.createHandler({ models: [5 as Given] }),
      /^createHandler: models\[0\] is 5; allowed: a model/,
    ],
    ...written,
    [
      () => index.load("poet", { contextLength: 1 }),
      /^load: contextLength is 1; allowed: a whole number from 2 /,
    ],
    [() => model.chat([{ ...ask[0], name: 5 } as Given]).next(), /^chat: messages\[0\]\.name is 5/],
    [
      () => model.chat([...ask, { role: "assistant", tool_calls: 5 } as Given]).next(),
      /^chat: messages\[1\]\.tool_calls is 5; allowed: a list/,
    ],
    [
      () => serve.createHandler({ models: [{ chat() {} } as Given] }),
      /^createHandler: models\[0\] is an object; allowed: a model that load or openUpstream opened/,
    ],
    [() => node.openPage(5 as Given), /^openPage: folder is 5/],
    [
      () => index.load("poet", { bankBytes: 1 }),
      /^load: bankBytes is 1; allowed: a whole number from 1,048,576/,
    ],
  ];
  for (const [call, message] of cases) await refused(call, message);
});

it("a callback that throws rejects the call", async () => {
  const boom = () => {
    throw new Error("boom");
  };
  await assert.rejects(index.load("poet", { onProgress: boom }), /boom/);
});

it("the comments of options tell the defaults of the tables", () => {
  const sources = ["backends/device", "formats/gguf/gguf-writer", "generate/load-options", "generate/model"];
  sources.push("generate/types", "serve/options", "tokenizers/tokenizer");
  const read = (names: string[]) =>
    names.map((name) => readFileSync(join(root, "src", `${name}.ts`), "utf8")).join("\n");
  const common = read(sources);
  const plans = read(["money/plan-return", "quantity/simulate", "scaling/fit"].map((name) => `plan/${name}`));
  const trainings = read(["train/fine-tune"]);
  let compared = 0;
  for (const [where, { table }] of Object.entries(doors)) {
    const text = where in plan ? plans : where in train ? trainings : common;
    for (const [name, { default: value }] of Object.entries(table)) {
      if (value === undefined || Array.isArray(value)) continue;
      const comments = text.matchAll(new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s+${name}\\?:`, "g"));
      const [, comment] = [...comments][0] ?? [];
      if (comment === undefined) continue;
      compared++;
      const told = /[Dd]efault "?([\w.]*\w)(?: (MiB))?/.exec(comment);
      const expected = told?.[2] ? String(Number(value) / 2 ** 20) : String(value);
      assert.equal(told?.[1], expected, `${where}: ${name}: ${comment}`);
    }
  }
  assert.ok(compared >= 30, `${compared} comments`);
});

async function tokens(options: index.ChatOptions): Promise<number[]> {
  const ids: number[] = [];
  for await (const event of model.chat(ask, options))
    if (event.type === "text-delta") ids.push(...event.tokens.map((token) => token.id));
  return ids;
}

it("right options do what they did: the defaults spelt out change nothing", async () => {
  const greedy = [437, 407, 772, 638, 445, 357, 437, 671, 669, 449, 602, 358];
  assert.deepEqual(await tokens({ temperature: 0, maxTokens: 12 }), greedy);
  const spelt = Object.fromEntries(
    Object.entries(chatTable()).map(([name, kind]) => [name, (kind as Kind<unknown>).default]),
  );
  const sampled = await tokens({ seed: 7, maxTokens: 12 });
  assert.deepEqual(await tokens({ ...spelt, seed: 7, maxTokens: 12 }), sampled);
});

it("fields of a request over HTTP are refused by the client's names", async () => {
  const handle = serve.createHandler({ models: new Map([["poet", model]]) });
  const right = { model: "poet", messages: ask, max_tokens: 12, temperature: 0 };
  const post = (body: unknown) =>
    handle(
      new Request("http://localhost/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
  const seen = new Set(WRONG.flatMap((value) => toJson(value) ?? []));
  const wrongValues = [...seen].filter((text) => text !== "null").map((text) => JSON.parse(text));
  for (const { name, kind, give } of optionsIn(chatRequestTable)) {
    if (isAnything(kind)) continue;
    const wrong = wrongValues.filter((value) => !mayBeRight(kind, value));
    assert.ok(wrong.length >= 8, `${name} is given ${wrong.length} wrong values`);
    for (const value of wrong) {
      const response = await post({ ...right, ...give(value) });
      const { error } = await response.json();
      assert.equal(response.status, 400, `${name}: ${JSON.stringify(value)}`);
      assert.ok(error.param?.startsWith(name), `${name}: ${JSON.stringify(error)}`);
      assert.match(error.message, new RegExp(`'${literal(name)}`));
    }
  }
  for (const [body, param] of [
    [{ max_tokens: 1e12 }, "max_tokens"],
    [{ logit_bias: { 999999: 1 } }, "logit_bias"],
    [{ logit_bias: { x: 1 } }, "logit_bias"],
    [{ temprature: 1 }, "temprature"],
    [{ tools: [{ type: "x" }] }, "tools[0].type"],
  ] as const) {
    const response = await post({ ...right, ...body });
    const { error } = await response.json();
    assert.deepEqual([response.status, error.param], [400, param], error.message);
    assert.ok(error.message.startsWith(`'${param}'`), error.message);
  }
  const answer = await (await post(right)).json();
  assert.equal(answer.choices[0].message.content, await textOf());
});

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // JSON has no big integers, and calls getters
  }
}

async function textOf(): Promise<string> {
  let text = "";
  for await (const event of model.chat(ask, { temperature: 0, maxTokens: 12 }))
    if (event.type === "text-delta") text += event.text;
  return text;
}
