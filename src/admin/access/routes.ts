import type { Hono } from "hono";
import type { AccessRow } from "../../access/rows.js";
import {
  readAccessOverview,
  readAccessRows,
  readHolders,
  readTokenRights,
  readUserRights,
} from "../../operations/read-access.js";
import { accessCsvHeading, accessRowToJson, accessToCsv } from "../../report/access-rows.js";
import { csvList, jsonList } from "../../report/list-format.js";
import type { AdminContext } from "../context.js";
import { download, formatIn } from "../download.js";
import { noticePage } from "../notice.js";
import { type AdminEnv, type AdminRequest, answer, goTo, requireRight } from "../routes.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { overviewPage } from "./overview-page.js";
import { permissionPage, tokenAccessPage, userAccessPage } from "./principal-pages.js";
import { accessTexts } from "./texts.js";

/** Who may what, and through what. */
export function addAccess(app: Hono<AdminEnv>, context: AdminContext): void {
  const { database, now } = context;
  const { kysely } = database;
  const seesSome = requireRight("view_users", "view_tokens");

  app.get("/access", seesSome, async (c) =>
    answer(c, overviewPage(c.get("view"), await readAccessOverview(kysely, now()))),
  );

  app.get("/access/user", requireRight("view_users"), async (c) => {
    const rights = await readUserRights(kysely, nameIn(c), now());
    const view = c.get("view");
    return rights ? answer(c, userAccessPage(view, rights)) : unknown(c, accessTexts[view.language].user.unknown);
  });

  app.get("/access/token", requireRight("view_tokens"), async (c) => {
    const rights = await readTokenRights(kysely, nameIn(c), now());
    const view = c.get("view");
    return rights ? answer(c, tokenAccessPage(view, rights)) : unknown(c, accessTexts[view.language].token.unknown);
  });

  app.get("/access/permission", seesSome, async (c) => {
    const permission = nameIn(c);
    if (permission === "") return goTo(c, "/access");
    return await answer(c, permissionPage(c.get("view"), permission, await readHolders(kysely, permission, now())));
  });

  app.get("/access/download", seesSome, (c) => {
    const format = formatIn(c.req.query("format"));
    const as =
      format === "csv"
        ? csvList<AccessRow>(accessCsvHeading(), (row) => accessToCsv(row))
        : jsonList<AccessRow>("access", (row) => accessRowToJson(row));
    const pages = readAccessRows(kysely, now(), shownRows(c.get("view"), c.req.query("permission")));
    return download(c, context, "access", format, { pages, as });
  });
}

function nameIn(c: AdminRequest): string {
  return (c.req.query("name") ?? "").replaceAll("\0", "").trim();
}

function unknown(c: AdminRequest, text: string): Promise<Response> {
  const view = c.get("view");
  return answer(c, noticePage(view, { title: commonTexts[view.language].notFound.title, text }), 404);
}

/** Only what the person may see; of one permission, also what gives everything. */
function shownRows({ may }: View, permission: string | undefined): (row: AccessRow) => AccessRow | undefined {
  return (row) => {
    const { principal, right } = row;
    if (!may(principal.kind === "token" ? "view_tokens" : "view_users")) return undefined;
    const isWanted =
      permission === undefined ||
      permission === "" ||
      right.kind === "superuser" ||
      (right.kind === "permission" && right.permission === permission);
    if (!isWanted) return undefined;
    return may("view_tokens") ? row : { ...row, narrowedAwayBy: [] };
  };
}
