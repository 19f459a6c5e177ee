// As server.mjs, with Fastify.

import fastify from "fastify";
import { createAdmin } from "vtb-setup/admin";
import { mountAdmin } from "vtb-setup/admin/fastify";
import { settings, stopWith } from "./settings.mjs";

const admin = await createAdmin(settings);

const app = fastify();
app.get("/", (_request, reply) => reply.redirect("/beheer/"));
app.register(mountAdmin(admin), { prefix: "/beheer" });

await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 8001) });
console.log(admin.publicUrl);
stopWith(admin, app.server);
