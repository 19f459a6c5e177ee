import type * as z from "zod";

const formats: Readonly<Record<string, string>> = {
  email: "an e-mail address",
  url: "an absolute URL",
  uuid: "a UUID",
  guid: "a UUID",
  datetime: "a date and time with an offset, such as 2030-01-31T12:00:00Z",
  date: "a date such as 2030-01-31",
  time: "a time such as 12:30:00",
  duration: "a duration such as P1DT12H",
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
  cidrv4: "an IPv4 range such as 10.0.0.0/8",
  cidrv6: "an IPv6 range such as fd00::/8",
  base64: "base64",
  base64url: "base64url without padding",
  lowercase: "lower-case text",
  uppercase: "upper-case text",
};

/** What a value should have been, said from the limit that it broke and never from the value. */
export function describeLimit(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "too_big":
      return `expected ${amount(issue.origin, issue.exact ? "exactly" : issue.inclusive === false ? "less than" : "at most", issue.maximum)}`;
    case "too_small":
      return isFilled(issue)
        ? "expected text that is not empty"
        : `expected ${amount(issue.origin, issue.exact ? "exactly" : issue.inclusive === false ? "more than" : "at least", issue.minimum)}`;
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    case "invalid_format":
      return `expected ${describeFormat(issue)}`;
    case "invalid_key":
      return "this key is not accepted here";
    default:
      return "this value is not accepted here";
  }
}

function isFilled({ origin, minimum, inclusive, exact }: z.core.$ZodIssueTooSmall): boolean {
  return origin === "string" && minimum === 1 && inclusive !== false && !exact;
}

function amount(origin: string, comparison: string, limit: number | bigint): string {
  if (origin === "string") return `${comparison} ${limit} ${limit === 1 ? "character" : "characters"}`;
  if (origin === "array" || origin === "set") return `${comparison} ${limit} ${limit === 1 ? "entry" : "entries"}`;
  return `a number of ${comparison} ${limit}`;
}

/** Prefixes and the like come from the schema, so they may be told. */
function describeFormat(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if ("prefix" in issue) return `text that starts with ${issue.prefix}`;
  if ("suffix" in issue) return `text that ends with ${issue.suffix}`;
  if ("includes" in issue) return `text that holds ${issue.includes}`;
  return formats[issue.format] ?? "text of another form";
}
