/** Which JWTs are taken for access tokens: every one that is no other sort of token, or those of RFC 9068 alone. */
export type AccessTokenType = "lenient" | "rfc9068";

/** What is asked of a token beside what its client's configuration asks. */
export interface TokenRules {
  /** How far clocks may differ. */
  readonly leewaySeconds: number;
  /** How old a token may be, by its `iat`, whatever its `exp` says. */
  readonly maxAgeSeconds: number | undefined;
  readonly isStrict: boolean;
}

export interface TokenRuleOptions {
  /** How far clocks may differ, 0 to 300 s; 30 unless told. */
  readonly leewaySeconds?: number | undefined;
  /** The most seconds after a token's `iat`; unlimited unless told. */
  readonly maxTokenAgeSeconds?: number | undefined;
  /** `lenient` unless told. */
  readonly accessTokenType?: AccessTokenType | undefined;
}

/** @throws RangeError for a leeway outside of 0 to 300 s, or an age that is not above 0 */
export function readTokenRules(options: TokenRuleOptions): TokenRules {
  const { leewaySeconds = 30, maxTokenAgeSeconds: maxAgeSeconds, accessTokenType = "lenient" } = options;
  if (!(leewaySeconds >= 0 && leewaySeconds <= 300)) throw new RangeError("the leeway must be from 0 to 300 seconds");
  if (maxAgeSeconds !== undefined && !(maxAgeSeconds > 0)) {
    throw new RangeError("the greatest age of a token must be above 0 seconds");
  }
  if (accessTokenType !== "lenient" && accessTokenType !== "rfc9068") {
    throw new RangeError("the type of access tokens must be lenient or rfc9068");
  }
  return { leewaySeconds, maxAgeSeconds, isStrict: accessTokenType === "rfc9068" };
}

/** Until when the token's own times let it in, in milliseconds. They were checked before. */
export function endOfToken(
  { exp, iat }: { readonly exp: number; readonly iat?: number },
  { leewaySeconds, maxAgeSeconds }: TokenRules,
): number {
  const end = maxAgeSeconds === undefined || iat === undefined ? exp : Math.min(exp, iat + maxAgeSeconds);
  return (end + leewaySeconds) * 1000;
}
