import type { Hono } from "hono";
import type { LockedResult } from "../../database/lock.js";
import { changeEntries, type EntriesOutcome } from "../../operations/change-entries.js";
import { changePermissionsAs, type SetRefusal } from "../../operations/person-memberships.js";
import { prepareUser } from "../../operations/person-users.js";
import { providerNames, readUser, readUserVersion, readVersionedUser } from "../../operations/user-details.js";
import { type AdminContext, recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import type { FormError } from "../html/fields.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound, personOf, requireRight } from "../routes.js";
import { userFormTexts } from "./form-texts.js";
import { entriesOptions, formErrors, nameIn, offeredTo } from "./forms.js";
import { userPath } from "./paths.js";
import {
  newUser,
  permissionsByHand,
  readUserForm,
  toUserForm,
  type UserFormPage,
  type UserValues,
  userFormPage,
  valuesOf,
  wantedPermissions,
} from "./user-form.js";

/** Making a user, and changing one that no file manages. */
export function addUserForms(app: Hono<AdminEnv>, context: AdminContext): void {
  const { kysely } = context.database;

  app.get("/new-user", requireRight("change_users"), async (c) =>
    answer(c, userFormPage(c.get("view"), { ...(await around(c)), version: undefined, values: newUser })),
  );

  app.post("/new-user", requireRight("change_users"), async (c) => {
    const view = c.get("view");
    const values = readUserForm(c.get("form"), newUser, view);
    const page = await around(c);
    const again = (errors: readonly FormError[]) =>
      answer(c, userFormPage(view, { ...page, version: undefined, values, errors }), 422);
    const password = values.way === "password" ? c.get("form").secret("password") : undefined;
    const t = userFormTexts[view.language];
    // A form that is sent again after a sign-in comes without its secrets.
    if (values.way === "password" && !password) return await again([{ field: "password", text: t.passwordMissing }]);
    if (values.way === "provider" && values.provider === "") {
      return await again([{ field: "sign_in", text: t.providerMissing }]);
    }
    const taken = [{ field: "username", text: t.taken }];
    // Without it, a name of someone above the person would be refused for that, and what was typed would be lost.
    if ((await readUserVersion(kysely, values.username)) !== undefined) return await again(taken);
    const outcome = await save(c, values, { password, page, version: null });
    if (outcome.kind === "conflict") return await again(taken);
    return await finish(c, outcome, { again, path: userPath(values.username), done: "created" });
  });

  app.get("/users/:name/edit", requireRight("change_users"), async (c) => {
    const username = nameIn(c);
    const found = await readVersionedUser(kysely, username, context.now());
    if (!found) return await notFound(c);
    const { user, version } = found;
    if (user.owner !== null) return goTo(c, userPath(username));
    const page = { ...(await around(c)), version, values: valuesOf(user), held: permissionsByHand(user) };
    return await answer(c, userFormPage(c.get("view"), page));
  });

  app.post("/users/:name/edit", requireRight("change_users"), async (c) => {
    const view = c.get("view");
    const form = c.get("form");
    const username = nameIn(c);
    const current = await readVersionedUser(kysely, username, context.now());
    if (!current) return await notFound(c);
    const stored = valuesOf(current.user);
    const values = readUserForm(form, stored, view);
    const version = form.text("version");
    const page = { ...(await around(c)), held: stored.permissions };
    const again = (errors: readonly FormError[]) =>
      answer(c, userFormPage(view, { ...page, version, values, errors }), 422);
    const outcome = await save(c, values, { page, version });
    if (outcome.kind === "conflict") {
      const now = await readVersionedUser(kysely, username, context.now());
      if (!now) return await notFound(c);
      const shown = { ...page, version: now.version, values, stored: valuesOf(now.user) };
      return await answer(c, userFormPage(view, shown), 409);
    }
    return await finish(c, outcome, { again, path: userPath(username), done: "saved" });
  });

  async function around(c: AdminRequest): Promise<Pick<UserFormPage, "offered" | "held" | "providers">> {
    const offered = await offeredTo(c.get("view"), kysely);
    return { offered, held: [], providers: await providerNames(kysely) };
  }

  /** @param version of what the form showed; null for a user who is to be made */
  async function save(
    c: AdminRequest,
    values: UserValues,
    { page, version, password }: Saved,
  ): Promise<EntriesOutcome | SetRefusal> {
    const form = { ...toUserForm(values, version === null), password };
    const prepared = await prepareUser(form, entriesOptions(context));
    if (prepared.kind === "invalid") return prepared;
    const { username } = values;
    const person = personOf(c);
    const recorded = recordOptions(context);
    const expected = [{ kind: "user", key: username, updatedAt: version }];
    return await context.change(
      async (tx, database, onRollback): Promise<LockedResult<EntriesOutcome | SetRefusal>> => {
        const options = { ...recorded, database, env: context.env, onRollback, expected };
        const written = await changeEntries(tx, prepared, person, options);
        if (written.value.kind !== "changed") return written;
        const user = await readUser(tx, username, context.now());
        const held = user ? permissionsByHand(user) : [];
        const wanted = wantedPermissions(values, held, page.offered);
        const add = [...wanted].filter((permission) => !held.includes(permission));
        const remove = held.filter((permission) => !wanted.has(permission));
        if (add.length + remove.length === 0) return written;
        const { commit, value } = await changePermissionsAs(tx, person, { username, add, remove }, recorded);
        return value.kind === "changed"
          ? { commit: commit || written.commit, value: written.value }
          : { commit: false, value };
      },
    );
  }

  async function finish(
    c: AdminRequest,
    outcome: Exclude<EntriesOutcome | SetRefusal, { readonly kind: "conflict" }>,
    { again, path, done }: Finish,
  ): Promise<Response> {
    const view = c.get("view");
    switch (outcome.kind) {
      case "forbidden":
        return await answerForbidden(c, outcome);
      case "invalid":
        return await again(formErrors(view, outcome.diagnostics));
      case "refused":
        return await again(formErrors(view, outcome.errors));
      case "changed":
        return goTo(c, path, { done });
    }
  }
}

interface Saved {
  readonly page: Pick<UserFormPage, "offered">;
  readonly version: string | null;
  readonly password?: UserFormSecret;
}

type UserFormSecret = ReturnType<AdminEnv["Variables"]["form"]["secret"]>;

interface Finish {
  readonly again: (errors: readonly FormError[]) => Promise<Response>;
  readonly path: string;
  readonly done: string;
}
