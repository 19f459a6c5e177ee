// Writes the permissions that the routes require to permissions.json, for `vtb_setup.catalogue` of a configuration, and exits with
// status 1 if that changed the file: the routes were changed, and the file was not. In CI:
//
//   npx vtb-setup migrate --database sqlite:./catalogue.db
//   node examples/api-server/write-catalogue.mjs sqlite:./catalogue.db

import { fileURLToPath } from "node:url";
import { createVerifier, writeCatalogue } from "vtb-setup/verifier";
import { createApi } from "./api.mjs";

const [, , database = "sqlite:./vtb-auth.db"] = process.argv;
const verifier = await createVerifier({ database });
createApi(verifier);
verifier.registerPermissions([
  { name: "taken.view_externetaak", description: "List tasks" },
  { name: "taken.add_externetaak", description: "Create tasks" },
]);

const file = fileURLToPath(new URL("permissions.json", import.meta.url));
if (await writeCatalogue(file, verifier.catalogue())) {
  console.error(`${file} was stale and has been written anew: commit it.`);
  process.exitCode = 1;
}
await verifier.close();
