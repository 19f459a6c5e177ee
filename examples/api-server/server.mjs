// A small API in the shape of Open VTB's Taken API, which accepts the callers that the auth database names:
//
//   npx vtb-setup apply examples/quickstart.yaml
//   node examples/api-server/server.mjs
//   curl --header 'Authorization: Token ba9d233e95e04c4a8a661a27daffe7c9bd019067' http://127.0.0.1:8000/taken/api/v1/externetaken

import { createVerifier } from "vtb-setup/verifier";
import { createApi, path } from "./api.mjs";

const verifier = await createVerifier({
  database: process.env.VTB_SETUP_DATABASE ?? "sqlite:./vtb-auth.db",
  // Where programs reach the API, such as https://taken.gemeente.example/taken/api/v1.
  resource: process.env.API_URL,
  // The client gets few details; the reason is logged here.
  onEvent: ({ error, ...event }) => console.error(JSON.stringify({ ...event, ...(error && { error: String(error) }) })),
});

const api = createApi(verifier);

const server = api.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}${path}`);
});

// After a provider's signing key was disabled: it verifies no request any more.
process.on("SIGHUP", () => void verifier.refreshKeys());

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

process.once("SIGTERM", () => {
  server.close(() => void verifier.close());
  server.closeIdleConnections();
});
