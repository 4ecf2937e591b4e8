// Reads the environment: folders, the Hub's settings, the runtime.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Whether a person sits in front: standard output is a terminal, and no build machine's. */
export function isAttended(): boolean {
  return process.stdout.isTTY === true && !process.env.CI;
}

/** A file or folder of the package; this file, when built, is three levels below its root. */
export function packagePath(...parts: string[]): string {
  const up = import.meta.url.endsWith(".ts") ? "../.." : "../../..";
  return join(fileURLToPath(new URL(up, import.meta.url)), ...parts);
}

/** The package's version. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(packagePath("package.json"), "utf8")) as { version: string };
  return version;
}

/** The folder of what the program keeps for this user. */
export function dataFolder(): string {
  const { env, platform } = process;
  if (env.BAIMO_HOME) return env.BAIMO_HOME;
  if (platform === "win32") return join(env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "baimo");
  if (platform === "darwin") return join(homedir(), "Library", "Application Support", "baimo");
  return join(env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "baimo");
}

/** The folder of what can be made again. */
export function cacheFolder(): string {
  const { env, platform } = process;
  if (env.BAIMO_HOME) return join(env.BAIMO_HOME, "cache");
  if (platform === "win32") return join(dataFolder(), "cache");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "baimo");
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "baimo");
}

/** Most memory that this process has held, in bytes. On Linux maxRSS begins with the parent's, so the kernel's own mark is read. */
export function peakMemory(): number {
  try {
    const mark = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    if (mark) return Number(mark[1]) * 1024;
  } catch {} // not Linux
  return process.resourceUsage().maxRSS * 1024;
}

/** The runtime and the machine: "Node 24.1.0, linux x64". */
export function runtimeName(): string {
  return `Node ${process.versions.node}, ${process.platform} ${process.arch}`;
}

/** Where traces go, if anywhere, by OpenTelemetry's own variables. */
export function traceSettings():
  | { url: string; headers: Record<string, string>; serviceName: string }
  | undefined {
  const { env } = process;
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT?.replace(/\/+$/, "");
  const url = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || (base && `${base}/v1/traces`);
  if (!url || env.OTEL_SDK_DISABLED === "true") return undefined;
  const pairs = (env.OTEL_EXPORTER_OTLP_HEADERS ?? "").split(",").map((pair) => pair.split("="));
  const headers = pairs.flatMap(([name, ...value]): [string, string][] =>
    name.trim() === "" ? [] : [[name.trim(), decodeURIComponent(value.join("=").trim())]],
  );
  return { url, headers: Object.fromEntries(headers), serviceName: env.OTEL_SERVICE_NAME || "baimo" };
}
/** The key for an endpoint that is evaluated. */
export const endpointKey = (): string | undefined =>
  process.env.BAIMO_API_KEY || process.env.OPENAI_API_KEY || undefined;

/** Where models of the Hub are kept, whom to ask and as whom: the variables that the Hub's own tools read. */
export function hubSettings(): { cacheFolder: string; endpoint?: string; token?: string; offline?: boolean } {
  const { env } = process;
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
  return {
    cacheFolder: env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, "hub"),
    ...(env.HF_ENDPOINT && { endpoint: env.HF_ENDPOINT }),
    ...(env.HF_TOKEN && { token: env.HF_TOKEN }),
    ...(/^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE || "") && { offline: true }),
  };
}
