// Requests to the server's application, and whom it takes the reader for.
import { AnswerError, type Handle, reach } from "../talk/client.ts";

/** An account as the server tells of it. */
export interface User {
  id: string;
  name: string;
  role: "admin" | "user";
}

/** What the server says of who asks. */
export interface Session {
  /** On this machine alone there is one user without a name. */
  user: User | null;
  signIn: boolean;
  /** Whether there is no account yet. */
  setUp: boolean;
  /** Whether the server keeps conversations. */
  store: boolean;
  /** Whether one has a password here; who signs in elsewhere has none. */
  hasPassword: boolean;
  /** What the provider is called at which one can sign in, too. */
  oidc?: string;
}

/** The address of a route of the application. */
export const address = (path: string) => new URL(`app/v1/${path}`, document.baseURI).href;

/** Sends a request to a route of the application, and reads its JSON. */
export async function ask<T>(handle: Handle, method: string, path: string, body?: object): Promise<T> {
  const headers = { "content-type": "application/json" };
  const request = new Request(address(path), { method, headers, body: body && JSON.stringify(body) });
  const response = await reach(handle, request);
  return response.json();
}

/** Who asks, by the server; undefined where none of ours answers. */
export async function readSession(handle: Handle): Promise<Session | undefined> {
  try {
    return await ask<Session>(handle, "GET", "session");
  } catch (error) {
    const isOurs = error instanceof AnswerError && !/^(unreachable|status \d+)$/.test(error.code);
    return isOurs ? { user: null, signIn: false, setUp: false, store: false, hasPassword: false } : undefined;
  }
}
