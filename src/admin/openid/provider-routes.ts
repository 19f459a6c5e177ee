import type { Hono } from "hono";
import { assertNever } from "../../errors.js";
import { createGuardedFetch } from "../../oidc/guarded-fetch.js";
import { fetchPublishedKeys } from "../../oidc/published-keys.js";
import { readClients, type StoredProvider } from "../../operations/read-openid.js";
import { answerForbidden } from "../forbidden.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound } from "../routes.js";
import { deleteProviderPage } from "./confirm-pages.js";
import { errorsOf } from "./errors.js";
import { fetchPreview, type Preview, timeoutMs } from "./preview.js";
import { providerFormPage } from "./provider-form.js";
import { providerPage } from "./provider-page.js";
import { providerTexts } from "./provider-texts.js";
import { changesDestination, newProviderValues, providerEntry, providerValues } from "./provider-values.js";
import {
  doneOf,
  findProvider,
  freshNote,
  type OpenIdContext,
  refuseForm,
  removeEntry,
  saveEntry,
  takeDiscovery,
} from "./save.js";
import { openidTexts } from "./texts.js";

export function addProviders(app: Hono<AdminEnv>, context: OpenIdContext): void {
  app.get("/openid/new-provider", async (c) => {
    const shown = { form: newProviderValues, stored: undefined };
    return (await refuseForm(c, context)) ?? (await answer(c, providerFormPage(c.get("view"), shown)));
  });

  app.post("/openid/new-provider", (c) => receive(c, undefined));

  app.get("/openid/providers/:name", async (c) => {
    const provider = await findProvider(context, c.req.param("name"));
    if (!provider) return await notFound(c);
    return await answer(c, providerPage(c.get("view"), { provider, done: c.req.query("done") }));
  });

  app.get("/openid/providers/:name/edit", async (c) => {
    const stored = await findProvider(context, c.req.param("name"));
    if (!stored) return await notFound(c);
    const refused = await refuseForm(c, context, stored.managed);
    return refused ?? (await answer(c, providerFormPage(c.get("view"), { form: providerValues(stored), stored })));
  });

  app.post("/openid/providers/:name/edit", async (c) => {
    const stored = await findProvider(context, c.req.param("name"));
    return stored ? await receive(c, stored) : await notFound(c);
  });

  app.post("/openid/providers/:name/check", async (c) => {
    const provider = await findProvider(context, c.req.param("name"));
    if (!provider) return await notFound(c);
    const view = c.get("view");
    const taken = takeDiscovery(c, context);
    const checkedAt = new Date(context.now()).toISOString();
    if (taken.kind === "exhausted") {
      const preview = { kind: "limited", seconds: taken.retryAfterSeconds } as const;
      return await answer(c, providerPage(view, { provider, check: { preview, keys: undefined, checkedAt } }), 429);
    }
    const preview = await fetchPreview(providerValues(provider));
    const url = provider.endpoints.jwks_endpoint ?? (preview.kind === "found" ? preview.found.jwksEndpoint : undefined);
    const fetch = createGuardedFetch({ caFile: provider.caFile ?? undefined, timeoutMs });
    const keys = url ? await fetchPublishedKeys(fetch, url) : undefined;
    return await answer(c, providerPage(view, { provider, check: { preview, keys, checkedAt } }));
  });

  app.get("/openid/providers/:name/delete", async (c) => {
    const provider = await findProvider(context, c.req.param("name"));
    if (!provider) return await notFound(c);
    return (await refuseForm(c, context)) ?? (await answer(c, deleteProviderPage(c.get("view"), provider)));
  });

  app.post("/openid/providers/:name/delete", async (c) => {
    const provider = await findProvider(context, c.req.param("name"));
    if (!provider) return await notFound(c);
    const name = { kind: "oidc_provider", key: provider.identifier } as const;
    return await removeEntry(c, context, name, (errors) => deleteProviderPage(c.get("view"), provider, errors));
  });

  async function receive(c: AdminRequest, stored: StoredProvider | undefined): Promise<Response> {
    const form = c.get("form");
    const view = c.get("view");
    const t = providerTexts[view.language];
    const texts = openidTexts[view.language];
    const isDiscovering = form.text("action") === "discover";
    const usesNetwork = isDiscovering || form.text("oidc_op_discovery_endpoint") !== "";
    const taken = usesNetwork ? takeDiscovery(c, context) : undefined;
    if (taken?.kind === "exhausted") {
      const preview: Preview = { kind: "limited", seconds: taken.retryAfterSeconds };
      return await answer(c, providerFormPage(view, { form, stored, preview }), 429);
    }
    if (isDiscovering) {
      return await answer(c, providerFormPage(view, { form, stored, preview: await fetchPreview(form) }));
    }
    const clears = stored && changesDestination(form, stored) ? await clientsWithSecret(stored) : [];
    if (clears.length > 0 && !form.isChecked("clears")) {
      const errors = [{ field: "clears", text: t.clearsNeeded(clears.join(", ")) }];
      return await answer(c, providerFormPage(view, { form, stored, errors, clears }), 422);
    }
    const identifier = stored?.identifier ?? form.text("identifier");
    const updatedAt = stored ? form.text("version") : null;
    const seen = { kind: "oidc_provider", key: identifier, updatedAt } as const;
    const outcome = await saveEntry(c, context, { seen, entry: providerEntry(form, identifier, stored) });
    switch (outcome.kind) {
      case "forbidden": {
        if (outcome.reason !== "sign_in_not_recent") return await answerForbidden(c, outcome);
        return await answer(c, providerFormPage(view, { form, stored, note: freshNote(view), clears }), 403);
      }
      case "conflict": {
        const now = stored && (await findProvider(context, identifier));
        if (!now) {
          const errors = [{ field: "identifier", text: texts.taken }];
          return await answer(c, providerFormPage(view, { form, stored, errors }), 422);
        }
        const conflict = { typed: form, stored: providerValues(now), labels: t.fields };
        return await answer(c, providerFormPage(view, { form, stored: now, conflict, clears }), 409);
      }
      case "invalid": {
        const errors = errorsOf(view, outcome.diagnostics, { identifier: t.identifier, ...t.fields });
        return await answer(
          c,
          providerFormPage(view, { form, stored, errors, clears }),
          outcome.isUnavailable ? 503 : 422,
        );
      }
      case "changed": {
        const done = doneOf(outcome, stored === undefined);
        if (done) return goTo(c, `/openid/providers/${identifier}`, { done });
        const provider = await findProvider(context, identifier);
        if (!provider) return await notFound(c);
        return await answer(c, providerPage(view, { provider, saved: outcome }));
      }
      default:
        return assertNever(outcome);
    }
  }

  async function clientsWithSecret({ identifier }: StoredProvider): Promise<readonly string[]> {
    const clients = await readClients(context);
    const affected = clients.filter(({ provider, secret }) => provider === identifier && secret !== "none");
    return affected.map((client) => client.identifier);
  }
}
