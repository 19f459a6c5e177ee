import type { RefusalCode } from "../../src/login/refusal-codes.js";
import { rejectionReasons } from "../../src/login/rejection-reasons.js";
import { Secret } from "../../src/secrets/secret.js";
import { json } from "../verifier/bearer/issuer.js";
import { providerOf } from "../verifier/bearer/world.js";
import { type Browser, openBrowser } from "./browser.js";
import { callbackIn, withError } from "./callbacks.js";
import type { signWith } from "./fake-provider.js";
import { unsavedOf } from "./trials.js";
import {
  adminClient,
  type Finished,
  localUser,
  password,
  settingsOf,
  start,
  type World,
  type WorldOptions,
} from "./world.js";

export interface Refused {
  readonly code: RefusalCode;
  readonly reason: string;
  readonly options?: () => WorldOptions;
  readonly attack: (world: World, browser: Browser) => Promise<Finished>;
}

/** What no attack of attacks.ts ends in, so that every reason of a refusal has a case. */
export function furtherRefusals(key: { readonly other: Parameters<typeof signWith>[0] }): readonly Refused[] {
  return [
    ...callbackErrors("provider_refused", ["access_denied"]),
    ...callbackErrors("configuration_rejected", ["invalid_client", "unsupported_grant_type"]),
    ...callbackErrors("provider_failed", [
      "unknown_error",
      "token_request_refused",
      "token_endpoint_failed",
      "token_answer_invalid",
    ]),
    afterTokens("configuration_rejected", "unsupported_grant_type", (world) => {
      world.provider.onToken = (response) => json(response, { error: "unsupported_grant_type" }, 400);
    }),
    afterTokens("provider_failed", "token_request_refused", (world) => {
      const said = { error: "slow_down", error_description: "Too many requests for realm vtb" };
      world.provider.onToken = (response) => json(response, said, 400);
    }),
    afterTokens("provider_failed", "token_endpoint_failed", (world) => {
      world.provider.onToken = (response) => void response.writeHead(500, { "content-type": "text/html" }).end("<h1>");
    }),
    ...idTokens(key.other),
    ...freshness,
    {
      code: "not_configured",
      reason: "trial_unknown",
      attack: async (world, browser) => {
        const begun = await world.login.tryOut(unsavedOf(world));
        if (begun.kind !== "redirect") throw new Error("expected a trial to begin");
        browser.take(begun.cookies);
        const another = await world.another();
        return another.finish(world.provider.authorize(begun.location), browser.header());
      },
    },
    ...userinfoAnswers,
    ...people,
    ...configurations,
    ...passwords,
    {
      code: "state_expired",
      reason: "authentication_expired",
      attack: async (world, browser) => {
        for (let { href } = await world.begin(browser); ; ) {
          const more = { error_description: "authentication_expired" };
          const callback = withError(world.provider.authorize(href), "temporarily_unavailable", more);
          const outcome = await world.end(browser, callback);
          if (outcome.kind !== "redirect") return outcome;
          href = outcome.location;
        }
      },
    },
  ];
}

/** What a provider says instead of when a person signed in, who must do so now or did so too long ago. */
const freshness: readonly Refused[] = (
  [
    ["auth_time_missing", { prompt: "login" }, undefined],
    ["auth_time_malformed", { prompt: "login" }, "yesterday"],
    ["auth_time_in_future", { maxAge: 900 }, start / 1000 + 31],
    ["before_prompt", { prompt: "login" }, start / 1000 - 31],
    ["too_long_ago", { maxAge: 900 }, start / 1000 - 930],
  ] as const
).map(([reason, asked, authTime]) => ({
  code: "sign_in_not_fresh",
  reason,
  attack: (world, browser) => {
    world.provider.idClaims = { auth_time: authTime };
    return world.signIn(browser, "/", asked);
  },
}));

/** An error for each reason that is a provider's word, but for those that have a case elsewhere. */
function callbackErrors(
  code: "provider_refused" | "provider_failed" | "configuration_rejected",
  elsewhere: readonly string[],
): readonly Refused[] {
  const reasons = Object.keys(rejectionReasons[code]).filter((reason) => !elsewhere.includes(reason));
  return reasons.map((reason) => ({
    code,
    reason,
    attack: async (world, browser) =>
      world.end(browser, withError(await callbackIn(world, browser), reason, { error_description: "See the manual" })),
  }));
}

function afterTokens(
  code: RefusalCode,
  reason: string,
  change: (world: World) => void,
  options?: () => WorldOptions,
): Refused {
  return {
    code,
    reason,
    ...(options && { options }),
    attack: (world, browser) => {
      change(world);
      return world.signIn(browser);
    },
  };
}

function idTokens(other: Parameters<typeof signWith>[0]): readonly Refused[] {
  const refused = (reason: string, change: (world: World) => void) =>
    afterTokens("identity_unverified", reason, change);
  const claims = (reason: string, idClaims: Readonly<Record<string, unknown>>) =>
    refused(reason, (world) => {
      world.provider.idClaims = idClaims;
    });
  const token = (reason: string, idToken: string) =>
    refused(reason, (world) => {
      const said = { access_token: "a", token_type: "bearer", id_token: idToken };
      world.provider.onToken = (response) => json(response, said);
    });
  const part = (value: string) => Buffer.from(value).toString("base64url");
  return [
    token("too_long", "a".repeat(17_000)),
    token("malformed", "a.b.c.d.e"),
    token("malformed_header", `${part('{"alg":1}')}.${part("{}")}.${part("s")}`),
    token("malformed_payload", `${part('{"alg":"RS256"}')}.${part("[]")}.${part("s")}`),
    token("unsupported_header", `${part('{"alg":"RS256","zip":"DEF"}')}.${part("{}")}.${part("s")}`),
    refused("wrong_algorithm", (world) => {
      world.provider.signer = "a-secret-that-is-long-enough-for-hs256-8d1f0c";
    }),
    refused("bad_signature", (world) => {
      world.provider.signer = other;
      world.provider.idHeader = { kid: "key-1" };
    }),
    refused("unknown_key", (world) => {
      world.provider.idHeader = { kid: "key-of-last-year" };
    }),
    {
      code: "provider_unavailable",
      reason: "keys_unavailable",
      options: () => ({ provider: { jwks_endpoint: "http://127.0.0.1:9/jwks" } }),
      attack: (world, browser) => world.signIn(browser),
    },
    claims("wrong_type", { typ: "Refresh" }),
    claims("wrong_issuer", { iss: "https://old.example.nl/realms/vtb" }),
    claims("wrong_audience", { aud: ["account", "admin"], azp: "portal" }),
    claims("malformed_time", { exp: "tomorrow" }),
    claims("expired", { exp: Date.parse("2026-03-01T11:59:00Z") / 1000 }),
    claims("not_yet_valid", { nbf: Date.parse("2026-03-01T12:05:00Z") / 1000 }),
    claims("issued_in_future", { iat: Date.parse("2026-03-01T12:05:00Z") / 1000 }),
    claims("wrong_at_hash", { at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }),
    claims("wrong_c_hash", { c_hash: "AAAAAAAAAAAAAAAAAAAAAA" }),
    claims("subject_invalid", { sub: 17 }),
  ];
}

const askingUserinfo = (): WorldOptions => ({ client: { userinfo_claims_source: "userinfo_endpoint" } });

const userinfoAnswers: readonly Refused[] = [
  afterTokens(
    ...(["identity_unverified", "userinfo_refused"] as const),
    (world) => {
      world.provider.onUserinfo = (response, { authorization }) => {
        const challenge = `Bearer error="insufficient_scope", scope="openid", error_description="${authorization}"`;
        response.writeHead(403, { "www-authenticate": challenge }).end();
      };
    },
    askingUserinfo,
  ),
  afterTokens(
    ...(["identity_unverified", "userinfo_invalid"] as const),
    (world) => {
      world.provider.onUserinfo = (response) =>
        void response.writeHead(200, { "content-type": "text/html" }).end("<p>");
    },
    askingUserinfo,
  ),
];

function person(code: RefusalCode, reason: string, claims: object, options?: () => WorldOptions): Refused {
  return afterTokens(
    ...([code, reason] as const),
    (world) => {
      world.provider.person = { ...world.provider.person, ...claims };
    },
    options,
  );
}

const byEmail = { claim_mappings: { username: ["email"] } };
const plain = { is_superuser: false, is_staff: false };

const people: readonly Refused[] = [
  person("user_refused", "username_missing", { email: undefined }),
  person("user_refused", "username_invalid", { email: ["jan@example.nl"] }),
  person("user_refused", "email_unverified", {}, () => ({
    client: settingsOf({ ...byEmail, allow_unverified_email: false }),
  })),
  person("user_refused", "claim_invalid", { given_name: true }),
  {
    code: "user_refused",
    reason: "username_taken",
    attack: async (world, browser) => {
      await world.signIn();
      world.provider.person = { ...world.provider.person, sub: "s-another" };
      return world.signIn(browser);
    },
  },
  person("user_refused", "username_ambiguous", {}, () => ({
    client: settingsOf({ ...byEmail, username_case_sensitive: false }),
    resources: [localUser("JAN@example.nl", plain), localUser("Jan@example.nl", plain)],
  })),
  person("user_refused", "username_confusable", { email: "JAN@example.nl" }, () => ({
    resources: [localUser("jan@example.nl")],
  })),
  person("user_refused", "username_of_emergency", {}, () => ({
    resources: [localUser("jan@example.nl", password("een-lang-wachtwoord-voor-nood-31"))],
  })),
  {
    code: "user_refused",
    reason: "username_of_service",
    attack: async (world, browser) => {
      await world.apply(localUser("jan@example.nl", plain));
      await world.database.kysely.updateTable("users").set({ is_service: 1 }).execute();
      return world.signIn(browser);
    },
  },
  person("groups_overage", "groups_overage", { groups: undefined, hasgroups: true }),
  person("user_not_linked", "sign_in_missing", {}, () => ({ resources: [localUser("jan@example.nl")] })),
  person("user_not_linked", "sign_in_of_another", {}, () => ({
    resources: [localUser("jan@example.nl", { sign_in_provider: "idp", sign_in_subject: "s-another" })],
  })),
];

const configurations: readonly Refused[] = [
  {
    code: "not_configured",
    reason: "unknown_client",
    attack: async (world) => (await world.another({ client: "portal-oidc" })).start(),
  },
  {
    code: "not_configured",
    reason: "client_incomplete",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      await world.apply(providerOf(world.provider, "idp", { token_endpoint: null }));
      return world.end(browser, callback);
    },
  },
  {
    code: "not_configured",
    reason: "client_unusable",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      await world.apply(adminClient({ sign_key: new Secret("geen sleutel") }));
      return world.end(browser, callback);
    },
  },
  {
    code: "not_configured",
    reason: "weak_secret",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      await world.apply(adminClient({ sign_algo: "HS256", client_secret: new Secret("kort-geheim-7f2a") }));
      return world.end(browser, callback);
    },
  },
  {
    code: "provider_unavailable",
    reason: "provider_unavailable",
    attack: async (world, browser) => {
      const callback = await callbackIn(world, browser);
      world.provider.onDiscovery = (response) => void response.writeHead(503).end();
      const unknown = { jwks_endpoint: null, token_endpoint: null, authorization_endpoint: null };
      const discovery_endpoint = `${world.provider.issuer}/`;
      await world.apply(providerOf(world.provider, "idp", { ...unknown, discovery_endpoint }));
      return world.end(browser, callback);
    },
  },
];

function trying(
  reason: string,
  resources: () => WorldOptions,
  username: string,
  text = "verkeerd-wachtwoord",
): Refused {
  return {
    code: "password_refused",
    reason,
    options: resources,
    attack: (world) => world.login.signInWithPassword({ username, password: text }, undefined),
  };
}

const emergency = (): WorldOptions => ({
  resources: [localUser("nood", password("een-lang-wachtwoord-voor-nood-31")), localUser("piet", plain)],
});

const passwords: readonly Refused[] = [
  trying("too_long", emergency, "n".repeat(2000)),
  trying("unknown_user", emergency, "niemand"),
  trying("no_password", emergency, "piet"),
  trying("wrong_password", emergency, "nood"),
  {
    code: "password_refused",
    reason: "not_superuser",
    options: () => ({
      resources: [localUser("jan", { ...password("een-lang-wachtwoord-voor-nood-31"), is_superuser: false })],
    }),
    attack: (world) => {
      const right = { username: "jan", password: "een-lang-wachtwoord-voor-nood-31", superusersOnly: true };
      return world.login.signInWithPassword(right, undefined);
    },
  },
  {
    code: "password_refused",
    reason: "user_of_provider",
    options: emergency,
    attack: async (world) => {
      const links = { issuer: world.provider.issuer, subject: "s-nood" };
      await world.database.kysely.updateTable("users").set(links).where("username", "=", "nood").execute();
      return world.login.signInWithPassword({ username: "nood", password: "verkeerd-wachtwoord" }, undefined);
    },
  },
  {
    code: "too_many_attempts",
    reason: "too_many_attempts",
    options: emergency,
    attack: async (world) => {
      const wrong = { username: "nood", password: "verkeerd-wachtwoord" };
      for (let attempt = 0; attempt < 5; attempt += 1) await world.login.signInWithPassword(wrong, undefined);
      return world.login.signInWithPassword(wrong, undefined);
    },
  },
  {
    code: "too_many_attempts",
    reason: "too_many_at_once",
    options: emergency,
    attack: async (world) => {
      const tries = ["a", "b", "c", "d", "e"].map((username) =>
        world.login.signInWithPassword({ username, password: "verkeerd-wachtwoord" }, undefined),
      );
      const outcomes = await Promise.all(tries);
      const refused = outcomes.find((outcome) => outcome.kind === "refused" && outcome.code === "too_many_attempts");
      return refused ?? outcomes[0] ?? world.signIn(openBrowser());
    },
  },
];
