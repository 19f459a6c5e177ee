import type { Hono } from "hono";
import { assertNever } from "../../errors.js";
import type { StoredClient } from "../../operations/read-openid.js";
import { switchClient } from "../../operations/switch-client.js";
import { recordOptions } from "../context.js";
import { answerForbidden } from "../forbidden.js";
import { type AdminEnv, type AdminRequest, answer, goTo, notFound, personOf } from "../routes.js";
import { clientPage } from "./client-page.js";
import { deleteClientPage, disablePage, enablePage } from "./confirm-pages.js";
import { useOf } from "./list-page.js";
import {
  digestOf,
  findClient,
  type OpenIdContext,
  redirectsOf,
  refuseForm,
  removeEntry,
  takeDiscovery,
  tooMany,
  whoOf,
} from "./save.js";
import { openidTexts } from "./texts.js";
import { startTrial } from "./try-out.js";

/** A client's page, and what is done there: trying it out, enabling, disabling and deleting it. */
export function addClients(app: Hono<AdminEnv>, context: OpenIdContext): void {
  const { settings, trials } = context;

  app.get("/openid/clients/:name", async (c) => {
    const client = await findClient(context, c.req.param("name"));
    if (!client) return await notFound(c);
    const use = useOf(client.identifier, settings.client);
    const redirects = redirectsOf(context);
    return await answer(c, clientPage(c.get("view"), { client, use, redirects, done: c.req.query("done") }));
  });

  app.post("/openid/clients/:name/try", async (c) => {
    const client = await findClient(context, c.req.param("name"));
    if (!client) return await notFound(c);
    if (takeDiscovery(c, context).kind === "exhausted") return await tooMany(c);
    const path = `/openid/clients/${client.identifier}`;
    const prompt = c.get("form").text("prompt") === "login" ? "login" : undefined;
    const digest = await digestOf(context, client);
    return await startTrial(c, context, { client: client.identifier, path, digest, prompt });
  });

  app.get("/openid/clients/:name/enable", async (c) => {
    const client = await findClient(context, c.req.param("name"));
    if (!client) return await notFound(c);
    const refused = await refuseForm(c, context, client.managed);
    return refused ?? (await answer(c, enablePage(c.get("view"), { client, isTried: await isTried(c, client) })));
  });

  app.post("/openid/clients/:name/enable", async (c) => {
    const client = await findClient(context, c.req.param("name"));
    if (!client) return await notFound(c);
    const view = c.get("view");
    const t = openidTexts[view.language];
    const tried = await isTried(c, client);
    if (!tried && !c.get("form").isChecked("anyway")) {
      const errors = [{ field: "anyway", text: t.confirm.anywayNeeded }];
      return await answer(c, enablePage(view, { client, isTried: false, errors }), 422);
    }
    const { identifier } = client;
    const change = { identifier, enabled: true, updatedAt: c.get("form").text("version") };
    const outcome = await context.change((tx) => switchClient(tx, change, personOf(c), recordOptions(context)));
    switch (outcome.kind) {
      case "forbidden":
        return await answerForbidden(c, outcome);
      case "switched":
        return goTo(c, `/openid/clients/${identifier}`, { done: "enabled" });
      case "conflict": {
        const errors = [{ text: t.conflict.title }];
        return await answer(c, enablePage(view, { client, isTried: tried, errors }), 409);
      }
      default:
        return assertNever(outcome);
    }
  });

  app.get("/openid/clients/:name/disable", async (c) => {
    const client = await findClient(context, c.req.param("name"));
    if (!client) return await notFound(c);
    return (await refuseForm(c, context)) ?? (await answer(c, disablePage(c.get("view"), client)));
  });

  app.post("/openid/clients/:name/disable", async (c) => {
    const name = c.req.param("name");
    const change = { identifier: name, enabled: false };
    const outcome = await context.change((tx) => switchClient(tx, change, personOf(c), recordOptions(context)));
    if (outcome.kind === "forbidden") return await answerForbidden(c, outcome);
    if (outcome.kind !== "switched") return await notFound(c);
    return goTo(c, `/openid/clients/${name}`, { done: "disabled" });
  });

  app.get("/openid/clients/:name/delete", async (c) => {
    const client = await findClient(context, c.req.param("name"));
    if (!client) return await notFound(c);
    const refused = await refuseForm(c, context, client.managed);
    return refused ?? (await answer(c, deleteClientPage(c.get("view"), client)));
  });

  app.post("/openid/clients/:name/delete", async (c) => {
    const client = await findClient(context, c.req.param("name"));
    if (!client) return await notFound(c);
    const name = { kind: "oidc_client", key: client.identifier } as const;
    return await removeEntry(c, context, name, (errors) => deleteClientPage(c.get("view"), client, errors));
  });

  async function isTried(c: AdminRequest, client: StoredClient): Promise<boolean> {
    return trials.hasTried(whoOf(c), await digestOf(context, client));
  }
}
