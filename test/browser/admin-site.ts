import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCliProcess } from "../support/cli.js";
import { databaseEnv, databaseOf } from "../support/databases.js";

const example = "examples/admin-server";

/** What the example's README says to start, in its order. */
export function readmeCommands(): readonly string[] {
  const blocks = [...readFileSync(join(example, "README.md"), "utf8").matchAll(/^```sh\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, text = ""]) => text.trim().split("\n"));
}

const emergencyPassword = "paard-batterij-nietje";

export interface AdminSite {
  /** Where the pages are, without a slash at its end. */
  readonly adminUrl: string;
  readonly issuer: string;
  readonly apiUrl: string;
  /** What the servers have printed so far. */
  readonly log: () => string;
  /** Changes what the provider knows about a person, from the next sign-in on. */
  readonly changePerson: (username: string, claims: Readonly<Record<string, unknown>>) => void;
  readonly close: () => void;
}

/** The example as its README starts it, with a provider, pages and an API as real processes on free ports. */
export async function startAdminSite(server = "server.mjs"): Promise<AdminSite> {
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-site-"));
  const [adminPort, issuerPort] = [await quietPort(), await quietPort()];
  const adminUrl = `http://127.0.0.1:${adminPort}/beheer`;
  const people = join(folder, "people.json");
  const config = readFileSync(join(example, "config.yaml"), "utf8").replaceAll(":9001", `:${issuerPort}`);
  writeFileSync(join(folder, "config.yaml"), config);
  writeFileSync(people, readFileSync(join(example, "people.json")));
  const applied = await runCliProcess(["apply", "--strict", "config.yaml"], {
    cwd: folder,
    env: { EMERGENCY_PASSWORD: emergencyPassword },
  });
  if (applied.status !== 0) throw new Error(applied.stderr);

  let log = "";
  const children: ChildProcess[] = [];
  const start = async (program: string, env: Readonly<Record<string, string>>): Promise<string> => {
    const isNamed = readFileSync(join(example, "README.md"), "utf8").includes(program.replace(`${example}/`, ""));
    if (!isNamed) throw new Error(`expected the README to name ${program}`);
    const child = spawn(process.execPath, [program], {
      env: { PATH: process.env.PATH ?? "", ...databaseEnv(folder), VTB_SETUP_DATABASE: databaseOf(folder), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    const ended = once(child, "exit").then(() => Promise.reject(new Error(`${program} ended: ${log}`)));
    const [line] = await Promise.race([once(child.stdout.setEncoding("utf8"), "data"), ended]);
    child.stdout.on("data", (text: string) => {
      log += text;
    });
    // From here on, its end is the end of the test.
    ended.catch(() => {});
    return String(line).trim();
  };
  const [issuer, , apiUrl] = await Promise.all([
    start(`${example}/provider.mjs`, { PORT: String(issuerPort), ADMIN_URL: adminUrl, PEOPLE: people }),
    start(`${example}/${server}`, { PORT: String(adminPort), ADMIN_URL: adminUrl }),
    start("examples/api-server/server.mjs", { PORT: "0" }),
  ]);
  return {
    adminUrl,
    issuer,
    apiUrl,
    log: () => log,
    changePerson: (username, claims) => {
      const known = JSON.parse(readFileSync(people, "utf8"));
      writeFileSync(people, JSON.stringify({ ...known, [username]: { ...known[username], ...claims } }));
    },
    close: () => {
      for (const child of children) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A free port that the machine does not give to clients automatically, since it is used only a moment later. */
async function quietPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await Promise.race([
      once(server, "listening").then(() => true),
      once(server, "error").then(() => false),
    ]);
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
