import type { ConfigPath, Remark } from "../../config/step.js";
import { warning } from "../remark.js";
import { hasOptions } from "./complete-options.js";
import { flatOptionNames, flatOptionPlaces } from "./step-flat-options.js";
import type { PresentClient } from "./step-schema.js";

const providerFields = [
  "endpoint_config",
  "oidc_token_use_basic_auth",
  "oidc_use_nonce",
  "oidc_nonce_size",
  "oidc_state_size",
] as const;

/** A client's fields that are written elsewhere today: some still work, some are overruled by what is written there. */
export function reviewDeprecated(client: PresentClient, path: ConfigPath): readonly Remark[] {
  return [...reviewProviderFields(client, path), ...reviewFlatOptions(client, path)];
}

function reviewProviderFields(client: PresentClient, path: ConfigPath): readonly Remark[] {
  return providerFields
    .filter((name) => client[name] !== undefined && client[name] !== null)
    .map((name) => {
      const place = `providers[].${name}`;
      if (!client.oidc_provider_identifier) return deprecated(name, place, path);
      const message = `\`${name}\` has no effect beside \`oidc_provider_identifier\`: the provider's own entry counts`;
      return warning("IGNORED_FIELD", [...path, name], message, `remove it here, or move it to \`${place}\``);
    });
}

function reviewFlatOptions(client: PresentClient, path: ConfigPath): readonly Remark[] {
  return flatOptionNames
    .filter((name) => client[name] !== undefined)
    .map((name) => {
      const place = flatOptionPlaces[name];
      if (!hasOptions(client)) return deprecated(name, place, path);
      const message = `\`${name}\` has no effect beside \`options\``;
      return warning("IGNORED_FIELD", [...path, name], message, `remove it here, or move it to \`${place}\``);
    });
}

function deprecated(name: string, place: string, path: ConfigPath): Remark {
  return warning("DEPRECATED_FIELD", [...path, name], `\`${name}\` is deprecated here`, `write it as \`${place}\``);
}
