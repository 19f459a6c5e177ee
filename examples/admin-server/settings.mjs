// What the three servers of this folder share.

export const settings = {
  database: process.env.VTB_SETUP_DATABASE ?? "sqlite:./vtb-auth.db",
  // Where browsers see the pages. Never taken from a request, which could say anything.
  publicUrl: process.env.ADMIN_URL ?? "http://127.0.0.1:8001/beheer",
  contact: "functioneel-beheer@gemeente.example",
  // The browser shows what to do; the reason is logged here.
  onEvent: ({ error, ...event }) => console.error(JSON.stringify({ ...event, ...(error && { error: String(error) }) })),
};

/** Ends the server at SIGTERM, after the requests under way. */
export function stopWith(admin, server) {
  // Node answers 431 by itself where all headers together, cookies and all, are over 16 kB; it would not be logged.
  server.on("clientError", (error, socket) => {
    const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
    if (isTooLarge)
      console.error(JSON.stringify({ kind: "headers_too_large", hint: "node --max-http-header-size=32768" }));
    if (error.code === "ECONNRESET" || !socket.writable) return;
    const status = isTooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  });
  process.once("SIGTERM", () => {
    server.close(() => void admin.close());
    server.closeIdleConnections();
  });
}
