/** What a provider's discovery document says, checked. */
interface DiscoveredProvider {
  readonly kind: "found";
  /** Byte for byte as the document has it: tokens are compared with it. */
  readonly issuer: string;
  readonly authorizationEndpoint?: string | undefined;
  readonly tokenEndpoint?: string | undefined;
  readonly userinfoEndpoint?: string | undefined;
  readonly introspectionEndpoint?: string | undefined;
  /** There, unless the file names the keys' URL itself. */
  readonly jwksEndpoint?: string | undefined;
  readonly logoutEndpoint?: string | undefined;
  readonly offers?: Offers | undefined;
}

/** The lists of a discovery document that has any; one that is left out says nothing. */
export interface Offers {
  /** Of its access tokens, where that is another than the issuer of its ID tokens (AD FS). */
  readonly accessTokenIssuer?: string | undefined;
  readonly signAlgorithms?: readonly string[] | undefined;
  readonly authMethods?: readonly string[] | undefined;
  readonly introspectionAuthMethods?: readonly string[] | undefined;
  readonly pkceMethods?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** Why there is nothing to use: `unreachable` may work later, `invalid` needs somebody to change something. */
export interface DiscoveryFailure {
  readonly kind: "unreachable" | "invalid";
  readonly message: string;
  readonly hint: string;
}

export type DiscoveryResult = DiscoveredProvider | DiscoveryFailure;

export function invalid(message: string, hint: string): DiscoveryFailure {
  return { kind: "invalid", message, hint };
}
