// Folders: list, make, rename, delete.
import { required, text } from "../../../option-kinds.ts";
import type { Route } from "../../route.ts";
import { objectOf } from "../../schema-parts.ts";
import { appGet, appPost, appRemove, notFound } from "../app-route.ts";
import { folder, listOf, nothing } from "../schemas.ts";

const body = { name: required(text({ most: 200 })) };

export const folderRoutes: readonly Route[] = [
  appGet({
    path: "/app/v1/folders",
    summary: "Lists folders, and how many conversations are in each.",
    answer: objectOf({ folders: listOf(folder) }),
    handle: ({ app, user }) => ({ folders: app.store.folders.list(user.key) }),
  }),
  appPost({
    path: "/app/v1/folders",
    summary: "Makes a folder.",
    body,
    answer: objectOf({ folder }),
    handle: ({ app, user, body: { name } }) => ({
      folder: app.store.transaction(() => app.store.folders.create(user.key, name)),
    }),
  }),
  appPost({
    path: "/app/v1/folders/{id}",
    summary: "Renames a folder.",
    body,
    answer: objectOf({ folder }),
    handle({ app, user, id, body: { name } }) {
      const { folders } = app.store;
      if (!folders.rename(user.key, id, name)) throw notFound("folder", id);
      return { folder: folders.find(user.key, id)! };
    },
  }),
  appRemove({
    path: "/app/v1/folders/{id}",
    summary: "Deletes a folder; its conversations stay.",
    answer: nothing,
    handle({ app, user, id }) {
      if (!app.store.folders.delete(user.key, id)) throw notFound("folder", id);
      return { deleted: true };
    },
  }),
];
