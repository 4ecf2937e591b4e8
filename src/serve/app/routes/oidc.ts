// Signing in elsewhere: the way to the provider, and the way back.
import { text } from "../../../option-kinds.ts";
import { Problem } from "../../problem.ts";
import { get, type Route } from "../../route.ts";
import { TEXT } from "../../schema-parts.ts";
import { startSession, stateCookie, stateOf } from "../access.ts";
import { type Application, present } from "../application.ts";
import type { Identity, Oidc } from "../oidc.ts";

/** The provider of a server. @throws {Problem} 409 where there is none */
function oidcOf({ signIn, oidc }: Application): Oidc {
  if (signIn && oidc) return oidc;
  throw new Problem(409, "nobody signs in elsewhere on this server", { code: "no_sign_in" });
}

const given = text({ least: 0, most: 4096 });

export const oidcRoutes: readonly Route[] = [
  get({
    path: "/app/v1/oidc",
    scope: "none",
    summary: "Leads to the provider at which one signs in.",
    answers: { "text/plain": TEXT },
    statuses: [303],
    async handle({ request, application }) {
      const { address, state } = await oidcOf(present(application)).begin();
      return leadTo(address, stateCookie(request, state));
    },
  }),
  get({
    path: "/app/v1/oidc/callback",
    scope: "none",
    summary: "Where the provider sends people back: signs them in, and leads to the page.",
    query: { code: given, state: given, error: given },
    answers: { "text/plain": TEXT },
    statuses: [303],
    async handle({ request, application, server }) {
      const app = present(application);
      const oidc = oidcOf(app);
      const state = stateOf(request);
      try {
        if (state === undefined) throw new Error("sign-in: this browser did not go to the provider");
        const user = accountOf(app, await oidc.finish(request.url, state));
        const response = leadTo(oidc.page, stateCookie(request, ""));
        response.headers.append("set-cookie", await startSession(request, app, user));
        return response;
      } catch (error) {
        server.options.onError?.(error);
        return leadTo(`${oidc.page}#sign-in-failed`, stateCookie(request, ""));
      }
    },
  }),
];

function leadTo(address: string, cookie: string): Response {
  const headers = { location: address, "cache-control": "no-store", "set-cookie": cookie };
  return new Response(null, { status: 303, headers });
}

/**
 * The account of an identity, made when it comes first: its name ends in the provider's, so that nobody takes the name of a
 * local account, and with it a role that the tools file gives to that.
 * @throws {Error} before there is an administrator
 */
function accountOf({ store }: Application, { issuer, subject, name }: Identity) {
  const { users } = store;
  return store.transaction(() => {
    const known = users.identified(issuer, subject);
    if (known) return known;
    if (users.list().every(({ role }) => role !== "admin"))
      throw new Error("sign-in: make the first account by the link that the server printed");
    const plain = `${name.replace(/[^\p{L}\p{N}._@+-]/gu, "").slice(0, 32) || "user"}@${new URL(issuer).hostname.slice(-24)}`;
    let free = plain;
    for (let at = 2; users.named(free); at++) free = `${plain}-${at}`;
    const made = users.create({ name: free, role: "user", password: null });
    users.identify(made, issuer, subject);
    return made;
  });
}
