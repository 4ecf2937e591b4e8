// Keeps the files of the built page, and gives them out with the headers that threads need.

/** What the build fills in: a hash of all files, and their paths below this one. */
declare const VERSION: string;
declare const FILES: readonly string[];

interface LastingEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends LastingEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
const scope = self as unknown as {
  addEventListener(type: "install" | "activate", listener: (event: LastingEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
  readonly clients: { claim(): Promise<void> };
  readonly location: Location;
};

const base = new URL("./", scope.location.href).href;
const PREFIX = `baimo ${base} `;
const here = PREFIX + VERSION;
const kept = new Set(FILES.map((path) => base + path));

scope.addEventListener("install", (event) => {
  const files = Array.from(kept, (url) => new Request(url, { cache: "no-cache" }));
  event.waitUntil(caches.open(here).then((cache) => cache.addAll(files)));
});

scope.addEventListener("activate", (event) => {
  event.waitUntil(forgetEarlier().then(() => scope.clients.claim()));
});

async function forgetEarlier(): Promise<void> {
  const earlier = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== here);
  await Promise.all(earlier.map((name) => caches.delete(name)));
}

scope.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const path = url.replace(/[?#].*$/, "");
  // Addresses of views stand after "#": there is one page.
  const wanted = mode === "navigate" && path === base ? `${base}index.html` : path;
  if (method === "GET" && kept.has(wanted)) event.respondWith(answer(wanted, event.request));
});

async function answer(url: string, request: Request): Promise<Response> {
  const cache = await caches.open(here);
  const { body, status, statusText, headers: given } = (await cache.match(url)) ?? (await fetch(request));
  const headers = new Headers(given);
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-embedder-policy", "require-corp");
  headers.set("cross-origin-resource-policy", "same-origin");
  return new Response(body, { status, statusText, headers });
}
