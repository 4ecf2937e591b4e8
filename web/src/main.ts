// Mounts the page; decides who uses it, what answers its requests and what keeps its conversations.
import { mount } from "svelte";
import App from "./App.svelte";
import type { Foundation } from "./app.svelte.ts";
import "./styles.css";
import { type OpenSession, openSession } from "./account/session.svelte.ts";
import { openBrowserAssistants } from "./store/browser-assistants.ts";
import { openBrowserConversations } from "./store/browser-conversations.ts";
import { openBrowserDatabase } from "./store/browser-database.ts";
import { bringOver } from "./store/earlier.ts";
import { openServerAssistants } from "./store/server-assistants.ts";
import { openServerConversations } from "./store/server-conversations.ts";

const target = document.getElementById("app")!;
const session = await openSession((request) => fetch(request));
if (session.needed) {
  const { default: SignIn } = await import("./account/SignIn.svelte");
  mount(SignIn, { target, props: { session } });
} else {
  const foundation = session.user ? onServer(session) : await inBrowser(session);
  await bringOver(foundation.store);
  mount(App, { target, props: { foundation } });
}

function onServer(session: OpenSession): Foundation {
  const { handle } = session;
  return { session, store: openServerConversations(handle), assistants: openServerAssistants(handle) };
}

async function inBrowser(session: OpenSession): Promise<Foundation> {
  const database = await openBrowserDatabase();
  return {
    session,
    store: await openBrowserConversations(database),
    assistants: openBrowserAssistants(database),
  };
}
