import type { Hono } from "hono";
import type { Connection } from "../../database/database.js";
import type { LockedResult } from "../../database/lock.js";
import { changeEntries, type Entries, type EntriesOutcome, prepareEntries } from "../../operations/change-entries.js";
import { providerNames } from "../../operations/user-details.js";
import { isExamplePassword } from "../../secrets/placeholder.js";
import type { Secret } from "../../secrets/secret.js";
import { maxUsername } from "../../users/names.js";
import { type AdminContext, recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import { emptyForm, type FormFields } from "../form.js";
import { choices, errorSummary, type FormError, field, select } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { csrf, page } from "../html/layout.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound, personOf } from "../routes.js";
import { entriesOptions } from "../users/forms.js";
import type { View } from "../view.js";
import { bootstrapTexts } from "./bootstrap-texts.js";

const minPassword = 12;
// Sign-in accepts no longer one.
const maxPassword = 1024;

/** The form that makes the first administrator, for the session of a one-time code. */
export function addFirstAdministrator(app: Hono<AdminEnv>, context: AdminContext): void {
  const { database, env, change } = context;

  app.get("/first-administrator", async (c) => {
    if (!c.get("session").isBootstrap) return await notFound(c);
    return await showForm(c, emptyForm, []);
  });

  app.post("/first-administrator", async (c) => {
    if (!c.get("session").isBootstrap) return await notFound(c);
    const form = c.get("form");
    const asked = readForm(c.get("view"), form);
    if ("errors" in asked) return await showForm(c, form, asked.errors);
    const t = bootstrapTexts[c.get("view").language].form;
    const ready = await prepareEntries(entriesOf(asked), entriesOptions(context));
    const outcome = ready.kind === "invalid" ? ready : await save(c, asked.username, ready);
    if (outcome.kind === "changed") return goTo(c, "/");
    if (outcome.kind === "invalid") {
      const errors = outcome.diagnostics.filter(({ severity }) => severity === "error" || severity === "refusal");
      return await showForm(
        c,
        form,
        errors.map(({ message, hint, path }) => ({ field: fieldAt(path), text: `${message}: ${hint}` })),
      );
    }
    if (outcome.kind === "conflict") return await showForm(c, form, [{ field: "username", text: t.takenUsername }]);
    const isClosed = outcome.reason === "bootstrap_only" && asked.signIn.kind === "provider";
    if (isClosed) return await showForm(c, form, [{ field: "provider", text: t.closedProvider }]);
    return await answerForbidden(c, outcome);
  });

  function save(c: AdminRequest, username: string, ready: Ready): Promise<EntriesOutcome> {
    return change(async (tx, open, onRollback): Promise<LockedResult<EntriesOutcome>> => {
      // Under the lock: another program may make this user meanwhile, and the entry would change it.
      if (await isTaken(tx, username)) {
        const entry = { kind: "user", key: username };
        return { commit: false, value: { kind: "conflict", entry, state: "taken" } };
      }
      return await changeEntries(tx, ready, personOf(c), {
        ...recordOptions(context),
        database: open,
        env,
        onRollback,
      });
    });
  }

  async function showForm(c: AdminRequest, form: FormFields, errors: readonly FormError[]): Promise<Response> {
    const providers = await providerNames(database.kysely);
    return await answer(c, formPage(c.get("view"), form, { errors, providers }), errors.length > 0 ? 422 : 200);
  }
}

type Ready = Parameters<typeof changeEntries>[1];

/** As sign-in looks it up. */
async function isTaken(db: Connection, username: string): Promise<boolean> {
  const same = db.selectFrom("users").select("id").where("username", "=", username.normalize("NFKC"));
  return (await same.executeTakeFirst()) !== undefined;
}

/** Signs in with a password, or as the person that a provider names. */
interface FirstAdministrator {
  readonly username: string;
  readonly email: string;
  readonly signIn:
    | { readonly kind: "password"; readonly password: Secret }
    | { readonly kind: "provider"; readonly provider: string; readonly subject: string };
}

function entriesOf({ username, email, signIn }: FirstAdministrator): Entries {
  const wayIn =
    signIn.kind === "password"
      ? { password: signIn.password }
      : { sign_in: { provider: signIn.provider, ...(signIn.subject !== "" && { subject: signIn.subject }) } };
  const user = { username, email, is_staff: true, is_superuser: true, ...wayIn };
  return { default_user_configuration_config: { users: [user] } };
}

function readForm(view: View, form: FormFields): FirstAdministrator | { readonly errors: readonly FormError[] } {
  const t = bootstrapTexts[view.language].form;
  const username = form.text("username");
  const common = { username, email: form.text("email") };
  const nameErrors = username === "" ? [{ field: "username", text: t.noUsername }] : [];
  if (form.text("way") === "provider") {
    const provider = form.text("provider");
    const errors = [...nameErrors, ...(provider === "" ? [{ field: "provider", text: t.noProvider }] : [])];
    if (errors.length > 0) return { errors };
    return { ...common, signIn: { kind: "provider", provider, subject: form.text("subject") } };
  }
  const password = form.secret("password");
  const typed = password?.reveal() ?? "";
  const passwordErrors = [
    ...(typed.length < minPassword || isExamplePassword(typed) ? [{ field: "password", text: t.weakPassword }] : []),
    ...(typed.length > maxPassword ? [{ field: "password", text: t.longPassword }] : []),
    ...(typed === form.written("password_again") ? [] : [{ field: "password_again", text: t.otherPassword }]),
  ];
  const errors = [...nameErrors, ...passwordErrors];
  if (errors.length > 0 || password === undefined) return { errors };
  return { ...common, signIn: { kind: "password", password } };
}

/** The field of the form that an entry's part comes from. */
function fieldAt(path: readonly (string | number)[]): string | undefined {
  const [name, part] = path.slice(3);
  return name === "sign_in" ? String(part ?? "provider") : name === undefined ? undefined : String(name);
}

interface FormState {
  readonly errors: readonly FormError[];
  readonly providers: readonly string[];
}

function formPage(view: View, form: FormFields, { errors, providers }: FormState): Html {
  const t = bootstrapTexts[view.language].form;
  const way = form.text("way") === "provider" ? "provider" : "password";
  const options = (["password", "provider"] as const).map((value) => ({ value, label: t.ways[value] }));
  const ofProvider = html`${choices({ name: "way", label: t.way, type: "radio", options, chosen: [way] })}
${select(view, { name: "provider", label: t.provider, value: form.text("provider"), isOptional: true, errors, options: [{ value: "", label: "" }, ...providers.map((name) => ({ value: name, label: name }))] })}
${field(view, { name: "subject", label: t.subject, hint: t.subjectHint, value: form.text("subject"), isOptional: true, errors })}`;
  const body = html`<h1>${t.title}</h1>
${errorSummary(view, errors)}
<form method="post" action="${view.url("/first-administrator")}">${csrf(view)}
${field(view, { name: "username", label: t.username, value: form.text("username"), autocomplete: "username", maxLength: maxUsername, errors })}
${field(view, { name: "email", label: t.email, type: "email", value: form.text("email"), autocomplete: "email", isOptional: true, errors })}
${providers.length > 0 ? ofProvider : nothing}
${field(view, { name: "password", label: t.password, hint: t.passwordHint, type: "password", autocomplete: "new-password", errors })}
${field(view, { name: "password_again", label: t.again, type: "password", autocomplete: "new-password", errors })}
<button>${t.save}</button>
</form>`;
  return page(view, { title: t.title, body, isRefused: errors.length > 0 });
}
