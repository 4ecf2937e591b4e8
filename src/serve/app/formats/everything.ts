// All that is one user's as one file: conversations, assistants, comparisons, settings, runs.
import type { KeptRuns } from "../../../evaluate/kept-runs.ts";
import type { StoredConversation } from "../../../store/conversations.ts";
import type { Store } from "../../../store/store.ts";
import type { StoredUser } from "../../../store/users.ts";
import type { Dispatcher } from "../../dispatcher/dispatcher.ts";
import { HEAD, TAIL, toFile } from "./own.ts";

/** What is kept beside the store. */
interface Beside {
  readonly dispatcher?: Dispatcher;
  readonly evaluations?: KeptRuns;
}

/** Piece by piece, so that none but a page of messages, or one run, is in memory. */
export async function* everything(
  store: Store,
  user: StoredUser,
  { dispatcher, evaluations }: Beside,
): AsyncGenerator<string, void> {
  const owner = user.key;
  yield HEAD;
  let comma = "";
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const page = store.conversations.list(owner, { limit: 50, cursor });
    for (const conversation of page.conversations) {
      yield comma;
      yield* one(store, owner, conversation);
      comma = ",\n";
    }
    cursor = page.next ?? undefined;
  }
  const assistants = store.assistants.list(owner).map(({ id }) => store.assistants.find(owner, id));
  const comparisons = store.comparisons.list(owner);
  const rest = { assistants, comparisons, settings: store.users.settings(owner) };
  yield `],${JSON.stringify(rest).slice(1, -1)},"work":[`;
  yield* listed(dispatcher?.all(user));
  yield '],"evaluations":[';
  yield* listed(evaluations?.all(user.id));
  yield TAIL;
}

/** JSON with commas between. */
async function* listed(each: AsyncIterable<object> | Iterable<object> = []): AsyncGenerator<string, void> {
  let comma = "";
  for await (const one of each) {
    yield comma + JSON.stringify(one);
    comma = ",\n";
  }
}

/** A conversation alone as a file. */
export function* alone(
  store: Store,
  owner: number,
  conversation: StoredConversation,
): Generator<string, void> {
  yield HEAD;
  yield* one(store, owner, conversation);
  yield TAIL;
}

const one = (store: Store, owner: number, conversation: StoredConversation) =>
  toFile(conversation, folderName(store, owner, conversation), store.messages.pages(conversation.key));

/** In files folders go by their names. */
const folderName = ({ folders }: Store, owner: number, { folder }: StoredConversation): string | undefined =>
  folder === null ? undefined : folders.find(owner, folder)?.name;
