// A folder of the page's own file system (OPFS).

/** Undefined where the browser keeps no files for the page: over plain http, and in some private windows. */
export async function openFolder(name: string): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(name, { create: true });
  } catch {
    return undefined;
  }
}
