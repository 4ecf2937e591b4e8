// The address of each view: what stands after "#/", so that any host can serve the page.

const views = [
  "conversation",
  "assistant",
  "assistants",
  "shared",
  "compare",
  "boards",
  "work",
  "trainings",
  "models",
  "catalogue",
  "costs",
  "settings",
  "usage",
  "tools",
  "account",
] as const;

/**
 * A view and what of it is shown: a conversation's id, the assistant of a new one ("assistant"), the one that is edited
 * ("assistants"), one that is in the address whole ("shared"), a family of the catalogue, a run ("boards", "work"), a
 * scenario's link ("costs"); "" for none.
 */
export interface Route {
  view: (typeof views)[number];
  rest: string;
}

/** The route of an address's hash. Addresses of earlier pages (#models/qwen) lead to the catalogue. */
export function readRoute(hash: string): Route {
  const earlier = /^#models(?:\/([a-z0-9.-]*))?$/.exec(hash);
  if (earlier) return { view: "catalogue", rest: earlier[1] ?? "" };
  const [, name = "", rest = ""] = /^#\/([a-z]*)(?:\/([\w.-]*))?/.exec(hash) ?? [];
  if (name === "c") return { view: "conversation", rest };
  const view = views.find((one) => one === name) ?? "conversation";
  return { view, rest: view === "conversation" ? "" : rest };
}

/** The address of a route. */
export function addressOf({ view, rest }: Route): string {
  const name = view === "conversation" ? "c" : view;
  if (view === "conversation" && rest === "") return "#/";
  return rest === "" ? `#/${name}` : `#/${name}/${rest}`;
}

/** The route that the address tells, followed as it changes. */
export function createRouter() {
  let route = $state.raw(readRoute(location.hash));
  for (const change of ["hashchange", "popstate"])
    addEventListener(change, () => (route = readRoute(location.hash)));
  return {
    get route() {
      return route;
    },
    /** Goes to a view; with `replace` the way back leads past where the reader is now. */
    go(view: Route["view"], rest = "", { replace = false } = {}) {
      const address = addressOf({ view, rest });
      if (address === location.hash || (address === "#/" && location.hash === "")) return;
      if (replace) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
      route = readRoute(address);
    },
  };
}

export type Router = ReturnType<typeof createRouter>;
