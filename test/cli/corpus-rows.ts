import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type OpenIdProvider, startOpenIdProvider } from "../support/openid-provider.js";

/** The folder of the real files. */
export const corpus = fileURLToPath(new URL("../corpus/", import.meta.url));
const foreign = (...places: readonly string[]) => places.map((place) => `warning UNKNOWN_ROOT_KEY ${place}`);
const deprecated = (...places: readonly string[]) => places.map((place) => `warning DEPRECATED_FIELD ${place}`);

export interface CorpusRow {
  readonly file: string;
  /** The requirements (A numbers) that the file shows, where it shows any. */
  readonly shows?: string;
  /** The variables that the enabled steps name; those of other programs stay unset. */
  readonly env?: Readonly<Record<string, string>>;
  readonly outcome: "applied" | "invalid";
  /** All diagnostics of the unchanged file, in order. */
  readonly diagnostics: readonly string[];
  /** Where `plan` and `apply` note besides that no client guards the API. */
  readonly loginAlone?: string;
  /** What it creates. */
  readonly creates?: readonly string[];
}

/** What is expected of each file. */
export const rows: readonly CorpusRow[] = [
  {
    file: "chart-openinwoner-deprecated-fields.yaml",
    env: { keycloak_client_secret: "Vq3xH8sLr2Zt" },
    outcome: "applied",
    diagnostics: [
      ...deprecated("17:7", "19:5", "21:5", "23:7", "27:18", "28:31", "29:21", "30:23", "32:5", "33:21", "34:22"),
      ...deprecated("35:22"),
      ...foreign("37:1", "38:1", "90:1", "91:1", "111:1", "113:1", "114:1"),
    ],
    loginAlone: "4:5",
    creates: ["oidc_provider admin-oidc-provider", "oidc_client admin-oidc"],
  },
  {
    file: "chart-openvtb.yaml",
    outcome: "applied",
    diagnostics: ["warning INSECURE_URL 9:35"],
    loginAlone: "11:5",
    creates: ["oidc_provider keycloak-provider", "oidc_client admin-oidc"],
  },
  {
    file: "objects-api.yaml",
    outcome: "applied",
    diagnostics: [...foreign("1:1", "2:1", "14:1", "15:1", "22:1", "23:1"), "warning MISSING_FIELD 65:9"],
    loginAlone: "70:5",
    creates: ["oidc_provider admin-oidc", "oidc_client admin-oidc", "api_token token-1", "api_token token-2"],
  },
  {
    file: "oidc-custom-options.yaml",
    shows: "A7.48",
    outcome: "applied",
    diagnostics: [
      "warning MISSING_FIELD 6:7",
      "warning UNKNOWN_CLIENT_IDENTIFIER 12:17",
      "warning OPTIONS_DEFAULTED 17:7",
    ],
    creates: ["oidc_provider test-provider-oidc", "oidc_client test-admin-oidc"],
  },
  {
    file: "oidc-defaults.yaml",
    shows: "A7.43",
    outcome: "applied",
    diagnostics: [
      "warning OPTIONS_DEFAULTED 4:5",
      "warning NO_SIGN_KEYS 4:5",
      "warning UNKNOWN_CLIENT_IDENTIFIER 4:17",
      "warning MISSING_FIELD 8:7",
      ...deprecated("8:7"),
    ],
    creates: ["oidc_provider test-admin-oidc-provider", "oidc_client test-admin-oidc"],
  },
  {
    file: "oidc-discovery.yaml",
    shows: "A7.44",
    outcome: "applied",
    diagnostics: ["warning OPTIONS_DEFAULTED 4:5", "warning UNKNOWN_CLIENT_IDENTIFIER 4:17", ...deprecated("8:7")],
    creates: ["oidc_provider test-admin-oidc-provider", "oidc_client test-admin-oidc"],
  },
  {
    file: "oidc-full-setup.yaml",
    shows: "A7.41",
    outcome: "applied",
    diagnostics: [
      "warning UNKNOWN_CLIENT_IDENTIFIER 4:17",
      "warning MISSING_OPENID_SCOPE 9:5",
      "warning INVALID_VALUE 14:27",
      "warning MISSING_FIELD 16:9",
      ...deprecated("16:9", "22:5", "24:5", "26:7", "28:18", "29:31", "31:5", "33:23", "35:5", "36:32", "37:21"),
      ...deprecated("38:22", "39:22"),
    ],
    creates: ["oidc_provider test-admin-oidc-provider", "oidc_client test-admin-oidc"],
  },
  {
    // mozilla-django-oidc-db rejects the identifier; here a login or verifier may name any, so it is a warning.
    file: "oidc-invalid-client.yaml",
    shows: "A7.49",
    outcome: "applied",
    diagnostics: [
      "warning OPTIONS_DEFAULTED 4:5",
      "warning NO_SIGN_KEYS 4:5",
      "warning UNKNOWN_CLIENT_IDENTIFIER 4:17",
      "warning MISSING_FIELD 8:7",
      ...deprecated("8:7"),
    ],
    creates: ["oidc_provider invalid-admin-oidc-provider", "oidc_client invalid-admin-oidc"],
  },
  {
    file: "oidc-missing-identifier.yaml",
    shows: "A7.46",
    outcome: "invalid",
    diagnostics: ["error MISSING_FIELD 4:5"],
  },
  {
    file: "oidc-multiple-providers.yaml",
    shows: "A7.47",
    outcome: "applied",
    diagnostics: [
      "warning MISSING_FIELD 17:7",
      "warning OPTIONS_DEFAULTED 28:7",
      "warning UNKNOWN_CLIENT_IDENTIFIER 29:17",
      "warning OPTIONS_DEFAULTED 33:14",
    ],
    creates: [
      "oidc_provider test-provider-discovery",
      "oidc_provider test-provider-full",
      "oidc_client admin-oidc",
      "oidc_client test-admin-oidc",
    ],
  },
  {
    file: "open-klant.yaml",
    outcome: "applied",
    diagnostics: [
      "warning MISSING_FIELD 20:9",
      "warning NO_SIGN_KEYS 24:5",
      ...foreign("55:1", "56:1", "73:1", "74:1", "80:1", "81:1"),
    ],
    loginAlone: "24:5",
    creates: ["oidc_provider example-provider", "oidc_client admin-oidc", "api_token token-1"],
  },
  {
    file: "open-vtb.yaml",
    outcome: "applied",
    diagnostics: ["warning MISSING_FIELD 9:9", ...foreign("74:1", "75:1", "86:1", "87:1")],
    creates: ["oidc_provider admin-oidc", "oidc_client admin-oidc", "oidc_client api-oidc"],
  },
  {
    file: "podiumd-objecttypen-pkce.yaml",
    env: {
      keycloak_client_secret: "Vq3xH8sLr2Zt",
      object_objecttypes_token: "2a6d4f0b8c1e3957a0b2c4d6e8f90123456789ab",
      objecttypen_openbeheer_token: "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432",
    },
    outcome: "applied",
    diagnostics: ["warning INSECURE_URL 31:35"],
    loginAlone: "33:5",
    creates: [
      "oidc_provider keycloak-provider",
      "oidc_client admin-oidc",
      "api_token openformulier-token",
      "api_token openbeheer-token",
    ],
  },
  {
    file: "podiumd-openzaak-unparseable.yaml",
    env: { keycloak_client_secret: "Vq3xH8sLr2Zt" },
    outcome: "invalid",
    diagnostics: [
      ...foreign("1:1", "2:1", "6:1", "7:1"),
      "error VALUE_FROM_IN_TEXT 16:19",
      ...foreign("22:1", "23:1", "28:1", "29:1", "38:1", "39:1", "51:1", "52:1"),
      "warning INSECURE_URL 66:35",
    ],
  },
  {
    file: "token-all-fields.yaml",
    shows: "A8.53",
    outcome: "applied",
    diagnostics: [],
    creates: ["api_token token-1", "api_token token-3"],
  },
  { file: "token-invalid-email.yaml", shows: "A8.54", outcome: "invalid", diagnostics: ["error INVALID_VALUE 7:14"] },
  {
    // Two mistakes in one value: its spaces and its length.
    file: "token-invalid-identifier.yaml",
    shows: "A8.56",
    outcome: "invalid",
    diagnostics: ["error INVALID_VALUE 4:19", "error INVALID_VALUE 4:19"],
  },
  {
    file: "token-invalid-token.yaml",
    shows: "A8.55",
    outcome: "invalid",
    diagnostics: ["error INVALID_VALUE 5:14", "error INVALID_VALUE 7:14"],
  },
  {
    file: "users.yaml",
    shows: "A5.32",
    outcome: "applied",
    diagnostics: ["warning WEAK_PASSWORD 8:17"],
    creates: ["user foo"],
  },
];

/** A name for tests of a file. */
export function title({ file, shows }: CorpusRow): string {
  return shows === undefined ? file : `${shows} ${file}`;
}

export interface CorpusProviders {
  /** The provider of the realm `test`. */
  readonly test: OpenIdProvider;
  /** A file's text, with the discovery endpoints on this machine. */
  readonly local: (file: string) => string;
  readonly close: () => Promise<void>;
}

/** Starts the providers that the files name. */
export async function startCorpusProviders(): Promise<CorpusProviders> {
  const test = await startOpenIdProvider();
  const example = await startOpenIdProvider({ path: "/realms/example/" });
  return {
    test,
    local: (file) =>
      readFileSync(corpus + file, "utf8").replace(
        /(oidc_op_discovery_endpoint: )https?:\/\/[^/\s]+\/realms\/(test|example)\//g,
        (_match, key: string, realm: string) => key + (realm === "test" ? test : example).discoveryEndpoint,
      ),
    close: async () => {
      await test.close();
      await example.close();
    },
  };
}
