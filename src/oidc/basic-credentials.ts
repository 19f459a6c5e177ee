import { Secret } from "../secrets/secret.js";

/**
 * The `Authorization` header by which a client shows who it is (RFC 6749 §2.3.1). The RFC's form encoding turns `vtb-admin` into
 * `vtb%2Dadmin` in common libraries, which providers that compare literally, such as Glewlwyd, don't know; this leaves `-`, `_`
 * and `.` alone, writes a space as `%20`, and is read by all of them.
 */
export function basicCredentials(clientId: string, clientSecret: Secret): Secret {
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret.reveal())}`;
  return new Secret(`Basic ${Buffer.from(pair).toString("base64")}`);
}
