import { expect } from "vitest";
import { runCli } from "../support/cli.js";
import type { Workplace } from "./outcome.js";

export const clientSecrets = {
  OIDC_CLIENT_ADMIN_OIDC_CLIENT_SECRET: "geheim-van-client-vtb-beheer",
  OIDC_CLIENT_API_OIDC_CLIENT_SECRET: "geheim-van-client-vtb-api",
};
export const issuer = "https://keycloak.gemeente.example/realms/vtb";
export const subject = "7d0f3c51-88a1-4c55-9b6e-2a4d1e0c9f77";

interface Imported {
  readonly outcome: string;
  readonly items: readonly { readonly text: string; readonly entries: number; readonly variables: readonly object[] }[];
  readonly changes?: readonly { readonly kind: string; readonly key: string }[];
  readonly diagnostics: readonly { readonly severity: string; readonly code: string; readonly message: string }[];
}

export async function importFrom(source: string, place: Workplace, ...args: readonly string[]): Promise<Imported> {
  const run = await runCli(["import", "django", "--from", source, "--offline", ...args, "--output", "json"], {
    cwd: place.folder,
  });
  expect([run.status, run.stderr]).toEqual([0, ""]);
  return JSON.parse(run.stdout);
}

/** The messages of what stays behind or differs. */
export function leftBehind({ diagnostics }: Imported): readonly string[] {
  return diagnostics.filter(({ code }) => code === "NOT_IMPORTED").map(({ message }) => message);
}
