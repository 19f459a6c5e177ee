import type { Remark } from "../../config/step.js";
import { inlineProvider } from "./inline-provider.js";
import { reviewClient } from "./review-client.js";
import { reviewDeprecated } from "./review-deprecated.js";
import { reviewProvider } from "./review-provider.js";
import type { OidcConfig } from "./schema.js";

export function reviewOidc({ providers, items }: OidcConfig): readonly Remark[] {
  return [
    ...providers.flatMap((provider, index) =>
      provider.state === "absent" ? [] : reviewProvider(provider, ["providers", index]),
    ),
    ...items.flatMap((client, index) => {
      if (client.state === "absent") return [];
      const path = ["items", index];
      const inline = inlineProvider(client);
      return [
        ...(inline ? reviewProvider(inline, path) : []),
        ...reviewClient(client, path),
        ...reviewDeprecated(client, path),
      ];
    }),
  ];
}
