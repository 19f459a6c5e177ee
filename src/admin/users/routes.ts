import type { Hono } from "hono";
import { groupNames } from "../../operations/list-groups.js";
import { countUsers, ownersOfUsers, readUserPage } from "../../operations/list-users.js";
import { readUserRights } from "../../operations/read-access.js";
import { lastRunOf } from "../../operations/record.js";
import { readTokenPage } from "../../operations/token-page.js";
import { readUser, readUserSessions } from "../../operations/user-details.js";
import type { AdminContext } from "../context.js";
import { type AdminEnv, answer, notFound, requireRight } from "../routes.js";
import { addAccount } from "./account.js";
import { addConfirmedActions } from "./confirm.js";
import { addUserForms } from "./edit-routes.js";
import { nameIn } from "./forms.js";
import { listPage, readListQuery, unusedForMs } from "./list-page.js";
import { addMembershipForms } from "./memberships.js";
import { addPasswordForm } from "./password.js";
import { recentTokens, type UserData, userPage } from "./user-page.js";

/** Users: the list, each of them, and what can be done to them. */
export function addUsers(app: Hono<AdminEnv>, context: AdminContext): void {
  const { now } = context;
  const { kysely } = context.database;

  app.get("/users", requireRight("view_users"), async (c) => {
    const query = c.req.query();
    const { filter, page } = readListQuery(query);
    const { users, total } = await readUserPage(kysely, filter, page, now());
    const counts = await countUsers(kysely, unusedForMs, now());
    const [groups, owners] = [await groupNames(kysely), await ownersOfUsers(kysely)];
    return await answer(c, listPage(c.get("view"), { query, users, total, counts, groups, owners }));
  });

  app.get("/users/:name", requireRight("view_users"), async (c) => {
    const data = await readData(nameIn(c));
    return data ? await answer(c, userPage(c.get("view"), data, c.req.query("done"))) : await notFound(c);
  });

  addAccount(app, context);
  addUserForms(app, context);
  addMembershipForms(app, context);
  addPasswordForm(app, context);
  addConfirmedActions(app, context);

  async function readData(username: string): Promise<UserData | undefined> {
    const user = await readUser(kysely, username, now());
    if (!user) return undefined;
    return {
      user,
      rights: await readUserRights(kysely, username, now()),
      tokens: await readTokenPage(context.database, { user: username }, recentTokens, now()),
      sessions: await readUserSessions(kysely, username, now()),
      managed: user.owner === null ? undefined : { owner: user.owner, ...(await lastRunOf(kysely, user.owner)) },
    };
  }
}
