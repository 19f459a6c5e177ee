interface Explanation {
  readonly codes: RegExp;
  /** The server answered, with a certificate that is not accepted: waiting does not help. */
  readonly isCertificate?: true;
  readonly message: string;
  readonly hint: string;
}

const caHint =
  "write a file with the CA certificate of the server as `oidc_op_ca_file`; certificate checks can't be turned off";

/** By the error codes of Node, OpenSSL and undici; the first match counts. Their messages may quote names and are not used. */
const explanations: readonly Explanation[] = [
  {
    codes: /^(?:ENOTFOUND|EAI_\w+|ENODATA|ESERVFAIL)$/,
    message: "the server's host name can't be resolved",
    hint: "check the host name in the URL, and this machine's DNS",
  },
  {
    codes: /^ECONNREFUSED$/,
    message: "the server refused the connection",
    hint: "check host and port in the URL, and that the server is running",
  },
  {
    codes: /^(?:E(?:NET|HOST)UNREACH|EADDRNOTAVAIL|EACCES|EPERM)$/,
    message: "there is no network route to the server",
    hint: "check the network and its policies between this machine and the server",
  },
  {
    codes: /^(?:ETIMEDOUT|UND_ERR_\w*TIMEOUT)$/,
    message: "the server did not answer in time",
    hint: "check host and port in the URL, and the network policies",
  },
  {
    codes: /^(?:CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/,
    isCertificate: true,
    message: "the server's certificate has expired or is not yet valid",
    hint: "renew the server's certificate, or correct the clock of this machine",
  },
  {
    codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    isCertificate: true,
    message: "the server's certificate is for another host name",
    hint: "use a host name of the certificate, or issue one for this host name",
  },
  {
    codes: /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|INVALID_\w+)$/,
    isCertificate: true,
    message: "the server's certificate is not signed by a trusted CA",
    hint: caHint,
  },
  {
    codes: /^(?:EPROTO|ERR_SSL_\w+|ERR_TLS_\w+)$/,
    message: "the TLS handshake with the server failed",
    hint: "check the port, and whether the URL should begin with http: instead of https:",
  },
  {
    codes: /^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET)$/,
    message: "the server closed the connection",
    hint: "check the port, and whether the URL should begin with https: instead of http:",
  },
];

/** Converts an HTTP client's error to a {@link FetchFailure} with a hint. Network failures may be temporary. */
export function explainNetworkError(error: unknown): FetchFailure {
  const known = findFetchFailure(error);
  if (known) return known;
  const causes = causesOf(error);
  // The fetch standard blocks ports of other protocols; this error has no code.
  if (causes.some(({ message }) => message === "bad port")) {
    return new FetchFailure(false, "the URL's port is blocked for HTTP", "use another port for the server");
  }
  const code = codeIn(causes);
  const explanation = explanationOf(code);
  const { message, hint } = explanation ?? {
    message: "the request failed",
    hint: "check that an HTTP server answers at the URL",
  };
  return new FetchFailure(true, code === undefined ? message : `${message} (${code})`, hint, { cause: error });
}

function codeIn(causes: readonly Error[]): string | undefined {
  return causes
    .map((cause) => ("code" in cause && typeof cause.code === "string" ? cause.code : ""))
    .findLast((found) => /^[A-Z][A-Z0-9_]{2,}$/.test(found));
}

function explanationOf(code: string | undefined): Explanation | undefined {
  return explanations.find(({ codes }) => code !== undefined && codes.test(code));
}

/** Whether a request failed because the server's certificate is not accepted. */
export function isCertificateRefused(failure: FetchFailure): boolean {
  return explanationOf(codeIn(causesOf(failure)))?.isCertificate === true;
}

/** Why a guarded request failed, and a hint how to fix it. The message does not name the URL. */
export class FetchFailure extends Error {
  /** True if the same request may work later, for example because the server is still starting. */
  readonly retryable: boolean;
  readonly hint: string;
  /** Whether a connection was established. */
  readonly isConnected: boolean;

  constructor(
    retryable: boolean,
    message: string,
    hint: string,
    { isConnected = false, ...options }: ErrorOptions & { readonly isConnected?: boolean } = {},
  ) {
    super(message, options);
    this.name = "FetchFailure";
    this.retryable = retryable;
    this.hint = hint;
    this.isConnected = isConnected;
  }

  /** The same failure, after a connection was established. */
  overConnection(): FetchFailure {
    return new FetchFailure(this.retryable, this.message, this.hint, { cause: this.cause, isConnected: true });
  }
}

/** The {@link FetchFailure} among an error and its causes: HTTP clients wrap what their hooks throw. */
export function findFetchFailure(error: unknown): FetchFailure | undefined {
  return causesOf(error).find((cause) => cause instanceof FetchFailure);
}

/** An error and what caused it, outermost first. */
function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error && !causes.includes(cause); cause = cause.cause) causes.push(cause);
  return causes;
}

/**
 * The name of the variable that makes other programs use a proxy for this URL; undefined where there is none, or where
 * `NO_PROXY` has the host. Its value, which may contain a password, is not read.
 */
export function proxyVariable(env: Readonly<Record<string, string | undefined>>, url: URL): string | undefined {
  const own = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const names = [own, "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]);
  const name = names.find((candidate) => env[candidate]);
  const exempt = (env.NO_PROXY || env.no_proxy || "").split(/[\s,]+/).map((entry) => entry.replace(/^\*?\.?/, ""));
  const isExempt = exempt.some((entry) => entry !== "" && `.${url.hostname}`.endsWith(`.${entry.toLowerCase()}`));
  return isExempt || (env.NO_PROXY || env.no_proxy)?.trim() === "*" ? undefined : name;
}
