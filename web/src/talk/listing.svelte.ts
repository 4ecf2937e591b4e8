// The list of conversations: the latest, folders, and what is done to each.
import type { Summary } from "../store/conversation.ts";
import type { Conversations, Folder } from "../store/conversations.ts";

/** So many conversations are listed at first, and as many more each time. */
const STEP = 200;

export type Listing = ReturnType<typeof createListing>;

/** Opens the list over a store; `openFolders` says which folders are listed whole. */
export function createListing(store: Conversations, openFolders: () => readonly string[]) {
  let summaries = $state.raw<Summary[]>([]);
  let folders = $state.raw<Folder[]>([]);
  let most = $state(STEP);
  let isMore = $state(false);

  async function list() {
    const [latest, known] = await Promise.all([store.list(most), store.folders.list()]);
    const open = known.filter(({ id }) => openFolders().includes(id));
    const inside = await Promise.all(open.map(({ id }) => store.list(most, id)));
    const byId = new Map([...latest, ...inside.flat()].map((summary) => [summary.id, summary]));
    [summaries, folders, isMore] = [[...byId.values()], known, latest.length === most];
  }

  /** Does something, and shows the list as it is then. */
  async function andList<T>(done: Promise<T>): Promise<T> {
    const result = await done;
    await list();
    return result;
  }

  return {
    list,
    get summaries() {
      return summaries;
    },
    get folders() {
      return folders;
    },
    /** Whether there are earlier conversations. */
    get isMore() {
      return isMore;
    },
    async more() {
      most += STEP;
      await list();
    },
    pin: (id: string, pinned: boolean) => andList(store.pin(id, pinned)),
    move: (id: string, folder: string | undefined) => andList(store.folders.move(id, folder)),
    makeFolder: (name: string) => andList(store.folders.make(name)),
    renameFolder: (id: string, name: string) => andList(store.folders.rename(id, name)),
    /** Removes a folder. Returns what makes it again, with what lay in it. */
    async removeFolder({ id, name }: Folder): Promise<() => Promise<void>> {
      const inside = await store.list(Number.POSITIVE_INFINITY, id);
      await andList(store.folders.remove(id));
      return async () => {
        const made = await store.folders.make(name);
        for (const summary of inside) await store.folders.move(summary.id, made.id);
        await list();
      };
    },
  };
}
