// The application of one server: its store, who may sign in, the answers under way.

import type { Store } from "../../store/store.ts";
import type { Library } from "../models/library.ts";
import { Problem } from "../problem.ts";
import type { Server } from "../server.ts";
import { Answers } from "./answers.ts";
import type { ApplicationOptions } from "./application-options.ts";
import { SignInAttempts } from "./attempts.ts";
import { Downloads } from "./downloads.ts";
import { Connections } from "./tools/connections.ts";

/** What the application's routes share. */
export class Application {
  readonly store: Store;
  readonly signIn: boolean;
  readonly setUpToken: string | undefined;
  readonly answers: Answers;
  readonly attempts = new SignInAttempts();
  readonly connections = new Connections();
  readonly library: Library | undefined;
  readonly downloads: Downloads | undefined;

  constructor(store: Store, options: ApplicationOptions, server: Server) {
    const { signIn = false, setUpToken, library } = options;
    this.store = store;
    this.signIn = signIn;
    this.setUpToken = setUpToken;
    this.answers = new Answers(store, server);
    this.library = library;
    const { signal, onError } = server.options;
    this.downloads = library && new Downloads(library, server.models, onError);
    signal?.addEventListener("abort", () => {
      this.downloads?.stopAll();
      store.during(this.connections.closeAll());
    });
  }
}

/** The application of a server, or why there is none. */
export type MaybeApplication = Application | { readonly absent: string };

/** Makes it of a server's options. */
export function createApplication(options: ApplicationOptions | undefined, server: Server): MaybeApplication {
  if (options?.store) return new Application(options.store, options, server);
  return { absent: options?.absent ?? "this server keeps no conversations" };
}

/** The application. @throws {Problem} 503 with the reason where there is none */
export function present(application: MaybeApplication): Application {
  if (application instanceof Application) return application;
  throw new Problem(503, application.absent, { code: "no_store" });
}
