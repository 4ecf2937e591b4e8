// The views that one can go to from anywhere, in their order.
import type { IconName } from "../components/icons.ts";
import type { shellWords } from "./words.ts";

/** A view, and its icon. */
export interface Place {
  view: keyof (typeof shellWords)["en"]["views"];
  icon: IconName;
  /** Whether there is nothing to it without a server that keeps conversations. */
  kept?: boolean;
}

export const places: readonly Place[] = [
  { view: "assistants", icon: "people" },
  { view: "compare", icon: "columns", kept: true },
  { view: "models", icon: "cube" },
  { view: "catalogue", icon: "book" },
  { view: "costs", icon: "scales" },
  { view: "usage", icon: "chart", kept: true },
  { view: "settings", icon: "sliders" },
];
