import { isInsecure } from "../../oidc/check-metadata.js";
import { type DiscoveryResult, discoverProvider, endpointsOf } from "../../oidc/discovery.js";
import type { FormFields } from "../form.js";
import { message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { facts, list } from "../html/parts.js";
import type { View } from "../view.js";
import { providerTexts } from "./provider-texts.js";
import { type EndpointField, endpointFieldNames, endpointFields } from "./provider-values.js";

type Found = DiscoveryResult & { readonly kind: "found" };

/** What a provider says of itself, before anything is saved. */
export type Preview =
  | { readonly kind: "nothing" }
  | { readonly kind: "limited"; readonly seconds: number }
  | { readonly kind: "failed"; readonly failure: Exclude<DiscoveryResult, Found> }
  /** `otherIssuer`: another one than the form or the address says. */
  | { readonly kind: "found"; readonly found: Found; readonly otherIssuer: string | undefined };

/** How long a page waits for a provider. */
export const timeoutMs = 10_000;

/** Fetches the discovery document that a form names; no secret is sent, and nothing is saved. */
export async function fetchPreview(form: FormFields): Promise<Preview> {
  const discoveryEndpoint = form.text("oidc_op_discovery_endpoint");
  if (discoveryEndpoint === "") return { kind: "nothing" };
  const request = {
    discoveryEndpoint,
    caFile: form.text("oidc_op_ca_file") || undefined,
    explicitJwks: form.text("oidc_op_jwks_endpoint") !== "",
    timeoutMs,
  };
  const result = await discoverProvider({ ...request, issuer: form.text("oidc_op_issuer") || undefined });
  if (result.kind === "found") return { kind: "found", found: result, otherIssuer: undefined };
  const { otherIssuer } = result;
  if (otherIssuer === undefined) return { kind: "failed", failure: result };
  const other = await discoverProvider({ ...request, issuer: otherIssuer });
  return other.kind === "found" ? { kind: "found", found: other, otherIssuer } : { kind: "failed", failure: other };
}

export function previewBox(view: View, form: FormFields, preview: Preview): Html {
  const t = providerTexts[view.language].preview;
  switch (preview.kind) {
    case "nothing":
      return message(html`<h2>${t.title}</h2><p>${t.nothing}</p>`, "warning");
    case "limited":
      return message(html`<h2>${t.title}</h2><p>${t.limited(preview.seconds)}</p>`, "warning");
    case "failed": {
      const { kind, message: said } = preview.failure;
      return message(html`<h2>${t.title}</h2><p>${t.failed} ${t[kind]}</p><p lang="en">${said}</p>`, "warning");
    }
    case "found":
      return foundBox(view, form, preview);
  }
}

function foundBox(view: View, form: FormFields, { found, otherIssuer }: Preview & { readonly kind: "found" }): Html {
  const t = providerTexts[view.language].preview;
  const { fields } = providerTexts[view.language];
  const said = saidBy(found);
  const warnings = warningsOf(view, form, found);
  const shown = endpointFieldNames.flatMap((name) => {
    const url = said[name];
    return url ? [[fields[name] ?? name, html`<code>${url}</code>`] as const] : [];
  });
  const listed = (names: readonly string[] | undefined) => (names ? cut(names) : t.notSaid);
  const { offers } = found;
  return html`${message(
    html`<h2>${t.title}</h2>
${otherIssuer === undefined ? html`<p>${t.ok}</p>` : html`<p>${t.otherIssuer(otherIssuer)}</p>`}
${warnings.length === 0 ? nothing : list(warnings)}`,
    otherIssuer === undefined && warnings.length === 0 ? "note" : "warning",
  )}
${facts([
  [fields.oidc_op_issuer ?? "", html`<code>${found.issuer}</code>`],
  ...shown,
  [t.algorithms, listed(offers?.signAlgorithms)],
  [t.methods, listed(offers?.authMethods)],
  [t.scopes, listed(offers?.scopes)],
  [t.pkce, listed(offers?.pkceMethods)],
])}`;
}

function saidBy(found: Found): Readonly<Partial<Record<EndpointField, string | null>>> {
  const said: Readonly<Record<string, string | null>> = endpointsOf(found);
  return Object.fromEntries(endpointFieldNames.map((name) => [name, said[endpointFields[name]] ?? null]));
}

function warningsOf(view: View, form: FormFields, found: Found): readonly string[] {
  const t = providerTexts[view.language].preview;
  const { fields } = providerTexts[view.language];
  const { offers } = found;
  const said = saidBy(found);
  const methods = offers?.authMethods;
  const isBasic = form.isChecked("oidc_token_use_basic_auth");
  const lacks = (names: readonly string[] | undefined, name: string) => names !== undefined && !names.includes(name);
  const warnings = [
    offers?.accessTokenIssuer === undefined ? undefined : t.accessTokenIssuer(offers.accessTokenIssuer),
    found.authorizationEndpoint && found.tokenEndpoint ? undefined : t.noLogin,
    found.userinfoEndpoint ? undefined : t.noUserinfo,
    form.isChecked("oidc_use_pkce") && lacks(offers?.pkceMethods, "S256") ? t.noS256 : undefined,
    lacks(offers?.signAlgorithms, "RS256") ? t.noRs256(cut(offers?.signAlgorithms ?? [])) : undefined,
    !isBasic && lacks(methods, "client_secret_post") && methods?.includes("client_secret_basic")
      ? t.basicOnly
      : undefined,
    isBasic && lacks(methods, "client_secret_basic") ? t.postOnly : undefined,
    ...endpointFieldNames.flatMap((name) => {
      const typed = form.text(name);
      const url = said[name];
      return [
        typed !== "" && url && typed !== url ? t.differs(fields[name] ?? name) : undefined,
        url && isInsecure(url) ? t.insecure(fields[name] ?? name) : undefined,
      ];
    }),
  ];
  return warnings.filter((warning) => warning !== undefined);
}

/** A foreign server may put anything there. */
function cut(names: readonly string[]): string {
  const short = names.filter((name) => /^[\x21-\x7e]{1,60}$/.test(name));
  return `${short.slice(0, 30).join(", ")}${short.length > 30 ? ", …" : ""}` || "–";
}
