import { spawnSync } from "node:child_process";

/** For a script of another process: the class that opens SQLite files with any driver that this Node has. */
export const sqliteDriverExpression = `(() => {
  const load = process.getBuiltinModule("node:module").createRequire(${JSON.stringify(import.meta.url)});
  for (const name of ["better-sqlite3", "better-sqlite3-12"]) {
    try {
      const Driver = load(name);
      new Driver(":memory:").close();
      return Driver;
    } catch {}
  }
  return load("node:sqlite").DatabaseSync;
})()`;

const program = `
  const [url, sql] = process.argv.slice(1);
  const viaFile = () => {
    const database = new (${sqliteDriverExpression})(url.slice("sqlite:".length));
    database.exec(sql);
    database.close();
  };
  const viaServer = async () => {
    const client = new (require("pg").Client)(url);
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  if (url.startsWith("sqlite:")) viaFile();
  else viaServer();`;

/** What an operator does by hand, without this program in between. */
export function sqlInAnotherProcess(url: string, sql: string): void {
  const { status, stderr } = spawnSync(process.execPath, ["-e", program, url, sql], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

/** A change that verifiers have to see. */
export const countUp = "UPDATE setup_state SET revision = revision + 1;";
