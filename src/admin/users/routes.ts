import type { Hono } from "hono";
import { groupNames } from "../../operations/list-groups.js";
import { countUsers, ownersOfUsers, readUserPage } from "../../operations/list-users.js";
import type { AdminContext } from "../context.js";
import { type AdminEnv, answer, requireRight } from "../routes.js";
import { listPage, readListQuery, unusedForMs } from "./list-page.js";

/** Users: the list, and each of them. */
export function addUsers(app: Hono<AdminEnv>, { database, now }: AdminContext): void {
  const { kysely } = database;

  app.get("/users", requireRight("view_users"), async (c) => {
    const query = c.req.query();
    const { filter, page } = readListQuery(query);
    const { users, total } = await readUserPage(kysely, filter, page, now());
    const counts = await countUsers(kysely, unusedForMs, now());
    const [groups, owners] = [await groupNames(kysely), await ownersOfUsers(kysely)];
    return await answer(c, listPage(c.get("view"), { query, users, total, counts, groups, owners }));
  });
}
