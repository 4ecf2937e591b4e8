// Accounts: an administrator's to make, one's own to change and delete; all one's data.
import { choice, required, text } from "../../../option-kinds.ts";
import { LOCAL, type StoredUser } from "../../../store/users.ts";
import { Problem } from "../../problem.ts";
import type { Route } from "../../route.ts";
import { objectOf } from "../../schema-parts.ts";
import { type AppCall, appGet, appPost, appRemove, notAllowed, notFound } from "../app-route.ts";
import { hashPassword, isPassword } from "../passwords.ts";
import { listOf, nothing, user } from "../schemas.ts";
import { shownUser } from "../shown.ts";
import { newPassword, userName } from "../user-fields.ts";

const role = choice("admin", "user");

export const userRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/users",
    summary: "Lists the accounts, for administrators.",
    admin: true,
    answer: objectOf({ users: listOf(user) }),
    handle: ({ app }) => ({ users: app.store.users.list().map(shownUser) }),
  }),
  appPost({
    path: "/app/v1/users",
    secret: true,
    summary: "Makes an account, for administrators.",
    admin: true,
    body: { name: required(userName), password: required(newPassword), role: required(role) },
    answer: objectOf({ user }),
    async handle({ app, body }) {
      const password = await hashPassword(body.password);
      checkName(app, body.name);
      return { user: shownUser(app.store.users.create({ name: body.name, role: body.role, password })) };
    },
  }),
  appPost({
    path: "/app/v1/users/{id}",
    secret: true,
    summary: "Changes one's own account, or as an administrator another's.",
    body: { name: userName, password: newPassword, oldPassword: text({ most: 1024 }), role },
    answer: objectOf({ user }),
    async handle(call) {
      const { app, user: self, body } = call;
      const found = account(call);
      if (body.password !== undefined && found.key === self.key) {
        app.attempts.check(found.name);
        app.attempts.failed(found.name);
        if (!(await isPassword(body.oldPassword ?? "", found.password))) {
          throw new Problem(403, "'oldPassword' is not the password; give the one that holds now", {
            param: "oldPassword",
            code: "wrong_password",
          });
        }
        app.attempts.succeeded(found.name);
      }
      if (body.role !== undefined && self.role !== "admin") throw notAllowed();
      if (body.role === "user") checkNotLast(app, found);
      if (body.name !== undefined && app.store.users.named(body.name)?.key !== found.key)
        checkName(app, body.name);
      const { name = found.name, role = found.role } = body;
      const password = body.password === undefined ? found.password : await hashPassword(body.password);
      const change = () => app.store.users.update(found, { name, role, password });
      return { user: shownUser(app.store.transaction(change)) };
    },
  }),
  appRemove({
    path: "/app/v1/users/{id}",
    summary: "Deletes an account with all that is in it: one's own, or as an administrator another's.",
    answer: nothing,
    async handle(call) {
      const { app } = call;
      const found = account(call);
      checkNotLast(app, found);
      const { conversations } = app.store;
      await app.answers.stopIn((key) => conversations.findByKey(found.key, key) !== undefined);
      await forgetRuns(app, found);
      app.store.transaction(() => app.store.users.delete(found));
      return { deleted: true };
    },
  }),
  appRemove({
    path: "/app/v1/data",
    summary: "Deletes all that is one's own; the account stays.",
    answer: nothing,
    async handle({ app, user }) {
      const { conversations, users } = app.store;
      await app.answers.stopIn((key) => conversations.findByKey(user.key, key) !== undefined);
      await forgetRuns(app, user);
      app.store.transaction(() => users.empty(user));
      return { deleted: true };
    },
  }),
];

/** The account that a path names, if its user may see it. @throws {Problem} 404 */
function account({ app, user: self, id }: AppCall<unknown, object>): StoredUser {
  const found = app.store.users.find(id);
  const isAccount = found !== undefined && found.id !== LOCAL;
  if (!isAccount || (self.role !== "admin" && self.key !== found.key)) throw notFound("account", id);
  return found;
}

/** Runs of tasks and of evaluations lie beside the store; what is being made of their files would come into it again. */
async function forgetRuns(
  { dispatcher, evaluations, near }: AppCall["app"],
  user: StoredUser,
): Promise<void> {
  await near.stop(user.key);
  await dispatcher?.forget(user);
  await evaluations?.forget(user.id);
}

function checkName({ store }: AppCall["app"], name: string): void {
  if (!store.users.named(name)) return;
  throw new Problem(409, `the name ${JSON.stringify(name)} is taken`, { param: "name", code: "name_taken" });
}

function checkNotLast({ store }: AppCall["app"], { key }: StoredUser): void {
  const others = store.users.list().filter((each) => each.role === "admin" && each.key !== key);
  if (others.length > 0) return;
  throw new Problem(409, "this is the last administrator; make another first", { code: "last_admin" });
}
