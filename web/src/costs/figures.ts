// Notes of plans in a language, with those of the page's catalogue.
import { noteWriter } from "../../../src/plan/index.ts";
import { catalogue } from "../catalogue/data.ts";

export const noteIn = noteWriter(catalogue);
