// What the machine is and how busy it is while something is measured; Linux tells, elsewhere the fields are absent.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";

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

/** Reads a file once, so that the measurement after it finds it in the page cache. */
export function warmFile(path) {
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
