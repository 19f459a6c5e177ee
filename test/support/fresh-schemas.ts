import pg from "pg";

/** Empty schemas of one server, created ahead so that a test gets one without waiting. Each stands for a separate database. */
export interface FreshSchemas {
  /** Creates new ones for those that were used. */
  readonly refill: () => Promise<void>;
  /** The URL of a schema that no other test uses. */
  readonly take: () => string;
  /** Runs a statement as the superuser. */
  readonly run: (statement: string) => Promise<void>;
  /** Drops every schema that was used. */
  readonly drop: () => Promise<void>;
}

/** The URL of one schema of a server, which is searched alone. */
function inSchema(serverUrl: string, name: string): string {
  return `${serverUrl}?options=-csearch_path%3D${name}`;
}

/** Makes an empty schema, and gives its URL. */
export async function makeSchema(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client(serverUrl);
  await client.connect();
  await client.query(`create schema ${name}`);
  await client.end();
  return inSchema(serverUrl, name);
}

const ahead = 12;

export async function freshSchemas(serverUrl: string): Promise<FreshSchemas> {
  const client = new pg.Client(serverUrl);
  await client.connect();
  const { rows } = await client.query("select gen_random_uuid() as id");
  const prefix = `test_${String(rows[0].id).replaceAll("-", "")}`;
  const free: string[] = [];
  const taken: string[] = [];
  let made = 0;
  return {
    refill: async () => {
      const names = Array.from({ length: ahead - free.length }, () => `${prefix}_${made++}`);
      free.push(...names);
      await client.query(names.map((name) => `create schema ${name};`).join(""));
    },
    take: () => {
      const name = free.shift();
      if (name === undefined) throw new Error(`a test may use ${ahead} databases`);
      taken.push(name);
      return inSchema(serverUrl, name);
    },
    run: async (statement) => void (await client.query(statement)),
    drop: async () => {
      for (const name of taken) await client.query(`drop schema ${name} cascade`);
      await client.end();
    },
  };
}
