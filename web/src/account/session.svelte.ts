// Who uses the page: signing in and out, and word of a session that has ended.
import { ask, readSession, type Session, type User } from "../store/ask.ts";
import type { Handle } from "../talk/client.ts";

/** Where the server prints the token with which the first account is made. */
const setUpHash = /^#set-up=([\w-]+)$/;

/** Follows a session from what the server first said; undefined where there is no server. */
export function openSession(handle: Handle, first: Session | undefined) {
  let state = $state.raw(first);
  let ended = $state(false);
  const token = setUpHash.exec(location.hash)?.[1];

  /** The same requests; what the server refuses a stranger tells that the session has ended. */
  async function watched(request: Request): Promise<Response> {
    const response = await handle(request);
    const isSigningIn = new URL(request.url).pathname.endsWith("/app/v1/session");
    if (response.status === 401 && state?.user && !isSigningIn) ended = true;
    return response;
  }

  return {
    handle: watched,
    /** Who it is; undefined where the server keeps nothing, or knows nobody. */
    get user() {
      return state?.user ?? undefined;
    },
    /** Whether people sign in here at all. */
    get signsIn() {
      return state?.signIn === true;
    },
    get store() {
      return state?.store === true;
    },
    /** Whether nothing is to be seen before one has signed in. */
    get needed() {
      return state?.signIn === true && state.user === null;
    },
    /** Whether the server has come to know nobody any more. */
    get ended() {
      return ended;
    },
    /** Whether the first account is to be made, and the token for it. */
    get setUp() {
      return state?.setUp === true;
    },
    token,
    get hasPassword() {
      return state?.hasPassword === true;
    },
    /** What the provider is called at which one can sign in, too. */
    get oidc() {
      return state?.oidc;
    },
    /** @throws {AnswerError} `wrong_password`, `too_many_attempts`, `wrong_token`, `invalid_value` */
    async signIn(name: string, password: string, token?: string) {
      const body = token === undefined ? { name, password } : { name, password, token };
      const { user } = await ask<{ user: User }>(handle, "POST", "session", body);
      const isAnother = state?.user && state.user.id !== user.id;
      if (state) state = { ...state, setUp: false, hasPassword: true, user };
      ended = false;
      return { isAnother };
    },
    /** Whether one has signed in again meanwhile, in another window; `isAnother` where somebody else has. */
    async lookAgain() {
      const now = await readSession(handle);
      if (!now?.user) return undefined;
      const isAnother = state?.user && state.user.id !== now.user.id;
      state = now;
      ended = false;
      return { isAnother };
    },
    async signOut() {
      await ask(handle, "DELETE", "session");
    },
  };
}

export type OpenSession = ReturnType<typeof openSession>;
