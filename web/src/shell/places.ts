// The views that one can go to from anywhere, in their order.
import type { IconName } from "../components/icons.ts";
import type { shellWords } from "./words.ts";

/** A view, and its icon. */
export interface Place {
  view: keyof (typeof shellWords)["en"]["views"];
  icon: IconName;
  /** Whether there is nothing to it without a server that keeps conversations. */
  kept?: boolean;
  /** Whether a page without a server has something to it all the same. */
  tab?: boolean;
  /** Whether it is for administrators. */
  admin?: boolean;
}

const places: readonly Place[] = [
  { view: "assistants", icon: "people" },
  { view: "compare", icon: "columns", kept: true },
  { view: "boards", icon: "list", kept: true },
  { view: "work", icon: "graph", kept: true },
  { view: "trainings", icon: "curve", kept: true, tab: true },
  { view: "models", icon: "cube" },
  { view: "catalogue", icon: "book" },
  { view: "tools", icon: "tool", kept: true, admin: true },
  { view: "costs", icon: "scales" },
  { view: "usage", icon: "chart", kept: true },
  { view: "settings", icon: "sliders" },
];

/** The places of a reader. */
export const placesFor = (reader: { isKept: boolean; isAdmin: boolean; tab?: object }): Place[] =>
  places.filter(
    ({ kept, admin, tab }) =>
      (reader.isKept || !kept || (tab && reader.tab !== undefined)) && (reader.isAdmin || !admin),
  );
