import { administratorSignIns } from "../access/administrators.js";
import { describeSignIn } from "../access/describe.js";
import type { AccessFacts } from "../access/facts.js";
import { listSome } from "../errors.js";
import { apiClient } from "../resources/kinds.js";
import { maskRandom } from "../secrets/random-looking.js";
import { type Finding, ok, type Subject, warning } from "./finding.js";

/** Who can sign in as an administrator. Where there are only programs, nobody needs to. */
export function examineAdministrators(facts: AccessFacts): readonly Finding[] {
  const subject: Subject = { kind: "administrators", key: "" };
  const check = "sign_in";
  const ways = administratorSignIns(facts);
  if (ways.length > 0) return [ok(subject, check, listSome(ways.map((way) => maskRandom(describeSignIn(way)))))];
  const hasPeople = [...facts.users.values()].some(({ isService }) => !isService);
  const hasLogin = [...facts.clients.values()].some(({ identifier }) => identifier !== apiClient);
  if (!hasPeople && !hasLogin)
    return [ok(subject, check, "nobody signs in: there are neither users nor a login client")];
  const message = "nobody can sign in as an administrator";
  const hint =
    "give an active superuser a password or a `sign_in`, or an enabled login client `superuser_group_names`; until then, the command line is the only way";
  return [warning(subject, check, { code: "NO_ADMINISTRATOR", message, hint })];
}
