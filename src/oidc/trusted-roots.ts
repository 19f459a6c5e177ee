import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import { FetchFailure } from "./fetch-failure.js";

const maxFileBytes = 4 * 1024 * 1024;
const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificates to trust with a private authority's file: Node's own roots, those of `NODE_EXTRA_CA_CERTS` and the file's.
 * @throws FetchFailure (not retryable) when the file can't be read or holds no PEM certificate
 */
export async function readTrustedRoots(caFile: string): Promise<readonly string[]> {
  const [own, extra] = await Promise.all([readCertificates(caFile), readExtraCertificates()]);
  return [...rootCertificates, ...extra, ...own];
}

async function readCertificates(caFile: string): Promise<readonly string[]> {
  const text = await readSmallFile(caFile);
  const certificates = text?.match(certificatePattern) ?? [];
  if (text === undefined || certificates.length === 0 || !certificates.every(isCertificate)) {
    throw new FetchFailure(
      false,
      `the CA file ${caFile} ${text === undefined ? "can't be read" : "does not hold PEM certificates"}`,
      "give a readable file of PEM certificates (-----BEGIN CERTIFICATE-----) as `oidc_op_ca_file`",
    );
  }
  return certificates;
}

async function readSmallFile(file: string): Promise<string | undefined> {
  try {
    // A FIFO or a device would never end.
    const found = await stat(file);
    return found.isFile() && found.size <= maxFileBytes ? await readFile(file, "utf8") : undefined;
  } catch {
    return undefined;
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** Node itself leaves these out as soon as a connection has a `ca` of its own, and ignores a file that it can't use. */
async function readExtraCertificates(): Promise<readonly string[]> {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  const text = file ? await readSmallFile(file) : undefined;
  return (text?.match(certificatePattern) ?? []).filter(isCertificate);
}
