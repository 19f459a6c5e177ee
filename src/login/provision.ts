import { randomUUID } from "node:crypto";
import type { Database } from "../database/database.js";
import type { SignRun } from "../database/journal-chain.js";
import type { Writer } from "../database/live-database.js";
import type { JsonObject } from "../oidc/jwt/json-object.js";
import { sleep } from "../retry.js";
import type { ClaimsAge } from "../users/applied-claims.js";
import type { ExternalIdentity } from "../users/external-identity.js";
import type { UserRejection } from "../users/find-user.js";
import { mapClaims } from "../users/map-claims.js";
import { provisionUser, reportProvisioned } from "../users/provision-user.js";
import type { LoginEvent } from "./event.js";
import { type LoginClient, type LoginRejection, reject } from "./login-client.js";

export interface ProvisionFromClaimsOptions {
  readonly database: Database;
  readonly writer: Writer;
  readonly now: () => number;
  readonly sign: SignRun;
  readonly report: (event: LoginEvent) => void;
}

/** Creates or updates the user that claims describe, by the same rules as for bearer tokens. */
export type ProvisionFromClaims = (
  client: LoginClient,
  identity: ExternalIdentity,
  claims: JsonObject,
  age: ClaimsAge,
) => Promise<{ readonly kind: "user"; readonly userId: string } | LoginRejection>;

const lockTimeoutMs = 5000;

export function createProvisionFromClaims({
  database,
  writer,
  now,
  sign,
  report,
}: ProvisionFromClaimsOptions): ProvisionFromClaims {
  return async ({ oidc }, identity, claims, age) => {
    const { id: clientId, identifier: client, mapping, providerId } = oidc;
    const mapped = mapClaims(mapping, claims);
    if (mapped.kind === "rejected") {
      const { kind: _, reason, ...details } = mapped;
      return reject(reason === "groups_overage" ? reason : "user_refused", reason, details);
    }
    const result = await provisionUser(identity, mapped, {
      database,
      writer,
      now,
      sign,
      sleep,
      lockTimeoutMs,
      newId: randomUUID,
      actor: `sign-in:${client}`,
      clientId,
      providerId,
      age,
      createsUsers: true,
    });
    if (result.kind === "rejected") return reject(pageFor(result.reason), result.reason);
    reportProvisioned(client, mapped, result, report);
    return { kind: "user", userId: result.userId };
  };
}

/** The page for a rejection; an administrator can fix a missing link in the file. */
function pageFor(reason: UserRejection["reason"]): "user_not_linked" | "user_refused" {
  return reason === "sign_in_missing" || reason === "sign_in_of_another" ? "user_not_linked" : "user_refused";
}
