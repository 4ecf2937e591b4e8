// Mounts the page; the only place that decides what answers its requests (here `fetch`).
import { mount } from "svelte";
import App from "./App.svelte";
import "./styles.css";

mount(App, { target: document.getElementById("app")!, props: { handle: (request) => fetch(request) } });
