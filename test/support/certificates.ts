import { generate } from "selfsigned";

export interface TestCertificates {
  /** The private authority's own certificate, PEM. */
  readonly authority: string;
  /** What a server shows, PEM. */
  readonly server: { readonly key: string; readonly cert: string };
  /** A certificate of the same authority for another server. */
  readonly another: (options: CertificateOptions) => Promise<TestCertificates>;
}

interface CertificateOptions {
  readonly host?: string;
  readonly validUntil?: Date;
}

type Authority = Awaited<ReturnType<typeof generate>>;
const common = { keyType: "ec", algorithm: "sha256", notBeforeDate: new Date("2020-01-01") } as const;

/** A private authority and a server's certificate that it signed. */
export async function makeCertificates(options: CertificateOptions = {}): Promise<TestCertificates> {
  const authority = await generate([{ name: "commonName", value: "Test authority" }], {
    ...common,
    notAfterDate: new Date(Date.now() + 86_400_000),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return signedBy(authority, options);
}

async function signedBy(
  authority: Authority,
  { host = "127.0.0.1", validUntil = new Date(Date.now() + 86_400_000) }: CertificateOptions,
): Promise<TestCertificates> {
  const server = await generate([{ name: "commonName", value: "Test server" }], {
    ...common,
    notAfterDate: validUntil,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: [/^[\d.]+$/.test(host) ? { type: 7, ip: host } : { type: 2, value: host }] },
    ],
  });
  return {
    authority: authority.cert,
    server: { key: server.private, cert: server.cert },
    another: (options) => signedBy(authority, options),
  };
}
