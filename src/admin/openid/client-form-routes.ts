import type { Hono } from "hono";
import { assertNever } from "../../errors.js";
import { readProviders, type StoredClient } from "../../operations/read-openid.js";
import { Secret } from "../../secrets/secret.js";
import { answerForbidden } from "../forbidden.js";
import type { FormFields } from "../form.js";
import type { FormError } from "../html/fields.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound } from "../routes.js";
import { clientFormPage } from "./client-form.js";
import { clientPage, redirectsNote } from "./client-page.js";
import { clientTexts } from "./client-texts.js";
import { clientEntry, clientValues, newClientValues } from "./client-values.js";
import { type Conflict, errorsOf } from "./errors.js";
import { useOf } from "./list-page.js";
import {
  answerManaged,
  digestOf,
  doneOf,
  findClient,
  findProvider,
  freshNote,
  type OpenIdContext,
  redirectsOf,
  refuseForm,
  saveEntry,
  takeDiscovery,
  tooMany,
  whoOf,
} from "./save.js";
import { openidTexts } from "./texts.js";
import { startTrial, unsavedClient, unsavedSettings } from "./try-out.js";

/** The form of a client: new ones, changes, and trying out what is not saved. */
export function addClientForms(app: Hono<AdminEnv>, context: OpenIdContext): void {
  const { settings, trials } = context;

  app.get("/openid/new-client", async (c) => {
    return (await refuseForm(c, context)) ?? (await show(c, { form: newClientValues, stored: undefined }, 200));
  });

  app.post("/openid/new-client", (c) => receive(c, undefined));

  app.get("/openid/clients/:name/edit", async (c) => {
    const stored = await findClient(context, c.req.param("name"));
    if (!stored) return await notFound(c);
    const refused = await refuseForm(c, context, stored.managed);
    return refused ?? (await show(c, { form: clientValues(stored), stored }, 200));
  });

  app.post("/openid/clients/:name/edit", async (c) => {
    const stored = await findClient(context, c.req.param("name"));
    return stored ? await receive(c, stored) : await notFound(c);
  });

  interface Shown {
    readonly form: FormFields;
    readonly stored: StoredClient | undefined;
    readonly errors?: readonly FormError[];
    readonly conflict?: Conflict;
    readonly isStale?: boolean;
  }

  async function show(c: AdminRequest, given: Shown, status: 200 | 403 | 409 | 422 | 503): Promise<Response> {
    const view = c.get("view");
    const { form, stored, isStale = false } = given;
    const use = useOf(stored?.identifier ?? identifierOf(form), settings.client);
    const data = {
      ...given,
      providers: await readProviders(context),
      redirects: redirectsNote(view, use, redirectsOf(context)),
      ...(isStale && { note: freshNote(view) }),
      offersAnyway: stored?.isEnabled === true,
    };
    return await answer(c, clientFormPage(view, data), status);
  }

  async function receive(c: AdminRequest, stored: StoredClient | undefined): Promise<Response> {
    const form = c.get("form");
    if (stored?.managed) return await answerManaged(c, stored.managed);
    if (form.text("action") === "try") return await tryForm(c, form, stored);
    const t = clientTexts[c.get("view").language];
    const errors = mistakesBefore(c, form, stored);
    const digest = await unsavedDigest(form, stored);
    const hasTried = digest !== undefined && trials.hasTried(whoOf(c), digest);
    if (stored?.isEnabled && isDifferent(form, stored) && !hasTried && !form.isChecked("anyway")) {
      errors.push({ field: "anyway", text: t.untried });
    }
    if (errors.length > 0) return await show(c, { form, stored, errors }, 422);
    const identifier = stored?.identifier ?? identifierOf(form);
    const seen = { kind: "oidc_client", key: identifier, updatedAt: stored ? form.text("version") : null } as const;
    const outcome = await saveEntry(c, context, { seen, entry: clientEntry(form, identifier, stored) });
    switch (outcome.kind) {
      case "forbidden":
        if (outcome.reason !== "sign_in_not_recent") return await answerForbidden(c, outcome);
        return await show(c, { form, stored, isStale: true }, 403);
      case "conflict":
        return await showConflict(c, form, stored);
      case "invalid": {
        const found = errorsOf(c.get("view"), outcome.diagnostics, t.fields).map((error) =>
          atShownField(error, form, stored),
        );
        return await show(c, { form, stored, errors: found }, outcome.isUnavailable ? 503 : 422);
      }
      case "changed": {
        const client = await findClient(context, identifier);
        if (!client) return await notFound(c);
        if (hasTried) trials.remember(whoOf(c), await digestOf(context, client));
        const done = doneOf(outcome, stored === undefined);
        if (done) return goTo(c, `/openid/clients/${identifier}`, { done });
        const use = useOf(identifier, settings.client);
        const redirects = redirectsOf(context);
        return await answer(c, clientPage(c.get("view"), { client, use, redirects, saved: outcome }));
      }
      default:
        return assertNever(outcome);
    }
  }

  async function showConflict(c: AdminRequest, form: FormFields, stored: StoredClient | undefined): Promise<Response> {
    const view = c.get("view");
    const now = stored && (await findClient(context, stored.identifier));
    if (!now) {
      const error = { field: "identifier", text: openidTexts[view.language].taken };
      return await show(c, { form, stored: undefined, errors: [atShownField(error, form, undefined)] }, 422);
    }
    const { secret: _, sign_key: __, identifier: ___, ...labels } = clientTexts[view.language].fields;
    return await show(c, { form, stored: now, conflict: { typed: form, stored: clientValues(now), labels } }, 409);
  }

  async function tryForm(c: AdminRequest, form: FormFields, stored: StoredClient | undefined): Promise<Response> {
    const t = clientTexts[c.get("view").language];
    const provider = await findProvider(context, form.text("oidc_provider_identifier"));
    const errors: FormError[] = [];
    if (!provider) errors.push({ field: "oidc_provider_identifier", text: t.tryUnknown });
    const secret = secretToTry(form, stored);
    if (!secret) errors.push({ field: "secret", text: t.tryNeedsSecret });
    if (!provider || !secret) return await show(c, { form, stored, errors }, 422);
    if (takeDiscovery(c, context).kind === "exhausted") return await tooMany(c);
    const client = unsavedClient(form, secret, { stored, provider });
    const path = stored ? `/openid/clients/${stored.identifier}` : "/openid";
    const digest = trials.digestOf(unsavedSettings(client));
    return await startTrial(c, context, { client, path, digest });
  }

  async function unsavedDigest(form: FormFields, stored: StoredClient | undefined): Promise<string | undefined> {
    const provider = await findProvider(context, form.text("oidc_provider_identifier"));
    const secret = secretToTry(form, stored);
    return provider && secret
      ? trials.digestOf(unsavedSettings(unsavedClient(form, secret, { stored, provider })))
      : undefined;
  }

  function mistakesBefore(c: AdminRequest, form: FormFields, stored: StoredClient | undefined): FormError[] {
    const { language } = c.get("view");
    const errors: FormError[] = [];
    // A form that was kept while someone signed in again has no field for it: an untouched one is empty.
    if (form.list("secret").length === 0 || form.list("sign_key").length === 0) {
      errors.push({ field: "secret", text: openidTexts[language].resend });
    } else if (stored && stored.secret !== "none" && isElsewhere(form, stored)) {
      errors.push({ field: "secret", text: clientTexts[language].secretMoved });
    }
    if (form.text("oidc_rp_client_id") === "") {
      const label = clientTexts[language].fields.oidc_rp_client_id;
      errors.push({ field: "oidc_rp_client_id", text: `${label}: ${clientTexts[language].needed}` });
    }
    return errors;
  }
}

/** What was typed, or none for a public client. The stored one is not used: it goes to no place but the one that it was given for. */
function secretToTry(form: FormFields, stored: StoredClient | undefined): Secret | undefined {
  const isPublic = !stored || stored.secret === "none" || form.isChecked("remove_secret");
  return form.secret("secret") ?? (isPublic ? new Secret("") : undefined);
}

/** The stored secret was given for another provider or client. */
function isElsewhere(form: FormFields, stored: StoredClient): boolean {
  const isTyped = form.secret("secret") !== undefined || form.isChecked("remove_secret");
  const isOther =
    form.text("oidc_provider_identifier") !== stored.provider || form.text("oidc_rp_client_id") !== stored.clientId;
  return isOther && !isTyped;
}

function isDifferent(form: FormFields, stored: StoredClient): boolean {
  const isReplaced = form.secret("secret") !== undefined || form.secret("sign_key") !== undefined;
  const isRemoved = form.isChecked("remove_secret") || form.isChecked("remove_sign_key");
  const entry = (fields: FormFields) => JSON.stringify(clientEntry(fields, stored.identifier, stored));
  return isReplaced || isRemoved || entry(form) !== entry(clientValues(stored));
}

function identifierOf(form: FormFields): string {
  const chosen = form.text("identifier") || "admin-oidc";
  return chosen === "other" ? form.text("other_identifier") : chosen;
}

function atShownField(error: FormError, form: FormFields, stored: StoredClient | undefined): FormError {
  const isOther = stored === undefined && form.text("identifier") === "other";
  return error.field === "identifier" && isOther ? { ...error, field: "other_identifier" } : error;
}
