import type { Remark } from "../../config/step.js";
import { inlineProvider } from "./inline-provider.js";
import { reviewClient } from "./review-client.js";
import { reviewDeprecated } from "./review-deprecated.js";
import { reviewEndpoints, reviewKeys } from "./review-keys.js";
import { reviewProvider } from "./review-provider.js";
import type { OidcConfig } from "./schema.js";
import type { PresentProvider } from "./step-provider.js";
import type { PresentClient } from "./step-schema.js";
import { reviewSignKey } from "./step-sign-key.js";

export function reviewOidc({ providers, items }: OidcConfig): readonly Remark[] {
  return [
    ...providers.flatMap((provider, index) =>
      provider.state === "absent" ? [] : reviewProvider(provider, ["providers", index]),
    ),
    ...items.flatMap((client, index) => {
      const path = ["items", index];
      if (client.state === "absent") return reviewSignKey({ oidc_rp_idp_sign_key: client.oidc_rp_idp_sign_key }, path);
      const inline = inlineProvider(client);
      return [
        ...(inline ? reviewProvider(inline, path) : []),
        ...reviewClient(client, path),
        ...reviewEndpoints(client, inline ?? providerOf(client, providers), path),
        ...reviewKeys(client, inline ?? providerOf(client, providers), path),
        ...reviewDeprecated(client, path),
      ];
    }),
  ];
}

function providerOf(client: PresentClient, providers: OidcConfig["providers"]): PresentProvider | undefined {
  const isNamed = (provider: OidcConfig["providers"][number]): provider is PresentProvider =>
    provider.state !== "absent" && provider.identifier === client.oidc_provider_identifier;
  return providers.find(isNamed);
}
