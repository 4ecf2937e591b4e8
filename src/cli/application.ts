// The page's conversations on this machine: the store in the data folder, and who must sign in.
import { join } from "node:path";
import { BaimoError } from "../errors.ts";
import type { ApplicationOptions } from "../serve/app/application-options.ts";
import { dataFolder, hubSettings, packagePath, packageVersion } from "./environment.ts";
import type { Terminal } from "./terminal.ts";

/** Opens the store; where that cannot be, the server runs without one and the page says why. */
export async function openApplication(
  { host, keysFile }: { readonly host: string; readonly keysFile?: string },
  terminal: Terminal,
): Promise<ApplicationOptions> {
  const { isLoopback } = await import("../serve/node.ts");
  const { openStore } = await import("../store/open-store.ts");
  // Where a server has keys there are others who can ask.
  const signIn = !isLoopback(host) || keysFile !== undefined;
  try {
    const store = await openStore(dataFolder());
    const { KeptRuns } = await import("../evaluate/kept-runs.ts");
    const { cacheFolder } = hubSettings();
    const evaluations = new KeptRuns({
      folder: join(dataFolder(), "evaluations"),
      includePaths: [packagePath("assets", "evaluation")],
      version: packageVersion(),
      hub: { cacheFolder, offline: true },
    });
    if (!signIn || store.users.list().length > 0) return { store, signIn, evaluations };
    const { newToken } = await import("../serve/app/passwords.ts");
    return { store, signIn, setUpToken: newToken(), evaluations };
  } catch (error) {
    if (!(error instanceof BaimoError)) throw error;
    terminal.note(`baimo: conversations are not kept: ${error.message}`);
    return { absent: `conversations are not kept: ${error.message}`.slice(0, 4000) };
  }
}
