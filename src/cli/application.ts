// The page's conversations on this machine: the store in the data folder, and who must sign in.
import { join } from "node:path";
import { BaimoError } from "../errors.ts";
import type { KeptRuns } from "../evaluate/kept-runs.ts";
import type { ApplicationOptions } from "../serve/app/application-options.ts";
import type { Config } from "./config/table.ts";
import { dataFolder, hubSettings, packagePath, packageVersion } from "./environment.ts";
import type { Terminal } from "./terminal.ts";

/** Opens the store; where that cannot be, the server runs without one and the page says why. */
export async function openApplication(config: Config, terminal: Terminal): Promise<ApplicationOptions> {
  const { host, keysFile } = config;
  const oidc = oidcOf(config);
  const { isLoopback } = await import("../serve/node.ts");
  const { openStore } = await import("../store/open-store.ts");
  // Where a server has keys there are others who can ask.
  const signIn = !isLoopback(host) || keysFile !== undefined || oidc !== undefined;
  try {
    const store = await openStore(dataFolder());
    const evaluations = await keptRuns();
    if (!signIn || store.users.list().length > 0) return { store, signIn, oidc, evaluations };
    const { newToken } = await import("../serve/app/passwords.ts");
    return { store, signIn, oidc, setUpToken: newToken(), evaluations };
  } catch (error) {
    if (!(error instanceof BaimoError)) throw error;
    terminal.note(`baimo: conversations are not kept: ${error.message}`);
    return { absent: `conversations are not kept: ${error.message}`.slice(0, 4000) };
  }
}

/** Where people sign in elsewhere. @throws {BaimoError} `config` where a part of that is missing */
function oidcOf({
  publicUrl,
  oidcIssuer,
  oidcClientId,
  oidcClientSecret,
}: Config): ApplicationOptions["oidc"] {
  if (oidcIssuer === undefined) return undefined;
  if (publicUrl !== undefined && oidcClientId !== undefined)
    return { issuer: oidcIssuer, clientId: oidcClientId, clientSecret: oidcClientSecret, publicUrl };
  throw new BaimoError(
    "config",
    "oidcIssuer needs oidcClientId and publicUrl beside it; baimo config shows what is set",
  );
}

/** The evaluations that people run on the page, kept beside the store. */
export async function keptRuns(): Promise<KeptRuns> {
  const { KeptRuns } = await import("../evaluate/kept-runs.ts");
  const { cacheFolder } = hubSettings();
  return new KeptRuns({
    folder: join(dataFolder(), "evaluations"),
    includePaths: [packagePath("assets", "evaluation")],
    version: packageVersion(),
    hub: { cacheFolder, offline: true },
  });
}
