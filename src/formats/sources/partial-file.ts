// Files that are being written: named by their process, so that those left behind are known.
type FileSystem = typeof import("node:fs");

const pattern = /\.(\d+)-[0-9a-f]{8}\.partial$/;

/** What a file is called until it is whole. */
export function partialPath(path: string): string {
  return `${path}.${process.pid}-${crypto.randomUUID().slice(0, 8)}.partial`;
}

/** Whether the process that writes a partial file has ended without finishing it. */
export function isLeftBehind(name: string): boolean {
  const pid = Number(name.match(pattern)?.[1]);
  if (!pid || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Removes what killed processes have left behind in a folder; whatever cannot be removed stays. */
export function removeLeftBehind(fs: FileSystem, folder: string): void {
  let names: string[] = [];
  try {
    names = fs.readdirSync(folder).filter(isLeftBehind);
  } catch {} // no such folder
  for (const name of names) {
    try {
      fs.rmSync(`${folder}/${name}`, { force: true });
    } catch {} // another may be at it
  }
}

/** The folder of a path. */
export function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end < 0 ? "." : path.slice(0, end) || "/";
}
