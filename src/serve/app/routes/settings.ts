// Settings: what the page keeps for its user.
import { plain, required } from "../../../option-kinds.ts";
import { badParameter } from "../../problem.ts";
import type { Route } from "../../route.ts";
import { objectOf } from "../../schema-parts.ts";
import { appGet, appPost } from "../app-route.ts";
import { OBJECT } from "../schemas.ts";

/** Characters of all settings together. */
const MOST = 65_536;

export const settingsRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/settings",
    summary: "The page's settings of this user.",
    answer: objectOf({ values: OBJECT }),
    handle: ({ app, user }) => ({ values: app.store.users.settings(user.key) }),
  }),
  appPost({
    path: "/app/v1/settings",
    summary: "Sets what is given; null takes a setting away.",
    body: { values: required(plain) },
    answer: objectOf({ values: OBJECT }),
    handle({ app, user, body }) {
      const merged = { ...app.store.users.settings(user.key), ...body.values };
      const values = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
      if (JSON.stringify(values).length > MOST) {
        const message = `'values' would make the settings longer than ${MOST} characters; keep less in them`;
        throw badParameter("values", "invalid_value", message);
      }
      app.store.users.setSettings(user.key, values);
      return { values };
    },
  }),
];
