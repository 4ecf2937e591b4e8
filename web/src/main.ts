// Mounts the page; decides what answers its requests (here `fetch`).
import { mount } from "svelte";
import App from "./App.svelte";
import type { Handle } from "./client.ts";
import "./styles.css";

const handle: Handle = (request) => fetch(request);
mount(App, { target: document.getElementById("app")!, props: { handle } });
