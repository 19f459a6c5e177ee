import * as z from "zod";
import { heldTo } from "../../config/fields.js";
import { longestUrl } from "../../users/names.js";

/** The URL of something that is fetched or visited: absolute, http or https, without credentials; spaces around it are dropped. */
export const httpUrl = heldTo(
  "url",
  z
    .string()
    .trim()
    .max(longestUrl)
    .refine(isHttpUrl, { error: "expected an absolute http or https URL" })
    .refine((text) => !hasCredentials(text), { error: "expected a URL without a user name or password in it" }),
);

/** {@link httpUrl}, or an empty text for none. */
export const httpUrlOrEmpty = heldTo(
  "url",
  z
    .string()
    .trim()
    .max(longestUrl)
    .refine((text) => text === "" || isHttpUrl(text), {
      error: "expected an absolute http or https URL, or '' for none",
    })
    .refine((text) => !hasCredentials(text), { error: "expected a URL without a user name or password in it" }),
);

/** An issuer is compared byte for byte (RFC 8414 §3.3), so nothing is dropped from it. */
export const issuer = heldTo(
  "visible",
  z
    .string()
    .max(longestUrl)
    .refine((text) => text === "" || isHttpUrl(text), {
      error: "expected an absolute http or https URL, without spaces around it",
    })
    .refine((text) => !hasCredentials(text), { error: "expected a URL without a user name or password in it" }),
);

/** {@link issuer}, and not an empty one. */
export const formerIssuer = issuer.refine((text) => text !== "", { error: "expected an absolute http or https URL" });

function isHttpUrl(text: string): boolean {
  return /^https?:\/\/[^/?#\\\s\p{Cc}][^\\\s\p{Cc}]*$/iu.test(text) && URL.canParse(text);
}

function hasCredentials(text: string): boolean {
  if (!isHttpUrl(text)) return false;
  const { username, password } = new URL(text);
  return username !== "" || password !== "";
}
