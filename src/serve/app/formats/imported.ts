// Conversations from files, whichever program wrote them: one shape, and into the store.
import { BaimoError } from "../../../errors.ts";
import type { StoredConversation } from "../../../store/conversations.ts";
import type { Role } from "../../../store/messages.ts";
import type { Outcome, Part, Status } from "../../../store/parts.ts";
import type { Store } from "../../../store/store.ts";
import { turned } from "../../../turns.ts";
import { isId } from "../query.ts";

/** A message of a file; its id is the file's own. */
export interface ImportedMessage {
  readonly id: string;
  readonly parent: string | null;
  readonly role: Role;
  readonly parts: Part[];
  readonly model?: string;
  readonly status?: Status;
  readonly outcome?: Outcome;
  readonly created?: number;
}

/** A conversation of a file. */
export interface ImportedConversation {
  /** Where the file is this project's own: its id, and those of its messages, stay where nobody has them. */
  readonly id?: string;
  readonly title: string;
  readonly created?: number;
  readonly updated?: number;
  readonly pinned?: boolean;
  /** By name. */
  readonly folder?: string;
  readonly model?: string;
  readonly settings?: { system?: string; options?: Record<string, unknown> };
  readonly messages: readonly ImportedMessage[];
  /** The message that is shown last. */
  readonly leaf?: string;
}

/** What came of a file. */
export interface ReadFile {
  /** The program that wrote it. */
  readonly format: "baimo" | "chatgpt" | "open-webui";
  readonly conversations: readonly ImportedConversation[];
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
}

/** Messages of one conversation. */
const MOST_MESSAGES = 50_000;
/** Characters that one transaction takes in, and as how many a message counts beside its own: some 20 ms of work. */
const [SLICE, MESSAGE_SIZE] = [50_000, 500];

/**
 * Parents before children. A parent that is not there was none.
 * @throws {BaimoError} `format` where messages are each other's parents, or too many
 */
export function inOrder(messages: readonly ImportedMessage[]): ImportedMessage[] {
  if (messages.length > MOST_MESSAGES)
    throw new BaimoError("format", `it has ${messages.length} messages; at most ${MOST_MESSAGES} are read`);
  const known = new Set(messages.map(({ id }) => id));
  if (known.size < messages.length) throw new BaimoError("format", "two of its messages have one id");
  const children = new Map<string | null, ImportedMessage[]>();
  for (const message of messages) {
    const parent = message.parent !== null && known.has(message.parent) ? message.parent : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(message);
    else children.set(parent, [message]);
  }
  const ordered: ImportedMessage[] = [];
  const waiting: (string | null)[] = [null];
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop()) {
    for (const child of children.get(parent) ?? []) {
      ordered.push(parent === null ? { ...child, parent: null } : child);
      waiting.push(child.id);
    }
  }
  if (ordered.length < messages.length)
    throw new BaimoError("format", "some of its messages are each other's parents");
  return ordered;
}

/** A conversation that is in the store, and the folder that it is to be in. */
interface Arrived {
  readonly conversation: StoredConversation;
  readonly folder: string | undefined;
}

/**
 * Puts conversations into the store: all of them, or where one fails none. They come in by transactions of a bounded size, with
 * turns for other requests between, and are seen when all are there.
 */
export async function storeImported(
  store: Store,
  owner: number,
  imported: readonly ImportedConversation[],
): Promise<StoredConversation[]> {
  const { conversations, folders } = store;
  const arrived: Arrived[] = [];
  const steps = storeEach(store, owner, imported, arrived);
  try {
    for (let more = true; more; await turned()) {
      const slice = () => {
        for (let size = 0; more && size < SLICE; ) {
          const step = steps.next();
          if (step.done) more = false;
          else size += step.value;
        }
      };
      store.transaction(slice, { synced: false }); // the last transaction takes them all to the disk
    }
    store.transaction(() => {
      for (const { conversation, folder } of arrived) {
        const id = folder ? folders.named(owner, folder.slice(0, 200)) : undefined;
        conversations.publish(owner, conversation, id);
      }
    });
  } catch (error) {
    store.transaction(() => {
      for (const { conversation } of arrived) conversations.remove(conversation);
    });
    throw error;
  }
  return arrived.map(({ conversation }) => conversation);
}

/** Stores message after message; yields the size of each. */
function* storeEach(
  { conversations, messages }: Store,
  owner: number,
  imported: readonly ImportedConversation[],
  arrived: Arrived[],
): Generator<number, void> {
  for (const each of imported) {
    const { title, created, updated = created, pinned, model, settings, folder } = each;
    const id = each.id !== undefined && conversations.isFree(each.id) ? each.id : undefined;
    const given = { id, title: title.slice(0, 1000), created, updated, pinned, model, settings };
    const made = conversations.createArriving(owner, given);
    arrived.push({ conversation: made, folder });
    const keys = new Map<string, number>();
    let leaf: number | null = null;
    for (const message of inOrder(each.messages)) {
      const { role, parts, status, outcome, model, created } = message;
      const parent = message.parent === null ? null : keys.get(message.parent)!;
      const id =
        each.id !== undefined && isId(message.id) && messages.isFree(message.id) ? message.id : undefined;
      const given = { id, conversation: made.key, parent, role, parts, status, outcome, model, created };
      leaf = messages.insert(given);
      keys.set(message.id, leaf);
      yield MESSAGE_SIZE + parts.reduce((sum, part) => sum + ("text" in part ? part.text.length : 0), 0);
    }
    leaf = (each.leaf === undefined ? undefined : keys.get(each.leaf)) ?? leaf;
    conversations.setLeaf(made.key, leaf, made.updated);
  }
}

/** Reads each conversation of a list; one that cannot be read is told of, and the others come in all the same. */
export function readEach(
  format: ReadFile["format"],
  list: readonly unknown[],
  read: (value: unknown) => ImportedConversation,
): ReadFile {
  const conversations: ImportedConversation[] = [];
  const skipped: { title: string; reason: string }[] = [];
  for (const value of list) {
    try {
      const conversation = read(value);
      inOrder(conversation.messages);
      if (conversation.messages.length === 0) throw new BaimoError("format", "it has no messages");
      conversations.push(conversation);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      skipped.push({ title: titleOf(value), reason: reason.slice(0, 300) });
    }
  }
  return { format, conversations, skipped };
}

function titleOf(value: unknown): string {
  const { title } = (value ?? {}) as { title?: unknown };
  return typeof title === "string" ? title.slice(0, 200) : "";
}

/** A time in seconds, as most programs write it, in milliseconds; of one that is none, undefined. */
export function fromSeconds(value: unknown): number | undefined {
  const isTime = typeof value === "number" && value > 0 && value < 1e11;
  return isTime ? Math.round(value * 1000) : undefined;
}
