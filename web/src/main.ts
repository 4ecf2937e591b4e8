// Mounts the page; decides what answers its requests and what keeps its conversations.
import { mount } from "svelte";
import App from "./App.svelte";
import "./styles.css";
import { openBrowserConversations } from "./store/browser-conversations.ts";
import { bringOver } from "./store/earlier.ts";
import { openServerConversations, readSession } from "./store/server-conversations.ts";
import type { Handle } from "./talk/client.ts";

const handle: Handle = (request) => fetch(request);
const session = await readSession(handle);
const store =
  session?.store && session.user ? openServerConversations(handle) : await openBrowserConversations();
await bringOver(store);
mount(App, { target: document.getElementById("app")!, props: { handle, store } });
