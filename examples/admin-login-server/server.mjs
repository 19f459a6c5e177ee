// Admin pages where people sign in at an OpenID provider and manage their own API tokens. README.md says how to try it.

import { serve } from "@hono/node-server";
import { createLogin, createTokenOperations } from "vtb-setup/login";
import { createApp } from "./app.mjs";

const database = process.env.VTB_SETUP_DATABASE ?? "sqlite:./vtb-auth.db";
// Where browsers see this server. Never taken from a request, which could say anything.
const adminUrl = process.env.ADMIN_URL ?? "http://127.0.0.1:8001";

const login = await createLogin({
  database,
  client: "admin-oidc",
  redirectUri: `${adminUrl}/oidc/callback`,
  postLogoutRedirectUri: `${adminUrl}/uitgelogd`,
  // The browser shows what to do; the reason is logged here.
  onEvent: log,
});
const tokens = await createTokenOperations({ database });

const app = createApp({ login, tokens, onError: (error) => console.error(error), onRefusal: log });
const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT ?? 8001) }, () => {
  console.log(adminUrl);
});

// Node answers 431 by itself where all headers together, cookies and all, are over 16 kB; it would not be logged.
server.on("clientError", (error, socket) => {
  const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
  if (isTooLarge)
    console.error(JSON.stringify({ kind: "headers_too_large", hint: "node --max-http-header-size=32768" }));
  if (error.code === "ECONNRESET" || !socket.writable) return;
  socket.end(
    `HTTP/1.1 ${isTooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request"}\r\nConnection: close\r\n\r\n`,
  );
});

/** A line for each event. */
function log({ error, ...event }) {
  console.error(JSON.stringify({ ...event, ...(error && { error: String(error) }) }));
}

// After the provider's signing key was disabled: it signs no one in any more.
process.on("SIGHUP", () => void login.refreshKeys());

process.once("SIGTERM", () => {
  server.close(() => void Promise.all([login.close(), tokens.close()]));
  server.closeIdleConnections();
});
