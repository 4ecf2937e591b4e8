// The page's own reckoning: assistants in links and files, usage, days, trees, what fits.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readAssistant } from "../web/src/assistants/read.ts";
import { fromLink, payloadIn, toFile, toLink } from "../web/src/assistants/share.ts";
import { bytesOf, fittingIn } from "../web/src/models/fitting.ts";
import { groupByDay } from "../web/src/shell/days.ts";
import { blankAssistant } from "../web/src/store/assistants.ts";
import type { Message } from "../web/src/store/conversation.ts";
import { leafUnder, leafWithout, lineOf, versionsOf } from "../web/src/store/tree.ts";
import { answerOn, askOver } from "../web/src/tab/port.ts";
import { toTurns, withAttachments } from "../web/src/talk/turns.ts";
import { lessonsOf, poemsIn, stepsFor } from "../web/src/trainings/verses.ts";
import { energyUnit, timeUnit } from "../web/src/usage/amounts.ts";
import { byAnswerer, byDay, measureOf, shownOf, totalOf, type Used } from "../web/src/usage/summary.ts";

describe("assistants", () => {
  const assistant = { ...blankAssistant(), name: "译者", system: "Translate.", starters: ["a", "b"] };

  test("go through a link and come out the same", async () => {
    const link = await toLink(assistant);
    assert.ok(link?.whole && link.payload.length < 400);
    assert.equal(payloadIn(`see http://host:1/#/shared/${link.payload} now`), link.payload);
    assert.deepEqual(readAssistant(await fromLink(link.payload)).fields, assistant);
    const noise = Array.from({ length: 20_000 }, (_, at) => String.fromCharCode(33 + ((at * at * 31) % 90)));
    const large = { ...assistant, files: [{ name: "f", mediaType: "text/plain", text: noise.join("") }] };
    const shorter = await toLink({ ...large, files: [...large.files, ...large.files] });
    if (shorter?.whole === false) {
      const { fields } = readAssistant(await fromLink(shorter.payload));
      assert.deepEqual([fields.name, fields.files], ["译者", []]);
    }
  });

  test("of a link that is broken or unfolds to too much are refused", async () => {
    for (const payload of ["", "notALink", "!", "AAAA"]) await assert.rejects(fromLink(payload));
    const bomb = await toLink({ ...assistant, system: "x".repeat(3_000_000) });
    assert.ok(bomb);
    await assert.rejects(fromLink(bomb.payload), /unfolds to more than/);
  });

  test("of a file that is hostile keep nothing but texts of their kind", () => {
    const { fields } = readAssistant(
      toFile({
        ...assistant,
        name: "n".repeat(1000),
        picture: "data:image/svg+xml;base64,AAAA",
        starters: [1, "", "ok", ...Array.from({ length: 50 }, () => "x")] as string[],
        options: { temperature: 9e9, topP: 0.5, stop: [{}] } as object,
        files: [null, { name: 1 }, { name: "f", text: "t" }] as never[],
        fallbacks: "no" as never,
      }),
    );
    assert.equal(fields.name.length, 100);
    assert.equal(fields.picture, "");
    assert.equal(fields.starters.length, 12);
    assert.deepEqual(fields.options, { topP: 0.5 });
    assert.deepEqual(fields.files, [{ name: "f", mediaType: "text/plain", text: "t" }]);
    assert.deepEqual(fields.fallbacks, []);
    for (const data of [
      null,
      [],
      "x",
      {},
      { format: "baimo.assistant", version: 2 },
      toFile(blankAssistant()),
    ])
      assert.throws(() => readAssistant(data));
  });
});

describe("usage", () => {
  const used = (day: string, model: string, completionTokens: number, assistant = ""): Used => ({
    day,
    model,
    assistant,
    answers: 1,
    promptTokens: 10,
    cachedTokens: 5,
    completionTokens,
    promptMs: 1,
    generationMs: 2,
    energyFrom: "",
    joules: 0,
    currency: "",
    cost: 0,
  });
  const usage = [
    used("2026-11-26", "a", 5),
    used("2026-11-28", "a", 7),
    used("2026-11-28", "b", 20, "x"),
    used("2026-11-28", "b", 1),
  ];

  test("adds up by who answered, the most first", () => {
    const sums = byAnswerer(usage).map((sum) => [
      sum.model,
      sum.assistant,
      sum.completionTokens,
      sum.answers,
    ]);
    assert.deepEqual(sums, [
      ["b", "x", 20, 1],
      ["a", "", 12, 2],
      ["b", "", 1, 1],
    ]);
    assert.equal(totalOf(usage).promptTokens, 40);
    assert.equal(totalOf([]).answers, 0);
  });

  test("has a figure for every day, and the models that wrote most", () => {
    const now = Date.parse("2026-11-28T23:59:00Z");
    const measure = measureOf("tokens");
    const { days, lines } = byDay(usage, { days: 3, now, most: 5, by: "model", measure });
    const dates = days.map((seconds) => new Date(seconds * 1000).toISOString().slice(0, 10));
    assert.deepEqual(dates, ["2026-11-26", "2026-11-27", "2026-11-28"]);
    assert.deepEqual(lines, [
      { name: "b", values: [0, 0, 21] },
      { name: "a", values: [5, 0, 7] },
    ]);
    assert.deepEqual(byDay(usage, { days: 1, now, most: 1, by: "assistant", measure }).lines, [
      { name: "x", values: [20] },
    ]);
  });

  test("knows energy and cost of some answers, and does not take the others for nothing", () => {
    const now = Date.parse("2026-11-28T23:59:00Z");
    const known: Used[] = [
      ...usage,
      { ...used("2026-11-28", "a", 1), energyFrom: "stated", joules: 90 },
      { ...used("2026-11-28", "b", 1), currency: "USD", cost: 0.25 },
      { ...used("2026-11-28", "b", 1), currency: "CNY", cost: 2, answers: 3 },
    ];
    const { metered, joules, priced, answers, costs } = totalOf(known);
    assert.deepEqual([metered, joules, priced, answers], [1, 90, 4, 9]);
    assert.deepEqual(
      [...costs],
      [
        ["USD", 0.25],
        ["CNY", 2],
      ],
    ); // no rate of exchange is known
    assert.deepEqual(shownOf(usage), ["tokens", "time"]);
    assert.deepEqual(shownOf(known), ["tokens", "time", "energy", "cost CNY", "cost USD"]);
    const drawn = (shown: "energy" | "cost USD") =>
      byDay(known, { days: 1, now, most: 5, by: "model", measure: measureOf(shown) }).lines;
    assert.deepEqual(drawn("energy"), [{ name: "a", values: [90] }]);
    assert.deepEqual(drawn("cost USD"), [{ name: "b", values: [0.25] }]);
    const names = [0, 119, 120, 7200].map((seconds) => timeUnit(seconds).name);
    assert.deepEqual(names, ["seconds", "seconds", "minutes", "hours"]);
    assert.deepEqual(
      [0.1, 3600, 5e6].map((joules) => energyUnit(joules).name),
      ["J", "Wh", "kWh"],
    );
  });
});

test("conversations stand under the day on which they were changed", () => {
  const now = new Date(2026, 10, 28, 12);
  const at = (day: number, hour: number, pinned = false) => ({
    id: `${day}.${hour}`,
    title: "",
    pinned,
    made: 0,
    changed: new Date(2026, 10, day, hour).getTime(),
  });
  const groups = groupByDay([at(1, 1, true), at(28, 0), at(27, 23), at(27, 0), at(23, 1), at(20, 1)], now);
  assert.deepEqual(
    groups.map(([day, list]) => [day, list.length]),
    [
      ["pinned", 1],
      ["today", 1],
      ["yesterday", 2],
      ["week", 1],
      ["earlier", 1],
    ],
  );
});

test("a tree shows a line, the versions beside it, and what is left after a deletion", () => {
  const message = (id: string, parent: string | null, role: Message["role"], removed?: boolean): Message => ({
    id,
    parent,
    role,
    text: id,
    state: "done",
    made: 0,
    removed,
  });
  const messages = [
    message("q", null, "user"),
    message("a1", "q", "assistant"),
    message("a2", "q", "assistant"),
    message("q2", "a1", "user"),
    message("a3", "q", "assistant", true),
  ];
  const tree = { messages, leaf: "q2" };
  const ids = (list: Message[]) => list.map(({ id }) => id);
  assert.deepEqual(ids(lineOf(tree)), ["q", "a1", "q2"]);
  assert.deepEqual(ids(versionsOf(tree, messages[1])), ["a1", "a2"]);
  assert.equal(leafUnder(tree, "a1"), "q2");
  assert.equal(leafWithout(tree, messages[1]), "a2");
  assert.equal(leafWithout(tree, messages[3]), "a1");
  assert.deepEqual(lineOf({ messages: [message("x", "x", "user")], leaf: "x" }).length, 1, "a loop ends");
});

test("a model is told the turns that alternate, with files between fences that hold", () => {
  const said = (role: Message["role"], text: string, rest: Partial<Message> = {}): Message => ({
    id: text,
    parent: null,
    role,
    text,
    state: "done",
    made: 0,
    ...rest,
  });
  const tooLong = { failure: { code: "context_length_exceeded", message: "" } };
  const turns = toTurns(
    [said("user", "long"), said("assistant", "", tooLong), said("user", "short"), said("assistant", "yes")],
    { system: " Be brief. " },
  );
  assert.deepEqual(turns, [
    { role: "system", content: "Be brief." },
    { role: "user", content: "short" },
    { role: "assistant", content: "yes" },
  ]);
  const fenced = withAttachments("read", [{ name: "a.md", text: "````\ncode\n````\n" }]);
  assert.ok(fenced.includes("`````\n````\ncode"));
  // Passages stand in the place of all files, with the last question.
  const passages = {
    type: "passages" as const,
    of: 9,
    passages: [{ file: "a.md", line: 3, text: "Four strings." }],
  };
  const attachments = [{ name: "a.md", text: "long" }];
  const files = [{ name: "b.txt", mediaType: "text/plain", text: "longer" }];
  const line = [said("user", "first", { attachments }), said("assistant", "yes"), said("user", "then")];
  const [first, , then] = toTurns(line, { files, passages });
  assert.deepEqual(first, { role: "user", content: '<file name="a.md" />\n\nfirst' });
  assert.match(then.content, /^<passages>\n\[1\] a\.md, line 3\nFour strings\.\n<\/passages>.*\n\nthen$/s);
  const [system, whole] = toTurns(line, { files });
  assert.match(system.content + whole.content, /longer.*long/s);
});

test("of the catalogue the largest that fits is shown, with its licence and openness", () => {
  const fact = <T>(value: T) => ({ value, source: "s" });
  const dimensions = fact({ numLayers: 2, hiddenSize: 8, numHeads: 2, numKvHeads: 1, headDim: 4 });
  const variant = (name: string, parameters: number) => ({ name, parameters: fact(parameters), dimensions });
  const generation = (name: string, runs: string | null) => ({
    name,
    runs,
    licence: fact("MIT"),
    openness: { data: fact("yes") },
    variants: [variant("1B", 1e9), variant("7B", 7e9), variant("70B", 70e9)],
  });
  const families = [{ id: "f", generations: [generation("G", "llama"), generation("H", null)] }];
  const catalogue = { families, licences: { MIT: { commercial: "yes" } } } as unknown as Parameters<
    typeof fittingIn
  >[0];
  const fitting = fittingIn(catalogue, 8e9, 10);
  assert.deepEqual(
    fitting.map(({ name, commercial, data }) => [name, commercial, data]),
    [["G 7B", "yes", "yes"]],
  );
  assert.equal(bytesOf(variant("1B", 1e9)), (1e9 * 4.85) / 8 + 2 * 2 * 1 * 4 * 2 * 4096);
});

describe("a worker that answers requests", () => {
  let cancelled = false;
  const handle = askOver(
    (asked) =>
      void answerOn(asked, async (request) => {
        if (request.url.endsWith("/fails")) throw new Error("no engine");
        if (request.url.endsWith("/endless")) {
          const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(1));
          return new Response(new ReadableStream({ pull, cancel: () => void (cancelled = true) }));
        }
        const said = await request.text();
        return new Response(`${request.method} ${said}`, { status: 201, headers: { "x-kind": "echo" } });
      }),
  );

  test("gives back status, headers and body", async () => {
    const response = await handle(new Request("http://tab/say", { method: "POST", body: "你好" }));
    assert.deepEqual([response.status, response.headers.get("x-kind")], [201, "echo"]);
    assert.equal(await response.text(), "POST 你好");
  });

  test("stops when nobody reads any more, or the request is aborted", async () => {
    const response = await handle(new Request("http://tab/endless"));
    const reader = response.body!.getReader();
    assert.equal((await reader.read()).value?.length, 1);
    await reader.cancel();
    const control = new AbortController();
    const other = await handle(new Request("http://tab/endless", { signal: control.signal }));
    const reading = other.text();
    control.abort();
    await assert.rejects(reading, { name: "AbortError" });
    assert.ok(cancelled);
  });

  test("tells of an engine that cannot answer", async () => {
    await assert.rejects(handle(new Request("http://tab/fails")), {
      code: "engine_failed",
      message: /no engine/,
    });
  });
});

describe("a reader's verses", () => {
  test("are poems, each asked for by its title or none and by its first clause", () => {
    const poems = poemsIn("《夜雨》\n檐下雨声迟，灯前客梦稀。\r\n \n\n江上秋风起，舟中夜月明。\n\n《空》\n");
    assert.deepEqual(poems, [
      { title: "夜雨", lines: ["檐下雨声迟，灯前客梦稀。"] },
      { title: "", lines: ["江上秋风起，舟中夜月明。"] },
    ]);
    const questions = lessonsOf(poems).map(([{ content }]) => content);
    assert.deepEqual(questions, [
      "以《夜雨》为题写一首诗",
      "续写：檐下雨声迟，",
      "写一首诗",
      "续写：江上秋风起，",
    ]);
    assert.deepEqual([1, 12, 1000].map(stepsFor), [30, 120, 200]);
    assert.deepEqual(poemsIn(" \n\n "), []);
  });
});
