// The rules of a response's events (Open Responses): a checker that puts the response together.
import assert from "node:assert/strict";

/** An event of any kind; its fields are looked at one by one. */
export type ResponseEvent = Record<string, unknown> & { type: string; sequence_number: number };

interface Part {
  type: string;
  text: string;
}
interface Item {
  id: string;
  type: "message" | "reasoning" | "function_call";
  status: string;
  content?: Part[];
  arguments?: string;
  name?: string;
}
interface Whole {
  id: string;
  status: string;
  output: Item[];
  usage: unknown;
  error: unknown;
  incomplete_details: unknown;
}

/**
 * Fields that the OpenAPI document of 2026-04-24 requires in every response, item and event. It calls the deltas of reasoning
 * `response.reasoning.delta`; the specification's rule (`response.<content type>.delta`) and OpenAI's clients make that
 * `response.reasoning_text.delta`.
 */
const RESPONSE = `id object created_at completed_at status incomplete_details model previous_response_id instructions output error
  tools tool_choice truncation parallel_tool_calls text top_p presence_penalty frequency_penalty top_logprobs temperature reasoning
  usage max_output_tokens max_tool_calls store background service_tier metadata safety_identifier prompt_cache_key`;
const ITEMS = {
  message: "id status role content",
  reasoning: "id status summary content",
  function_call: "id status call_id name arguments",
};
const PARTS: Record<string, string> = { output_text: "text annotations", reasoning_text: "text" };
const EVENTS: Record<string, string> = {
  "response.created": "response",
  "response.in_progress": "response",
  "response.completed": "response",
  "response.incomplete": "response",
  "response.failed": "response",
  "response.output_item.added": "output_index item",
  "response.output_item.done": "output_index item",
  "response.content_part.added": "item_id output_index content_index part",
  "response.content_part.done": "item_id output_index content_index part",
  "response.output_text.delta": "item_id output_index content_index delta",
  "response.output_text.done": "item_id output_index content_index text",
  "response.reasoning_text.delta": "item_id output_index content_index delta",
  "response.reasoning_text.done": "item_id output_index content_index text",
  "response.function_call_arguments.delta": "item_id output_index delta",
  "response.function_call_arguments.done": "item_id output_index arguments",
  error: "error",
};

/** Demands that an object has its fields, whatever they hold. */
function demand(object: object, names: string | undefined, what: string): void {
  assert.ok(names, `${what}: is known`);
  for (const name of names.split(/\s+/)) assert.ok(Object.hasOwn(object, name), `${what}: has ${name}`);
}

function checkFields(event: ResponseEvent, what: string): void {
  demand(event, EVENTS[event.type], what);
  const response = event.response as Whole | undefined;
  if (response) demand(response, RESPONSE, what);
  for (const item of [event.item as Item | undefined, ...(response?.output ?? [])]) {
    if (!item) continue;
    demand(item, ITEMS[item.type], what);
    for (const part of item.content ?? []) demand(part, PARTS[part.type], what);
  }
  if (event.part) demand(event.part, PARTS[(event.part as Part).type], what);
  if (event.type === "error") demand(event.error as object, "type code message param", what);
}

/** What each kind of item's deltas are called. */
const TEXTS = {
  message: "output_text",
  reasoning: "reasoning_text",
  function_call: "function_call_arguments",
};
const END = ["response.completed", "response.incomplete", "response.failed"];

/** Demands the rules of the events, and returns the response of the last one. */
export function checkResponseEvents(events: readonly ResponseEvent[]): Whole {
  const items: Item[] = [];
  let open: { item: Item; text: string; done: boolean; part?: "added" | "done" } | undefined;
  for (const [i, event] of events.entries()) {
    const what = `event ${i}, ${JSON.stringify(event).slice(0, 300)}`;
    assert.equal(event.sequence_number, i, `${what}: numbers follow one another`);
    checkFields(event, what);
    const isEnd = i === events.length - 1;
    assert.equal(END.includes(event.type), isEnd, `${what}: what ends comes last, once`);
    if (i < 2) {
      const response = event.response as Whole;
      assert.equal(event.type, ["response.created", "response.in_progress"][i], what);
      assert.deepEqual([response.status, response.output, response.usage], ["in_progress", [], null], what);
      continue;
    }
    if (isEnd) continue;
    if (event.type === "error") {
      const then = events[i + 1];
      assert.equal(then.type, "response.failed", `${what}: the response fails`);
      const { message } = event.error as { message: string };
      assert.equal((then.response as { error: { message: string } }).error.message, message);
      continue;
    }
    if (event.type === "response.output_item.added") {
      assert.equal(open, undefined, `${what}: the item before is done`);
      const item = event.item as Item;
      assert.equal(event.output_index, items.length, what);
      assert.equal(item.status, "in_progress", what);
      assert.ok(items.every(({ id }) => id !== item.id) && item.id !== "", `${what}: an id of its own`);
      assert.ok(item.type === "function_call" ? item.arguments === "" : item.content?.length === 0, what);
      open = { item, text: "", done: false };
      continue;
    }
    assert.ok(open, `${what}: belongs to an item`);
    const { item } = open;
    assert.equal(event.output_index, items.length, what);
    if (event.type === "response.output_item.done") {
      const done = event.item as Item;
      assert.deepEqual([done.id, done.type], [item.id, item.type], what);
      assert.ok(open.done, `${what}: its text is done`);
      assert.ok(done.status === "completed" || done.status === "incomplete", what);
      const isCall = item.type === "function_call";
      if (!isCall) assert.equal(open.part, "done", what);
      assert.equal(isCall ? done.arguments : done.content?.[0].text, open.text, what);
      items.push(done);
      open = undefined;
      continue;
    }
    assert.equal(event.item_id, item.id, what);
    if (item.type !== "function_call") assert.equal(event.content_index, 0, what);
    const text = TEXTS[item.type];
    switch (event.type) {
      case "response.content_part.added":
        assert.equal(open.part, undefined, what);
        assert.deepEqual([(event.part as Part).type, (event.part as Part).text], [text, ""], what);
        open.part = "added";
        break;
      case `response.${text}.delta`:
        assert.ok(!open.done && (open.part === "added" || item.type === "function_call"), what);
        open.text += event.delta as string;
        break;
      case `response.${text}.done`:
        assert.equal(open.done, false, what);
        assert.equal(event.text ?? event.arguments, open.text, `${what}: the deltas joined`);
        if (item.type === "function_call") assert.equal(event.name, item.name, what);
        open.done = true;
        break;
      case "response.content_part.done":
        assert.deepEqual([open.part, open.done], ["added", true], what);
        assert.deepEqual([(event.part as Part).type, (event.part as Part).text], [text, open.text], what);
        open.part = "done";
        break;
      default:
        assert.fail(`${what}: is not known, or not of this item`);
    }
  }
  const last = events[events.length - 1];
  const response = last.response as Whole;
  if (response.status !== "failed") assert.equal(open, undefined, "every item that was added is done");
  assert.equal(response.id, (events[0].response as Whole).id);
  assert.equal(last.type, `response.${response.status}`);
  assert.deepEqual(response.output, items, "the response has the items that were done");
  const isCut = response.status === "incomplete";
  for (const [i, { status }] of items.entries())
    if (!isCut || i < items.length - 1) assert.equal(status, "completed");
  assert.equal(response.incomplete_details !== null, response.status === "incomplete");
  assert.equal(response.error !== null, response.status === "failed");
  assert.equal(response.usage !== null, response.status !== "failed");
  return response;
}
