import type { Attributes } from "@opentelemetry/api";
import type { LoginStatus } from "../login/login.js";
import type { ProviderStatus } from "../oidc/provider-status.js";
import type { VerifierStatus } from "../verifier/verifier.js";
import type { GaugeName } from "./instruments.js";

/** A value of a gauge. */
export interface Reading {
  readonly name: GaugeName;
  readonly value: number;
  readonly attributes: Attributes;
}

type Component = "verifier" | "login";

/** What the gauges show of a verifier. */
export function readingsOfVerifier(status: VerifierStatus, nowMs: number): readonly Reading[] {
  const { caches, expiringTokens } = status;
  return [
    ...readingsOf("verifier", status, status.providers),
    ...caches.flatMap(({ name, size, max }): readonly Reading[] => {
      const attributes = { "vtb_setup.cache.name": name };
      return [
        { name: "vtb_setup.verifier.cache.entries", value: size, attributes },
        { name: "vtb_setup.verifier.cache.capacity", value: max, attributes },
      ];
    }),
    { name: "vtb_setup.verifier.tokens.expiring", value: expiringTokens.count, attributes: {} },
    ...(expiringTokens.next === undefined
      ? []
      : [
          {
            name: "vtb_setup.verifier.tokens.next_expiry",
            value: (Date.parse(expiringTokens.next) - nowMs) / 1000,
            attributes: {},
          } as const,
        ]),
  ];
}

/** What the gauges show of a login. */
export function readingsOfLogin(status: LoginStatus): readonly Reading[] {
  return readingsOf("login", status, status.provider ? [status.provider] : []);
}

function readingsOf(
  component: Component,
  { isReady, database }: Pick<VerifierStatus, "isReady" | "database">,
  providers: readonly ProviderStatus[],
): readonly Reading[] {
  const about = { "vtb_setup.component": component };
  return [
    { name: "vtb_setup.ready", value: isReady ? 1 : 0, attributes: about },
    ...(database.revision === undefined
      ? []
      : [{ name: "vtb_setup.database.revision", value: database.revision, attributes: about } as const]),
    ...database.pools.flatMap(({ name, max, total, idle, waiting }): readonly Reading[] => {
      const attributes = { ...about, "db.client.connection.pool.name": name };
      const inState = (state: string, value: number): Reading => ({
        name: "vtb_setup.database.connection.count",
        value,
        attributes: { ...attributes, "db.client.connection.state": state },
      });
      return [
        inState("idle", idle),
        inState("used", total - idle),
        { name: "vtb_setup.database.connection.max", value: max, attributes },
        { name: "vtb_setup.database.connection.pending_requests", value: waiting, attributes },
      ];
    }),
    ...providers.flatMap(({ issuer, keys, pausedUntil }): readonly Reading[] => {
      const attributes = { ...about, "vtb_setup.provider.issuer": issuer };
      return [
        { name: "vtb_setup.provider.paused", value: pausedUntil === undefined ? 0 : 1, attributes },
        ...(keys ? [{ name: "vtb_setup.provider.keys.age", value: keys.ageSeconds, attributes } as const] : []),
      ];
    }),
  ];
}
