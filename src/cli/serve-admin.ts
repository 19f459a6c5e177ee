import { createAdmin } from "../admin/create-admin.js";
import type { AdminEvent } from "../admin/event.js";
import { type AdminOptions, readAdminSettings } from "../admin/options.js";
import { type Diagnostic, SetupError, setupError } from "../errors.js";
import { prepareDatabase } from "../operations/prepare-database.js";
import { diagnosticToJson, formatVersion } from "../report/json.js";
import { type AdminServer, type ListenAddress, listenForAdmin } from "./admin-server.js";
import type { CliContext } from "./context.js";
import { statusOf, unexpected } from "./exit-status.js";
import { jsonLine } from "./log.js";
import {
  type databaseOptions,
  lockingOptions,
  type outputOptions,
  type SettingsOf,
  type serverOptions,
} from "./options.js";
import { type Printed, printResult } from "./print.js";
import { showDiagnostics } from "./show-diagnostics.js";

type Settings = SettingsOf<typeof serverOptions & typeof databaseOptions & typeof outputOptions>;

/**
 * Serves the admin pages until a signal comes.
 *
 * @throws SetupError `COMMAND_LINE` (usage), `LISTEN_FAILED` (unavailable), and what preparing the database throws
 */
export async function serveAdmin(context: CliContext, settings: Settings): Promise<number> {
  const { terminal, signal, stoppedBy } = context;
  const log = (event: object): void => terminal.talk(lineOf({ time: new Date().toISOString(), ...event }));
  const address = readListen(settings);
  const optionsAt = (port: number): AdminOptions => adminOptions(context, settings, { ...address, port }, log);
  // Mistakes in options are found before anything is done. The port matters only for what is printed.
  requireOptions(optionsAt(address.port || 1));
  // First: another server at this address is no reason to change the database.
  const server = await listenForAdmin(address, { trustedProxies: settings.trustedProxies ?? 0, log });
  try {
    const prepared = await prepareDatabase(await lockingOptions(context, settings));
    const admin = await createAdmin(optionsAt(server.address.port));
    try {
      server.serve(admin);
      context.onHangUp(() => {
        admin.refreshKeys().catch((error: unknown) => log({ kind: "keys_not_refreshed", error }));
      });
      const code = await admin.bootstrapCode();
      await printResult(context, printedStart(context, settings, { admin, server, prepared, code }));
      await untilAborted(signal);
    } finally {
      await server.close();
      await admin.close();
    }
  } finally {
    await server.close();
  }
  log({ kind: "stopped" });
  return statusOf("interrupted", stoppedBy());
}

function adminOptions(
  { env }: CliContext,
  settings: Settings,
  { host, port }: ListenAddress,
  log: (event: object) => void,
): AdminOptions {
  const { database, publicUrl, client, passwordSignIn, timeZone, contact } = settings;
  return {
    database,
    publicUrl: publicUrl ?? `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    client,
    passwordSignIn,
    timeZone,
    contact,
    bootstrap: true,
    env,
    onEvent: (event: AdminEvent) => log(event),
  };
}

const listenForm = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<host>[^\s:/[\]]+)):(?<port>\d{1,5})$/i;
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

function readListen({ listen = "127.0.0.1:8090", publicUrl }: Settings): ListenAddress {
  const { v6, host = v6, port } = listenForm.exec(listen)?.groups ?? {};
  if (host === undefined || Number(port) > 65_535) {
    throw usage("--listen is not an address", "write HOST:PORT, such as 127.0.0.1:8090 or [::1]:8090");
  }
  if (!loopback.test(host) && !publicUrl?.startsWith("https://")) {
    throw usage(
      "--listen names an address that other machines reach, and --public-url has no https URL",
      "put a proxy with https in front, and give its URL with --public-url; or listen at 127.0.0.1",
    );
  }
  return { host, port: Number(port) };
}

function requireOptions(options: AdminOptions): void {
  try {
    readAdminSettings(options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = error.message.replace(/\b(publicUrl|timeZone|contact)\b/, (name) => optionNames[name] ?? name);
    throw usage(message, "see vtb-setup admin --help");
  }
}

const optionNames: Readonly<Record<string, string>> = {
  publicUrl: "--public-url",
  timeZone: "--time-zone",
  contact: "--contact",
};

function usage(message: string, hint: string): SetupError {
  return setupError("usage", "COMMAND_LINE", message, hint);
}

interface Started {
  readonly admin: Awaited<ReturnType<typeof createAdmin>>;
  readonly server: AdminServer;
  readonly prepared: Awaited<ReturnType<typeof prepareDatabase>>;
  readonly code: Awaited<ReturnType<Started["admin"]["bootstrapCode"]>>;
}

/** Where the pages are, and the one-time code, which is printed nowhere else. */
function printedStart(
  context: CliContext,
  { output }: Settings,
  { admin: { publicUrl }, server: { address }, prepared: { migrations, diagnostics }, code }: Started,
): Printed {
  showDiagnostics(context, diagnostics, { output });
  const codeUrl = `${publicUrl}/bootstrap`;
  if (output === "json") {
    const bootstrap = code && { url: codeUrl, code: code.code.reveal(), expiresAt: code.expiresAt.toISOString() };
    const value = { formatVersion, command: "admin", outcome: "ok", url: publicUrl, listen: address };
    return {
      kind: "json",
      value: { ...value, bootstrap: bootstrap ?? null, migrations, diagnostics: diagnostics.map(diagnosticToJson) },
    };
  }
  const asked = code
    ? `\nNobody can sign in as an administrator yet. Open ${codeUrl} within 10 minutes and type this code:\n\n  ${code.code.reveal()}\n`
    : "";
  return { kind: "text", text: `Admin pages: ${publicUrl}\n${asked}` };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** An event as JSON on one line. Of an error that nobody foresaw, only its class and where it was: its message may quote a value. */
function lineOf(event: object): string {
  const { error, ...rest } = event as { readonly error?: unknown };
  return jsonLine({ ...rest, ...(error !== undefined && { error: describe(error) }) });
}

function describe(error: unknown): readonly Pick<Diagnostic, "code" | "message" | "hint">[] {
  const { diagnostics } = error instanceof SetupError ? error : unexpected(error);
  return diagnostics.map(({ code, message, hint }) => ({ code, message, ...(hint !== undefined && { hint }) }));
}
