import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CliResult, runCliProcess, writeFiles } from "../support/cli.js";
import { freePort } from "../support/http-server.js";
import { type ServerProcess, startProcess } from "./server-process.js";

/** What a bearer token got at the API. */
interface ApiAnswer {
  readonly status: number;
  /** Of the event that it caused, where it was rejected. */
  readonly reason: string | undefined;
}

/** The example servers as real processes over one database, which `apply` fills. */
export interface Site {
  readonly adminUrl: string;
  readonly apiUrl: string;
  readonly apply: (config: string, env?: Readonly<Record<string, string>>) => Promise<CliResult>;
  /** Both servers; they go on while the configuration changes. */
  readonly start: () => Promise<void>;
  readonly callApi: (accessToken: string) => Promise<ApiAnswer>;
  /** What the pages have logged so far. */
  readonly adminLog: () => string;
  readonly close: () => Promise<void>;
}

const apiPath = "/taken/api/v1/externetaken";

export async function createSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-peer-"));
  const database = `sqlite:${join(folder, "vtb-auth.db")}`;
  const [adminPort, apiPort] = [await freePort(), await freePort()];
  const adminUrl = `http://127.0.0.1:${adminPort}/beheer`;
  const apiUrl = `http://127.0.0.1:${apiPort}${apiPath}`;
  const servers: ServerProcess[] = [];
  const [startAdmin, startApi] = [
    () =>
      startProcess(process.execPath, ["examples/admin-server/server.mjs"], {
        env: { VTB_SETUP_DATABASE: database, ADMIN_URL: adminUrl, PORT: String(adminPort) },
        readyUrl: `${adminUrl}/sign-in`,
      }),
    () =>
      startProcess(process.execPath, ["examples/api-server/server.mjs"], {
        env: { VTB_SETUP_DATABASE: database, PORT: String(apiPort) },
        readyUrl: apiUrl,
        readyStatus: 401,
      }),
  ];

  return {
    adminUrl,
    apiUrl,
    apply: (config, env = {}) => {
      writeFiles(folder, { "config.yaml": config });
      const own = { ...env, VTB_SETUP_DATABASE: database };
      return runCliProcess(["apply", "config.yaml"], { cwd: folder, env: own, timeoutMs: 120_000 });
    },
    start: async () => void servers.push(...(await Promise.all([startAdmin(), startApi()]))),
    callApi: async (accessToken) => {
      const log = servers[1]?.log ?? (() => "");
      const before = log().length;
      const { status } = await fetch(apiUrl, { headers: { authorization: `Bearer ${accessToken}` } });
      if (status === 200) return { status, reason: undefined };
      return { status, reason: await reasonAfter(log, before) };
    },
    adminLog: () => servers[0]?.log() ?? "",
    close: async () => {
      await Promise.all(servers.map(({ stop }) => stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The log may come later than the answer. */
async function reasonAfter(log: () => string, before: number): Promise<string | undefined> {
  for (let times = 0; times < 100; times += 1) {
    for (const line of log().slice(before).split("\n")) {
      const [, reason] = /"kind":"(?:rejected|unavailable)".*"reason":"(\w+)"/.exec(line) ?? [];
      if (reason) return reason;
      const [, forbidden] = /"kind":"(forbidden)"/.exec(line) ?? [];
      if (forbidden) return forbidden;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
}
