// As server.mjs, with Hono.

import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { createAdmin } from "vtb-setup/admin";
import { mountAdmin } from "vtb-setup/admin/hono";
import { settings, stopWith } from "./settings.mjs";

const admin = await createAdmin(settings);

const app = new Hono();
app.get("/", (c) => c.redirect("/beheer/"));
app.all("/beheer/*", mountAdmin(admin));

const port = Number(process.env.PORT ?? 8001);
const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, () => console.log(admin.publicUrl));
stopWith(admin, server);
