// The application of one server: its store, who may sign in, the answers under way.

import type { KeptRuns } from "../../evaluate/kept-runs.ts";
import type { Store } from "../../store/store.ts";
import type { LoggedRuns } from "../../train/run/read-runs.ts";
import { Connections } from "../../upstream/tool-connections.ts";
import type { Dispatcher } from "../dispatcher/dispatcher.ts";
import type { Library } from "../models/library.ts";
import { Problem } from "../problem.ts";
import type { Server } from "../server.ts";
import { Answers } from "./answers.ts";
import type { ApplicationOptions } from "./application-options.ts";
import { SignInAttempts } from "./attempts.ts";
import { Downloads } from "./downloads.ts";
import { NearPassages } from "./near-passages.ts";
import { Oidc } from "./oidc.ts";

/** What the application's routes share. */
export class Application {
  readonly #store: Store | undefined;
  readonly #absent: string | undefined;
  readonly #server: Server;
  #answers: Answers | undefined;
  #near: NearPassages | undefined;
  readonly signIn: boolean;
  readonly setUpToken: string | undefined;
  readonly attempts = new SignInAttempts();
  readonly connections = new Connections();
  readonly oidc: Oidc | undefined;
  readonly library: Library | undefined;
  readonly evaluations: KeptRuns | undefined;
  readonly trainings: LoggedRuns | undefined;
  readonly dispatcher: Dispatcher | undefined;
  readonly downloads: Downloads | undefined;

  constructor(options: ApplicationOptions, server: Server) {
    const {
      store,
      absent,
      signIn = false,
      setUpToken,
      library,
      evaluations,
      trainings,
      dispatcher,
    } = options;
    this.#store = store;
    this.#absent = absent;
    this.#server = server;
    this.signIn = signIn;
    this.setUpToken = setUpToken;
    this.oidc = options.oidc && new Oidc(options.oidc);
    this.library = library;
    this.evaluations = evaluations;
    this.trainings = trainings;
    this.dispatcher = dispatcher;
    const { signal, onError } = server.options;
    this.downloads = library && new Downloads(library, server.models, onError);
    signal?.addEventListener("abort", () => {
      this.downloads?.stopAll();
      this.evaluations?.stopAll();
      store?.during(this.connections.closeAll());
    });
  }

  /** Whether it keeps conversations. Without, it has models alone. */
  get hasStore(): boolean {
    return this.#store !== undefined;
  }

  /** @throws {Problem} 503 with the reason where there is none */
  get store(): Store {
    if (this.#store) return this.#store;
    throw noStore(this.#absent);
  }

  get answers(): Answers {
    this.#answers ??= new Answers(this.store, this.#server);
    return this.#answers;
  }

  get near(): NearPassages {
    this.#near ??= new NearPassages(this.#server, this.store);
    return this.#near;
  }
}

/** The application of a server, or why there is none. */
export type MaybeApplication = Application | { readonly absent?: string };

/** Makes it of a server's options. */
export function createApplication(options: ApplicationOptions | undefined, server: Server): MaybeApplication {
  return options?.store || options?.library ? new Application(options, server) : { absent: options?.absent };
}

/** The application. @throws {Problem} 503 with the reason where there is none */
export function present(application: MaybeApplication): Application {
  if (application instanceof Application) return application;
  throw noStore(application.absent);
}

const noStore = (reason = "this server keeps no conversations") =>
  new Problem(503, reason, { code: "no_store" });
