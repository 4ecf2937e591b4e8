// Who asks: the local user, or whoever's session the cookie holds; and from which page.
import { sha256 } from "../../sha256.ts";
import { LOCAL, type StoredUser } from "../../store/users.ts";
import { Problem } from "../problem.ts";
import type { Application } from "./application.ts";
import { newToken } from "./passwords.ts";

const COOKIE = "baimo_session";
const SESSION_SECONDS = 30 * 24 * 3600;

/** Whoever sits at a machine where nothing is kept. */
const LOCAL_USER: StoredUser = { key: 1, id: LOCAL, name: "", role: "admin", password: null, created: 0 };

/** Who asks, where it is known. */
export async function userOf(request: Request, app: Application): Promise<StoredUser | undefined> {
  if (!app.signIn) return app.hasStore ? app.store.users.find(LOCAL) : LOCAL_USER;
  const token = tokenOf(request);
  return token === undefined ? undefined : app.store.users.ofSession(await sha256(token));
}

/** The same. @throws {Problem} 401 for a stranger */
export async function knownUser(request: Request, application: Application): Promise<StoredUser> {
  const user = await userOf(request, application);
  if (user) return user;
  throw new Problem(401, "sign in first: POST /app/v1/session", { code: "not_signed_in" });
}

/** A new session's cookie. */
export async function startSession(
  request: Request,
  { store }: Application,
  user: StoredUser,
): Promise<string> {
  const token = newToken();
  store.users.addSession(user.key, await sha256(token), Date.now() + SESSION_SECONDS * 1000);
  return cookie(request, token, SESSION_SECONDS);
}

/** Ends the session that a request came with; the cookie that takes its cookie away. */
export async function endSession(request: Request, { store }: Application): Promise<string> {
  const token = tokenOf(request);
  if (token !== undefined) store.users.endSession(await sha256(token));
  return cookie(request, "", 0);
}

function tokenOf(request: Request): string | undefined {
  const found = cookieOf(request, COOKIE);
  return found && /^[0-9a-f]{64}$/.test(found) ? found : undefined;
}

function cookieOf(request: Request, name: string): string | undefined {
  const pairs = (request.headers.get("cookie") ?? "").split(/;\s*/);
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) || undefined;
}

function cookie(request: Request, token: string, seconds: number): string {
  const secure = new URL(request.url).protocol === "https:" ? "; Secure" : "";
  return `${COOKIE}=${token}; Path=/app/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`;
}

const STATE_COOKIE = "baimo_state";
const STATE_SECONDS = 600;

/** What a browser shows that comes back from where one signs in; Lax, since another site sends it back. */
export function stateCookie(request: Request, state: string): string {
  const secure = new URL(request.url).protocol === "https:" ? "; Secure" : "";
  const seconds = state === "" ? 0 : STATE_SECONDS;
  return `${STATE_COOKIE}=${state}; Path=/app/v1/oidc; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`;
}

/** The same, read. */
export const stateOf = (request: Request): string | undefined => cookieOf(request, STATE_COOKIE);

const OWN: readonly string[] = ["same-origin", "none"];

/**
 * Pages of other origins have no business here, whatever the interface's routes allow them.
 * @throws {Problem} 403 for a request that says it comes from one
 */
export function checkOrigin(request: Request): void {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  // A proxy changes the host, but not what the browser says of it.
  const isOwn =
    site === null ? origin === null || hostOf(origin) === hostOf(request.url) : OWN.includes(site);
  if (isOwn) return;
  throw new Problem(403, "conversations are for this server's own page; this request comes from another", {
    code: "cross_origin",
  });
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return ""; // "null", of a page without an origin
  }
}
