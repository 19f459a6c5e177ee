import type { Hono } from "hono";
import { readClients, readProviders } from "../../operations/read-openid.js";
import { createRateLimit } from "../../rate-limit.js";
import type { AdminContext } from "../context.js";
import { type AdminEnv, answer, requireRight } from "../routes.js";
import { addClientForms } from "./client-form-routes.js";
import { addClients } from "./client-routes.js";
import { listPage } from "./list-page.js";
import { addProviders } from "./provider-routes.js";

/** OpenID Connect: superusers only, since everything here grants. */
export function addOpenId(app: Hono<AdminEnv>, context: AdminContext): void {
  const superusers = requireRight("superuser");
  app.use("/openid", superusers);
  app.use("/openid/*", superusers);
  const discoveries = createRateLimit({ attempts: 20, perMs: 60_000, restored: "evenly", maxKeys: 1000 });
  const own = { ...context, discoveries };

  app.get("/openid", async (c) => {
    const providers = await readProviders(context);
    const clients = await readClients(context);
    const data = { providers, clients, own: context.settings.client, done: c.req.query("done") };
    return await answer(c, listPage(c.get("view"), data));
  });
  addProviders(app, own);
  addClientForms(app, own);
  addClients(app, own);
}
