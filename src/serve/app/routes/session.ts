// Who one is: sign in, sign out, and the first account.

import { required, text } from "../../../option-kinds.ts";
import { Problem } from "../../problem.ts";
import { asClient } from "../../requests/fields.ts";
import { get, post, type Route, remove } from "../../route.ts";
import { objectOf } from "../../schema-parts.ts";
import { checkOrigin, endSession, startSession, userOf } from "../access.ts";
import { Application, present } from "../application.ts";
import { hashPassword, isPassword, isSame } from "../passwords.ts";
import { FLAG, nothing, user } from "../schemas.ts";
import { shownUser } from "../shown.ts";
import { newPassword, userName } from "../user-fields.ts";

const path = "/app/v1/session";
const noStore = { "cache-control": "no-store" };

/** No account yet, and a token with which to make the first. */
const isNew = ({ signIn, setUpToken, store }: Application): boolean =>
  signIn && setUpToken !== undefined && store.users.list().length === 0;

export const sessionRoutes: readonly Route[] = [
  get({
    path,
    scope: "none",
    summary: "Who asks, and whether one must sign in.",
    answers: {
      "application/json": objectOf({
        user: { anyOf: [user, { type: "null" }] },
        signIn: FLAG,
        setUp: FLAG,
        store: FLAG,
        hasPassword: FLAG,
      }),
    },
    async handle({ request, application }) {
      if (!(application instanceof Application) || !application.hasStore)
        return Response.json(
          { user: null, signIn: false, setUp: false, store: false, hasPassword: false },
          { headers: noStore },
        );
      checkOrigin(request);
      const found = await userOf(request, application);
      const { signIn } = application;
      const known = found ? shownUser(found) : null;
      return Response.json(
        {
          user: known,
          signIn,
          setUp: isNew(application),
          store: true,
          hasPassword: typeof found?.password === "string",
          oidc: application.oidc?.label,
        },
        { headers: noStore },
      );
    },
  }),
  post({
    path,
    scope: "none",
    secret: true,
    summary: "Signs in; with the token that the server printed, makes the first account.",
    body: { name: required(userName), password: required(text({ most: 1024 })), token: text({ most: 256 }) },
    answers: { "application/json": objectOf({ user }) },
    async handle({ request, application, body: { name, password, token } }) {
      const app = present(application);
      checkOrigin(request);
      if (!app.signIn) throw new Problem(409, "nobody signs in on this server", { code: "no_sign_in" });
      app.attempts.check(name);
      const found =
        token === undefined ? await signIn(app, name, password) : await setUp(app, { name, password, token });
      const headers = { ...noStore, "set-cookie": await startSession(request, app, found) };
      return Response.json({ user: shownUser(found) }, { headers });
    },
  }),
  remove({
    path,
    scope: "none",
    summary: "Signs out.",
    answers: { "application/json": nothing },
    async handle({ request, application }) {
      const app = present(application);
      checkOrigin(request);
      const headers = { ...noStore, "set-cookie": await endSession(request, app) };
      return Response.json({ deleted: true }, { headers });
    },
  }),
];

/** @throws {Problem} 401 that does not say whether there is such a name */
async function signIn(app: Application, name: string, password: string) {
  const found = app.store.users.named(name);
  // Counted before it is looked at, so that tries at the same time count, too.
  app.attempts.failed(name);
  const isRight = await isPassword(password, found?.password ?? null);
  if (!found || !isRight) {
    throw new Problem(401, "name or password is wrong", {
      code: "wrong_password",
      type: "invalid_request_error",
    });
  }
  app.attempts.succeeded(name);
  return found;
}

/** @throws {Problem} 403 for a wrong token, and where there is an account already */
async function setUp(
  app: Application,
  { name, password, token }: Record<"name" | "password" | "token", string>,
) {
  const wrong = () =>
    new Problem(403, "this is not the token that the server printed when it started", {
      code: "wrong_token",
    });
  if (!isNew(app) || !isSame(token, app.setUpToken ?? "")) throw wrong();
  const hash = await hashPassword(newPassword.read(password, "password", asClient));
  return app.store.transaction(() => {
    if (!isNew(app)) throw wrong();
    return app.store.users.create({ name, role: "admin", password: hash });
  });
}
