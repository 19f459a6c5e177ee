import type { DiagnosticCode } from "../../src/errors.js";
import type { Canaries } from "../support/canaries.js";

export type Command = "validate" | "plan" | "apply";

/** One way to provoke a code. */
export interface Row {
  readonly code: DiagnosticCode;
  /** The database that alone can have it. */
  readonly only?: "sqlite" | "postgres";
  /** What distinguishes this row from others of its code. */
  readonly how: string;
  /** A file that is given after base.yaml. */
  readonly yaml?: string;
  /** False: base.yaml is not given, so that `yaml` stands alone. */
  readonly withBase?: boolean;
  /** Other files beside it. */
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly database?: string;
  /** The commands that report it; all of them where this is left out. The others are run as well, where they accept the arguments. */
  readonly reported?: readonly Command[];
  /** Base.yaml is applied first. */
  readonly applied?: boolean;
  /** What is done to the folder then. */
  readonly prepare?: (folder: string) => Promise<void> | void;
}

/** The commands that look at the database. */
export const toDatabase = ["plan", "apply"] as const;

/** Stand for a server whose discovery document names another issuer, and for one that is not there. */
export const origins = { other: "http://other.invalid", closed: "http://closed.invalid" } as const;

/** Writes the parts of a row's file. */
export function rowText({ make }: Canaries) {
  return {
    token: (fields: string, ending = "contact_person: A, email: a@example.nl") =>
      `tokenauth:\n  items:\n    - {identifier: rij, ${fields}, ${ending}}\n`,
    user: (fields: string) => `default_user_configuration_config:\n  users:\n    - {username: rij, ${fields}}\n`,
    client: (fields: string, providers = "", provider = "oidc_provider_identifier: keycloak") => `
oidc_db_config_admin_auth:${providers}
  items:
    - {identifier: rij, ${provider}, oidc_rp_client_id: a, oidc_rp_client_secret: ${make("row-secret")}, ${fields}}
`,
    provider: (fields: string) => `\n  providers: [{identifier: rij, ${fields}}]`,
    endpoints: (host: string) =>
      ["authorization", "token", "user"].map((name) => `oidc_op_${name}_endpoint: "${host}/${name}"`).join(", "),
    full: "options: {user_settings: {claim_mappings: {username: [sub]}}}",
  };
}
