// Mounts the page; decides who uses it, what answers its requests and what keeps its conversations.
import { mount } from "svelte";
import App from "./App.svelte";
import type { Foundation } from "./app.svelte.ts";
import "./styles.css";
import { type OpenSession, openSession } from "./account/session.svelte.ts";
import { readSession } from "./store/ask.ts";
import { openBrowserAssistants } from "./store/browser-assistants.ts";
import { openBrowserConversations } from "./store/browser-conversations.ts";
import { openBrowserDatabase } from "./store/browser-database.ts";
import { bringOver } from "./store/earlier.ts";
import { openServerAssistants } from "./store/server-assistants.ts";
import { openServerConversations } from "./store/server-conversations.ts";
import { forgetKeptPage, keepPage } from "./tab/offline.ts";
import { openTab, type Tab } from "./tab/tab.ts";
import type { Handle } from "./talk/client.ts";

const target = document.getElementById("app")!;
const server: Handle = (request) => fetch(request);
const told = await readSession(server);
if (told) await forgetKeptPage();
else void keepPage().catch(console.warn); // a browser that keeps no files for pages
/** Where no server answers, the page itself does. */
const tab = told ? undefined : openTab();
const session = openSession(tab?.handle ?? server, told);
if (session.needed) {
  const { default: SignIn } = await import("./account/SignIn.svelte");
  mount(SignIn, { target, props: { session } });
} else {
  const foundation = session.user ? onServer(session) : await inBrowser(session, tab);
  await bringOver(foundation.store);
  mount(App, { target, props: { foundation } });
}

function onServer(session: OpenSession): Foundation {
  const { handle } = session;
  return { session, store: openServerConversations(handle), assistants: openServerAssistants(handle) };
}

async function inBrowser(session: OpenSession, tab: Tab | undefined): Promise<Foundation> {
  const database = await openBrowserDatabase();
  return {
    session,
    tab,
    store: await openBrowserConversations(database),
    assistants: openBrowserAssistants(database),
  };
}
