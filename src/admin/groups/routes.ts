import type { Hono } from "hono";
import { claimedMemberships } from "../../access/claims.js";
import { readClientFacts } from "../../access/read-facts.js";
import {
  changeEntries,
  type Entries,
  type EntriesOutcome,
  type InvalidEntries,
  prepareEntries,
} from "../../operations/change-entries.js";
import { type GroupDetails, readGroup, readGroupPage, readMembers } from "../../operations/list-groups.js";
import { changeMembershipsAs } from "../../operations/person-memberships.js";
import { lastRunOf } from "../../operations/record.js";
import { type AdminContext, recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import type { FormError } from "../html/fields.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound, personOf, requireRight } from "../routes.js";
import { entriesOptions, formErrors, nameIn, offeredTo, splitTyped } from "../users/forms.js";
import { membershipsRequest } from "../users/memberships.js";
import { groupPath } from "../users/paths.js";
import { groupFormPage, newGroup } from "./form-page.js";
import { deletePage, groupPage, listPage, membersPage, pageNumber, pageSize, readGroupQuery } from "./pages.js";
import { groupTexts } from "./texts.js";

/** Groups: the list, each of them with its members, and what can be done to them. */
export function addGroups(app: Hono<AdminEnv>, context: AdminContext): void {
  const { kysely } = context.database;
  const { now } = context;

  app.get("/groups", requireRight("view_users"), async (c) => {
    const query = c.req.query();
    const { groups, total } = await readGroupPage(kysely, readGroupQuery(query), now());
    return await answer(c, listPage(c.get("view"), { query, groups, total }));
  });

  app.get("/groups/:name", requireRight("view_users"), async (c) => {
    const group = await readGroup(kysely, nameIn(c));
    if (!group) return await notFound(c);
    const { owner } = group;
    const number = pageNumber(c.req.query("page"));
    const data = {
      group,
      number,
      ...(await readMembers(kysely, group.id, { offset: (number - 1) * pageSize, limit: pageSize })),
      claimed: claimedMemberships(await readClientFacts(kysely), group.name),
      managed: owner === null ? undefined : { owner, ...(await lastRunOf(kysely, owner)) },
    };
    return await answer(c, groupPage(c.get("view"), data, c.req.query("done")));
  });

  app.get("/new-group", requireRight("change_users"), async (c) => {
    const view = c.get("view");
    const offered = await offeredTo(view, kysely);
    return await answer(c, groupFormPage(view, { ...newGroup, offered }));
  });

  app.post("/new-group", requireRight("change_users"), async (c) => {
    const view = c.get("view");
    const form = c.get("form");
    const name = form.text("name");
    const offered = await offeredTo(view, kysely);
    const typed = { chosen: form.list("permissions"), typed: form.written("other_permissions") };
    const again = (errors: readonly FormError[]) =>
      answer(c, groupFormPage(view, { ...newGroup, name, offered, ...typed, errors }), 422);
    const taken = [{ field: "name", text: groupTexts[view.language].form.taken }];
    if (await readGroup(kysely, name)) return await again(taken);
    const permissions = [...new Set([...typed.chosen, ...splitTyped(typed.typed)])];
    const outcome = await save(c, { name, permissions }, null);
    if (outcome.kind === "conflict") return await again(taken);
    if (outcome.kind === "forbidden") return await answerForbidden(c, outcome);
    if (outcome.kind === "invalid") return await again(formErrors(view, outcome.diagnostics));
    return goTo(c, groupPath(name), { done: "created" });
  });

  app.get("/groups/:name/edit", requireRight("change_users"), async (c) => {
    const group = await readGroup(kysely, nameIn(c));
    if (!group) return await notFound(c);
    if (group.owner !== null) return goTo(c, groupPath(group.name));
    return await answer(c, groupFormPage(c.get("view"), await formOf(c, group)));
  });

  app.post("/groups/:name/edit", requireRight("change_users"), async (c) => {
    const view = c.get("view");
    const form = c.get("form");
    const group = await readGroup(kysely, nameIn(c));
    if (!group) return await notFound(c);
    const shown = await formOf(c, group);
    const typed = { chosen: form.list("permissions"), typed: form.written("other_permissions") };
    const kept = shown.held.filter((permission) => !shown.offered.names.includes(permission));
    const permissions = [...new Set([...kept, ...typed.chosen, ...splitTyped(typed.typed)])];
    const version = form.text("version");
    const outcome = await save(c, { name: group.name, permissions }, version);
    switch (outcome.kind) {
      case "forbidden":
        return await answerForbidden(c, outcome);
      case "invalid": {
        const errors = formErrors(view, outcome.diagnostics);
        return await answer(c, groupFormPage(view, { ...shown, ...typed, version, errors }), 422);
      }
      case "conflict": {
        const current = await readGroup(kysely, group.name);
        if (!current) return await notFound(c);
        const stored = await formOf(c, current);
        return await answer(c, groupFormPage(view, { ...stored, ...typed, stored: stored.held }), 409);
      }
      case "changed":
        return goTo(c, groupPath(group.name), { done: "saved" });
    }
  });

  app.get("/groups/:name/delete", requireRight("change_users"), (c) => askToDelete(c, []));

  app.post("/groups/:name/delete", requireRight("change_users"), async (c) => {
    const outcome = await save(c, { name: nameIn(c), state: "absent" }, undefined);
    if (outcome.kind === "forbidden") return await answerForbidden(c, outcome);
    if (outcome.kind === "invalid") return await askToDelete(c, formErrors(c.get("view"), outcome.diagnostics));
    if (outcome.kind === "conflict" || outcome.changes.length === 0) return await notFound(c);
    return goTo(c, "/groups", { done: "deleted" });
  });

  app.get("/groups/:name/members", requireRight("change_users"), (c) => showMembers(c, 200, []));

  app.post("/groups/:name/members", requireRight("change_users"), async (c) => {
    const group = nameIn(c);
    const username = c.get("form").text("username");
    const request = membershipsRequest(c, { username, group });
    const outcome = await context.change((tx) => changeMembershipsAs(tx, personOf(c), request, recordOptions(context)));
    if (outcome.kind === "forbidden") return await answerForbidden(c, outcome);
    if (outcome.kind === "refused") return await showMembers(c, 422, formErrors(c.get("view"), outcome.errors));
    return goTo(c, groupPath(group, "members"), { done: "yes" });
  });

  async function formOf(c: AdminRequest, group: GroupDetails) {
    const offered = await offeredTo(c.get("view"), kysely);
    const held = [...new Set(group.permissions.map(({ permission }) => permission))];
    const { total: members } = await readMembers(kysely, group.id, { offset: 0, limit: 1 });
    return { ...newGroup, name: group.name, version: group.updatedAt, members, held, chosen: held, offered };
  }

  async function askToDelete(c: AdminRequest, errors: readonly FormError[]): Promise<Response> {
    const group = await readGroup(kysely, nameIn(c));
    if (!group) return await notFound(c);
    if (group.owner !== null) return goTo(c, groupPath(group.name));
    const { total } = await readMembers(kysely, group.id, { offset: 0, limit: 1 });
    return await answer(c, deletePage(c.get("view"), { group, total, errors }), errors.length > 0 ? 422 : 200);
  }

  async function showMembers(c: AdminRequest, status: 200 | 422, errors: readonly FormError[]): Promise<Response> {
    const group = await readGroup(kysely, nameIn(c));
    if (!group) return await notFound(c);
    const number = pageNumber(c.req.query("page"));
    const found = await readMembers(kysely, group.id, { offset: (number - 1) * pageSize, limit: pageSize });
    const form = c.get("form");
    const typed = { username: form.text("username"), until: form.text("until") };
    const isDone = c.req.query("done") === "yes" && errors.length === 0;
    return await answer(c, membersPage(c.get("view"), { group, number, ...found, typed, errors, isDone }), status);
  }

  /** @param version of what the form showed; null for a group that is to be made, undefined for any */
  async function save(
    c: AdminRequest,
    entry: Readonly<Record<string, unknown>> & { readonly name: string },
    version: string | null | undefined,
  ): Promise<EntriesOutcome | InvalidEntries> {
    const entries: Entries = { groups_config: { items: [entry] } };
    const prepared = await prepareEntries(entries, entriesOptions(context));
    if (prepared.kind === "invalid") return prepared;
    const expected = version === undefined ? [] : [{ kind: "group", key: entry.name, updatedAt: version }];
    return await context.change((tx, database, onRollback) =>
      changeEntries(tx, prepared, personOf(c), {
        ...recordOptions(context),
        database,
        env: context.env,
        onRollback,
        expected,
      }),
    );
  }
}
