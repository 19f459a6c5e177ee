// The admin interface beside an application's own pages, with Express. README.md says how to try it.

import express from "express";
import { createAdmin } from "vtb-setup/admin";
import { mountAdmin } from "vtb-setup/admin/express";
import { settings, stopWith } from "./settings.mjs";

const admin = await createAdmin(settings);

const app = express();
app.get("/", (_request, response) => void response.redirect("/beheer/"));
app.use("/beheer", mountAdmin(admin));

const server = app.listen(Number(process.env.PORT ?? 8001), "127.0.0.1", () => console.log(admin.publicUrl));
stopWith(admin, server);
