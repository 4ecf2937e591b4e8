// The page's files for when it is offline: a service worker keeps them; a server needs none.

/** Whether the worker gave this page its files, and with them the headers that threads need. */
const wasGiven = Boolean(navigator.serviceWorker?.controller);

/** Whether threads come with the next visit: the worker sends the headers that the host does not. */
export const threadsNextTime = () => !crossOriginIsolated && !wasGiven && "serviceWorker" in navigator;

/** Has the page's files kept for the next visit. */
export async function keepPage(): Promise<void> {
  await navigator.serviceWorker?.register(new URL("service-worker.js", document.baseURI));
}

/** Lets go of a page that was kept at this address before a server answered here; the server's own is loaded. */
export async function forgetKeptPage(): Promise<void> {
  if (!wasGiven) return;
  await (await navigator.serviceWorker.getRegistration())?.unregister();
  location.reload();
}
