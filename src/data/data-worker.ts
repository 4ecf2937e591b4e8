// A thread that cleans or signs documents.
import { ownThread } from "../backends/threads.ts";
import { BaimoError } from "../errors.ts";
import { type CleanRules, createCleaner } from "./clean-document.ts";
import { createDocumentSigner } from "./duplicates/sign-document.ts";
import type { FromWorker, ToWorker } from "./ordered-work.ts";

/** What a thread is for. */
export type DataTask = { readonly clean: CleanRules } | { readonly sign: true };

const thread = await ownThread();
let work: (text: string) => unknown;
thread.listen((message) => {
  const told = message as ToWorker; // what ordered-work.ts posts
  if ("task" in told) {
    const task = told.task as DataTask;
    work = "clean" in task ? createCleaner(task.clean) : createDocumentSigner();
    return;
  }
  const answer = (from: FromWorker) => thread.postMessage(from);
  try {
    answer({ result: (told.batch as readonly { text: string }[]).map(({ text }) => work(text)) });
  } catch (error) {
    const code = error instanceof BaimoError ? error.code : "device";
    answer({ error: { code, message: error instanceof Error ? error.message : String(error) } });
  }
});
