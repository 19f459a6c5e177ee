import { fileURLToPath } from "node:url";

const library = new URL("../../dist/index.js", import.meta.url).href;
const zod = new URL("../../node_modules/zod/index.js", import.meta.url).href;

/**
 * The text of a module with a custom step, `probe_enable` and `probe_config: {names: [...]}`, whose rows need a token's tables. While
 * the file `fail` stands beside it, writing its rows throws when they are all written.
 */
export const probeModule = `
import { existsSync } from "node:fs";
import { createResourceTable, defineKind, defineStep, text } from ${JSON.stringify(library)};
import { z } from ${JSON.stringify(zod)};

const probe = defineKind({
  name: "probe",
  table: "probes",
  keyColumn: "name",
  columns: { note: text("note") },
  dependsOn: ["api_token"],
  migrations: [
    { name: "probe:0001", up: (db) => createResourceTable(db, { name: "probes", keyColumn: "name", texts: ["note"] }) },
  ],
});

export const kinds = [
  {
    ...probe,
    write: async (context, changes) => {
      await probe.write(context, changes);
      if (existsSync(new URL("./fail", import.meta.url))) throw new TypeError("the text of this error is not shown");
    },
  },
];

export const steps = [
  defineStep({
    flag: "probe_enable",
    namespace: "probe_config",
    title: "Probe",
    kinds: [probe],
    schema: z.strictObject({ names: z.array(z.string()) }),
    declare: ({ names }) =>
      names.map((key, index) => probe.resource(key, { note: "" }, ["names", index])),
  }),
];
`;

export const probeConfig = "probe_enable: true\nprobe_config:\n  names: [one, two]\n";
export const quickstart = fileURLToPath(new URL("../../examples/quickstart.yaml", import.meta.url));
