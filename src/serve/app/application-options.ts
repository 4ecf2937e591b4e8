// Options of the application: its store, and who may sign in.
import type { KeptRuns } from "../../evaluate/kept-runs.ts";
import { callback, fields, flag, instance, kindOf, required, text, withDefault } from "../../option-kinds.ts";
import type { TableOf } from "../../options.ts";
import { Store } from "../../store/store.ts";
import type { LoggedRuns } from "../../train/run/read-runs.ts";
import { type Dispatcher, dispatcher } from "../dispatcher/dispatcher.ts";
import { type Library, library } from "../models/library.ts";
import { type OidcOptions, oidc } from "./oidc.ts";

/** What a server's application is made of. */
export interface ApplicationOptions {
  /** Where it keeps everything. Without one its routes say `absent`, but for those of models where there is a library. */
  store?: Store;
  /** Why there is no store, for the page to say. */
  absent?: string;
  /** Whether who asks must sign in: wherever others than this machine's own user can ask. Default false. */
  signIn?: boolean;
  /** What the first administrator shows, where there is no account yet. */
  setUpToken?: string;
  /** Where people may sign in in the place of a password. */
  oidc?: OidcOptions;
  /** Where administrators find more models. */
  library?: Library;
  /** Where people run evaluations. */
  evaluations?: KeptRuns;
  /** Runs of training, whose curves are shown. */
  trainings?: LoggedRuns;
  /** What runs tasks for people. */
  dispatcher?: Dispatcher;
}

/** The same, declared. */
export const applicationTable = {
  store: instance("a Store that openStore opened", Store),
  absent: text(),
  signIn: withDefault(flag, false),
  setUpToken: text({ least: 16, most: 256 }),
  oidc,
  library,
  evaluations: kindOf(
    "object",
    "KeptRuns of baimo/evaluate",
    (value): value is KeptRuns => typeof value === "object" && value !== null && "board" in value,
  ),
  trainings: fields({
    list: required(callback<LoggedRuns["list"]>()),
    has: required(callback<LoggedRuns["has"]>()),
    curves: required(callback<LoggedRuns["curves"]>()),
  }),
  dispatcher,
} satisfies TableOf<ApplicationOptions>;
