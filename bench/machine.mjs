// The machine's name, cores and load while something is measured (fields only where Linux tells).
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";

/** The facts that a figure depends on. */
export function describeMachine() {
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readOrEmpty("/proc/cpuinfo"))?.[1].split(" ") ?? [];
  const wanted = ["avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "asimddp", "i8mm"];
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    features: wanted.filter((flag) => flags.includes(flag)),
  };
}

/** Seconds of processor time that everything on the machine has used, with what its host took away. */
export function machineBusySeconds() {
  const line = /^cpu\s+(.*)$/m.exec(readOrEmpty("/proc/stat"))?.[1].split(" ").map(Number);
  if (line === undefined) return undefined;
  const [user, nice, system, , , irq, softirq, steal] = line;
  return (user + nice + system + irq + softirq + steal) / 100;
}

/** Milliseconds of processor time that a process and all below it have used so far; undefined where nobody tells. */
export function treeCpuMs(root) {
  const processes = new Map();
  for (const name of listOrEmpty("/proc")) {
    const stat = /^\d+$/.test(name) ? readOrEmpty(`/proc/${name}/stat`) : "";
    // What follows the command's name: state, parent, and from the 12th on user and system time in hundredths.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (stat)
      processes.set(Number(name), {
        parent: Number(fields[1]),
        ticks: Number(fields[11]) + Number(fields[12]),
      });
  }
  if (!processes.has(root)) return undefined;
  const isBelow = (id) => id === root || (processes.has(id) && isBelow(processes.get(id).parent));
  let ticks = 0;
  for (const [id, process] of processes) if (isBelow(id)) ticks += process.ticks;
  return ticks * 10;
}

/** Reads a file, or all of a folder, once, so that the measurement after it finds it in the page cache. */
export function warm(path) {
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path)) warm(join(path, name));
    return;
  }
  const file = openSync(path, "r");
  const chunk = Buffer.alloc(8 << 20);
  while (readSync(file, chunk) > 0);
  closeSync(file);
}

function readOrEmpty(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function listOrEmpty(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
