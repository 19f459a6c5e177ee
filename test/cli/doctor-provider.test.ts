import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CliResult, runCli, runCliProcess } from "../support/cli.js";
import { contentsOf } from "../support/databases.js";
import { freePort, serve } from "../support/http-server.js";
import { openForTest } from "../support/run.js";
import {
  type ConfigParts,
  createHealthyPlaces,
  discoveryPath,
  type FaultyProvider,
  itemsOf,
  redirectUri,
  rewriting,
  secrets,
  startFaultyProvider,
  troublesIn,
} from "./doctor-world.js";

let provider: FaultyProvider;
beforeAll(async () => {
  provider = await startFaultyProvider();
});
afterEach(() => provider.mend());
afterAll(() => provider.close());

const healthyPlace = createHealthyPlaces(() => provider);
type Place = Awaited<ReturnType<typeof healthyPlace>>;

const doctor = ({ folder, database }: Place, ...args: readonly string[]): Promise<CliResult> =>
  runCli(["doctor", "--database", database, "--output", "json", ...args], { cwd: folder });

/** Applies the file with something else in it, as an operator did before. */
async function applied(place: Place, parts: ConfigParts, ...args: readonly string[]): Promise<void> {
  place.write(parts);
  const apply = ["apply", "config.yaml", "--database", place.database, ...args];
  const { status, stderr } = await runCli(apply, { cwd: place.folder });
  expect([status, stderr]).toEqual([0, expect.any(String)]);
}

async function updateProvider(place: Place, values: Readonly<Record<string, string | null>>): Promise<void> {
  const { kysely } = await openForTest(place.database);
  await kysely.updateTable("oidc_providers").set(values).execute();
}

const gone = (at: string) => () =>
  provider.plant((path, _request, response) => {
    if (path === at) response.writeHead(404).end();
    return path === at;
  });

const rewrite = (at: string, change: Parameters<typeof rewriting>[1]) => () => provider.plant(rewriting(at, change));

const anotherKey = `oidc_rp_idp_sign_key: '{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'`;

interface Fault {
  readonly what: string;
  readonly plant: (place: Place) => unknown;
  readonly args?: readonly string[];
  /** The only thing that is not ok. */
  readonly found: string;
  readonly status: number;
}

const faults: readonly Fault[] = [
  {
    what: "a wrong secret of a client that may use client credentials",
    plant: (place) => applied(place, { apiSecret: "wrong-0123456789abcdef" }),
    found: "failure oidc_client api-oidc secret CLIENT_REFUSED",
    status: 4,
  },
  {
    what: "a wrong secret of a client that may not",
    plant: (place) => applied(place, { adminSecret: "wrong-0123456789abcdef" }),
    found: "failure oidc_client admin-oidc secret CLIENT_REFUSED",
    status: 4,
  },
  {
    what: "another issuer",
    plant: rewrite(discoveryPath, (document) => ({ ...document, issuer: "https://elsewhere.example" })),
    found: "failure oidc_provider test issuer DISCOVERY_INVALID",
    status: 4,
  },
  {
    what: "no key for the algorithm",
    plant: rewrite("/jwks", ({ keys }) => ({ keys: (keys as { kty: string }[]).filter(({ kty }) => kty !== "RSA") })),
    found: "failure oidc_client admin-oidc keys KEYS_UNUSABLE, failure oidc_client api-oidc keys KEYS_UNUSABLE",
    status: 4,
  },
  {
    what: "a key that is not published any more",
    plant: (place) => applied(place, { api: `oidc_rp_sign_algo: ES256\n      ${anotherKey}` }),
    found: "failure oidc_client api-oidc keys SIGN_KEY_REPLACED",
    status: 4,
  },
  {
    what: "an algorithm that the provider does not sign with",
    plant: (place) => applied(place, { api: "oidc_rp_sign_algo: ES512" }),
    found: "warning oidc_client api-oidc sign_algo PROVIDER_LACKS",
    status: 0,
  },
  {
    what: "keys that are not there",
    plant: gone("/jwks"),
    found: "failure oidc_provider test keys KEYS_UNUSABLE",
    status: 4,
  },
  {
    what: "a certificate that has ended",
    plant: () => provider.show("ended"),
    found: "failure oidc_provider test certificate CERTIFICATE_REFUSED",
    status: 4,
  },
  {
    what: "a certificate for another name",
    plant: () => provider.show("other_name"),
    found: "failure oidc_provider test certificate CERTIFICATE_REFUSED",
    status: 4,
  },
  {
    what: "a certificate that ends in 20 days",
    plant: () => provider.show("ending"),
    found: "warning oidc_provider test certificate CERTIFICATE_ENDS",
    status: 0,
  },
  {
    what: "a certificate of an authority that is not trusted",
    plant: (place) => updateProvider(place, { ca_file: null }),
    found: "failure oidc_provider test certificate CERTIFICATE_REFUSED",
    status: 4,
  },
  {
    what: "a CA file that is missing",
    plant: (place) => updateProvider(place, { ca_file: "/nowhere/ca.pem" }),
    found: "failure oidc_provider test connection ENDPOINT_UNREACHABLE",
    status: 4,
  },
  {
    what: "a clock that is 10 minutes off",
    plant: () => shiftClock(-600_000),
    found: "failure oidc_provider test clock CLOCK_DIFFERS",
    status: 4,
  },
  {
    what: "a clock that is a minute off",
    plant: () => shiftClock(60_000),
    found: "warning oidc_provider test clock CLOCK_DIFFERS",
    status: 0,
  },
  {
    what: "a disabled client",
    plant: (place) => applied(place, { api: "enabled: false" }),
    found: "warning oidc_client api-oidc enabled CLIENT_DISABLED",
    status: 0,
  },
  {
    what: "a provider that is not there",
    plant: async (place) => {
      const elsewhere = `https://127.0.0.1:${await freePort()}`;
      const names = ["authorization", "token", "userinfo", "introspection", "jwks", "logout", "discovery"];
      await updateProvider(
        place,
        Object.fromEntries(names.map((name) => [`${name}_endpoint`, `${elsewhere}/${name}`])),
      );
    },
    found: "unreachable oidc_provider test connection ENDPOINT_UNREACHABLE",
    status: 5,
  },
  {
    what: "a provider that is starting",
    plant: () =>
      provider.plant((path, _request, response) => {
        if (path === discoveryPath) response.writeHead(503).end();
        return path === discoveryPath;
      }),
    found: "unreachable oidc_provider test discovery DISCOVERY_UNREACHABLE",
    status: 5,
  },
  {
    what: "an endpoint on http on another host",
    plant: (place) => updateProvider(place, { logout_endpoint: "http://login.example/logout" }),
    found: "warning oidc_provider test url INSECURE_URL",
    status: 0,
  },
  {
    what: "no PKCE with S256",
    plant: rewrite(discoveryPath, (document) => ({ ...document, code_challenge_methods_supported: ["plain"] })),
    found: "warning oidc_client admin-oidc use_pkce PROVIDER_LACKS",
    status: 0,
  },
  {
    what: "a userinfo endpoint that is not there",
    plant: gone("/me"),
    found: "failure oidc_provider test userinfo ENDPOINT_MISSING",
    status: 4,
  },
  {
    what: "an introspection endpoint that is not there",
    plant: gone("/token/introspection"),
    found: "failure oidc_provider test introspection ENDPOINT_MISSING",
    status: 4,
  },
  {
    what: "a token endpoint on another server that is not there",
    plant: async (place) => updateProvider(place, { token_endpoint: `https://127.0.0.1:${await freePort()}/token` }),
    found: "unreachable oidc_provider test connection ENDPOINT_UNREACHABLE",
    status: 5,
  },
  {
    what: "a redirect URI that is not registered",
    plant: () => {},
    args: ["--redirect-uri", "https://elsewhere.example/oidc/callback"],
    found: "failure oidc_client admin-oidc redirect_uri REDIRECT_URI_REFUSED",
    status: 4,
  },
];

function shiftClock(byMs: number): void {
  provider.plant((_path, _request, response) => {
    response.setHeader("date", new Date(Date.now() + byMs).toUTCString());
    return false;
  });
}

describe("doctor, about a provider,", () => {
  it("finds nothing where nothing is wrong, in the database and in the files", async () => {
    const place = await healthyPlace();
    const before = await contentsOf(place.database);
    for (const files of [[], ["config.yaml"]]) {
      const result = await doctor(place, "--redirect-uri", redirectUri, ...files);
      expect([result.status, result.stderr, troublesIn(result)]).toEqual([0, "", ""]);
      const checks = itemsOf(result).map(({ kind, key, check }) => `${kind} ${key} ${check}`);
      expect(checks).toEqual(
        expect.arrayContaining([
          ...["connection", "certificate", "clock", "discovery", "issuer", "keys", "userinfo", "introspection"].map(
            (check) => `oidc_provider test ${check}`,
          ),
          ...["offers", "keys", "secret"].map((check) => `oidc_client api-oidc ${check}`),
          "oidc_client admin-oidc secret",
          "oidc_client admin-oidc redirect_uri",
        ]),
      );
      for (const secret of Object.values(secrets)) expect(result.stdout).not.toContain(secret);
    }
    expect(await contentsOf(place.database)).toBe(before);
  });

  it.each(faults)("finds $what, and nothing else", async ({ plant, args = [], found, status }) => {
    const place = await healthyPlace();
    await plant(place);
    const result = await doctor(place, ...args);
    expect([troublesIn(result), result.status]).toEqual([found, status]);
    for (const { status: each, message, hint } of itemsOf(result)) {
      expect(message).toMatch(/./);
      if (each !== "ok") expect(hint).toMatch(/./);
    }
    for (const secret of Object.values(secrets)) expect(result.stdout + result.stderr).not.toContain(secret);
  });

  // As of Keycloak's ClientIdAndSecretAuthenticator and ClientCredentialsGrantType, which have one error and status for all of them.
  it.each([
    {
      what: "rejects a secret as Keycloak does",
      ofRight: "Invalid client or Invalid client credentials",
      found: "failure oidc_client admin-oidc secret CLIENT_REFUSED, failure oidc_client api-oidc secret CLIENT_REFUSED",
      said: /rejects the client's id and secret/,
    },
    {
      what: "accepts it, but no client credentials",
      ofRight: "Client not enabled to retrieve service account",
      found: "",
      said: /^accepted$/,
    },
    {
      what: "does not look at the secret of a public client",
      ofRight: "Public client not allowed to retrieve service account",
      ofWrong: "Public client not allowed to retrieve service account",
      found: "",
      said: /^can't be tried/,
    },
  ])("tells a provider that $what from the others", async ({ ofRight, ofWrong, found, said }) => {
    const place = await healthyPlace();
    provider.plant((path, request, response) => {
      if (path !== "/token") return false;
      void text(request).then((form) => {
        const isRight = Object.values(secrets).some((secret) => form.includes(secret));
        const description = isRight ? ofRight : (ofWrong ?? "Invalid client or Invalid client credentials");
        response
          .writeHead(401, { "content-type": "application/json" })
          .end(JSON.stringify({ error: "unauthorized_client", error_description: description }));
      });
      return true;
    });
    const result = await doctor(place);
    expect(troublesIn(result)).toBe(found);
    const messages = itemsOf(result).flatMap(({ check, message }) => (check === "secret" ? message : []));
    expect(messages).toEqual([expect.stringMatching(said), expect.stringMatching(said)]);
  });

  it("finds what a file would break, with where that is written", async () => {
    const place = await healthyPlace();
    place.write({ apiSecret: "wrong-0123456789abcdef" });
    const result = await doctor(place, "config.yaml");
    expect([troublesIn(result), result.status]).toEqual(["failure oidc_client api-oidc secret CLIENT_REFUSED", 4]);
    const [item] = itemsOf(result).filter(({ status }) => status === "failure");
    expect(item).toMatchObject({ file: "config.yaml", line: expect.any(Number) });
    expect(result.stdout).not.toContain("wrong-0123456789abcdef");
    expect((await doctor(place)).status).toBe(0);
  });

  it("checks files where there is no database yet", async () => {
    const { folder } = await healthyPlace();
    const place = { folder, database: "sqlite:not-yet.db", write: () => {} };
    const result = await doctor(place, "config.yaml");
    expect(troublesIn(result)).toBe("failure database sqlite:not-yet.db connection DATABASE_OLDER");
    expect(itemsOf(result)).toContainEqual(
      expect.objectContaining({ kind: "oidc_client", key: "api-oidc", check: "secret", status: "ok" }),
    );
  });

  it("sends a stored secret to no other server than the database's, whatever a file says", async () => {
    const place = await healthyPlace();
    const brought: string[] = [];
    const thief = await serve((request, response) => {
      request.on("data", (piece: Buffer) => brought.push(piece.toString()));
      brought.push(JSON.stringify(request.headers));
      request.on("end", () => response.writeHead(400).end());
    });
    const endpoints = `{oidc_op_discovery_endpoint: "${provider.issuer}/", oidc_op_token_endpoint: "${thief.origin}/token"}`;
    // The clients' secrets are unset: those of the database stay.
    place.write({ endpoints, adminSecret: "{value_from: {env: UNSET}}", apiSecret: "{value_from: {env: UNSET}}" });
    const result = await doctor(place, "config.yaml", "--no-env");
    expect(itemsOf(result).filter(({ check }) => check === "secret")).toEqual([]);
    for (const secret of Object.values(secrets)) expect(brought.join("\n")).not.toContain(secret);
    // The near twin: a secret that the file itself has goes where the file says.
    place.write({ endpoints });
    await doctor(place, "config.yaml");
    expect(brought.join("\n")).toContain(secrets.api);
  });

  it("asks no provider with --offline", async () => {
    const place = await healthyPlace();
    const result = await doctor(place, "config.yaml", "--offline");
    expect([troublesIn(result), result.status]).toEqual(["", 0]);
    expect(provider.requests()).toEqual([]);
  });

  it("gives up what is not done in time, and tells the rest", async () => {
    const place = await healthyPlace();
    provider.plant(() => true);
    const result = await doctor(place, "--timeout", "1s");
    expect(result.status).toBe(5);
    expect(itemsOf(result)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: "oidc_provider", key: "test", check: "discovery", code: "CHECK_UNFINISHED" }),
        expect.objectContaining({ kind: "sealing_key", check: "key", status: "ok" }),
      ]),
    );
  });

  it("prints text for people, from the real program", async () => {
    const place = await healthyPlace();
    provider.show("ending");
    const args = ["doctor", "--database", place.database];
    const { status, stdout, stderr } = await runCliProcess(args, { cwd: place.folder });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^oidc_provider test\n {2}ok {11}connection: https:/m);
    expect(stdout).toMatch(
      /^ {2}warning {6}certificate: the certificate of https:\S+ ends on [\d-]+ \[CERTIFICATE_ENDS\]\n {15}fix: renew it before then$/m,
    );
    expect(stdout).toMatch(/^\d+ ok, 1 warning, 0 failure, 0 unreachable\.\n$/m);
  });
});
