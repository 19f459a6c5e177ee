import type { ConfigPath, Remark } from "../../config/step.js";
import { isSecret, type Secret } from "../../secrets/secret.js";
import { checkTokenFormat, tokenWeakness } from "../../secrets/token.js";
import { refusal, warning } from "../remark.js";
import type { TokenAuthConfig } from "./schema.js";

export function reviewTokens({ items }: TokenAuthConfig, now: Date): readonly Remark[] {
  return items.flatMap((item, index) => {
    if (item.state === "absent") return [];
    return [
      ...(isSecret(item.token) ? reviewValue(item.token, ["items", index, "token"]) : []),
      ...reviewExpiry(item.expires_at, now, ["items", index, "expires_at"]),
    ];
  });
}

function reviewValue(token: Secret, path: ConfigPath): readonly Remark[] {
  if (token.reveal().toLowerCase() === "generate") {
    const message = "this would make a token whose value is that one word, which anybody can guess";
    return [refusal("INVALID_VALUE", path, message, "write `{generate: true}` to have a value made")];
  }
  // Such a value is refused before it is looked up, so it would never let anybody in.
  if (checkTokenFormat(token.reveal()) === "mistyped") {
    const message =
      "this looks like a token that vtb-setup generated, but its checksum does not fit: it was mistyped or cut off";
    return [
      refusal(
        "INVALID_VALUE",
        path,
        message,
        "copy the value again, or write `{generate: true}` to have a new one made",
      ),
    ];
  }
  const weakness = tokenWeakness(token);
  if (weakness === undefined) return [];
  return [
    warning(
      "WEAK_TOKEN",
      path,
      weakness,
      "write at least 32 random characters, or `{generate: true}` to have them made",
    ),
  ];
}

function reviewExpiry(expiresAt: string | undefined, now: Date, path: ConfigPath): readonly Remark[] {
  if (expiresAt === undefined || Date.parse(expiresAt) > now.getTime()) return [];
  const hint = "write a later time, or `state: absent` to revoke the token";
  return [warning("EXPIRED", path, "this time is in the past, so the token lets nobody in", hint)];
}
