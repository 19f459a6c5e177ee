import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createGuardedFetch, readTrustedRoots } from "../../src/oidc/guarded-fetch.js";
import { makeCertificates } from "../support/certificates.js";
import { always, serve } from "../support/http-server.js";
import { temporaryFolder } from "../support/run.js";

afterEach(() => vi.unstubAllEnvs());

const unknownAuthority = "the server's certificate is not signed by a trusted CA";

describe("certificates of servers", () => {
  it("S53 accepts a server whose private authority is given, and refuses it without", async () => {
    const { authority, server } = await makeCertificates();
    const { origin, requests } = await serve(always(200, "hello"), server);
    const response = await get(origin, temporaryFile(authority));
    expect(await response.text()).toBe("hello");
    await expect(get(origin)).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining(unknownAuthority),
    });
    expect(requests).toHaveLength(1);
  });

  it("S53 refuses a server of another private authority than the one given", async () => {
    const { server } = await makeCertificates();
    const { authority } = await makeCertificates();
    const { origin } = await serve(always(200, "hello"), server);
    await expect(get(origin, temporaryFile(authority))).rejects.toThrow(unknownAuthority);
  });

  it("S53 checks certificates although NODE_TLS_REJECT_UNAUTHORIZED=0 tells Node not to", async () => {
    const { server } = await makeCertificates();
    const { origin } = await serve(always(200, "hello"), server);
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    expect(await (await fetch(origin)).text()).toBe("hello");
    await expect(get(origin)).rejects.toThrow(unknownAuthority);
  });

  it("S53 refuses a certificate for another host name", async () => {
    const { authority, server } = await makeCertificates({ host: "provider.example" });
    const { origin } = await serve(always(200, "hello"), server);
    await expect(get(origin, temporaryFile(authority))).rejects.toThrow("certificate is for another host name");
  });

  it("S53 refuses a certificate that has expired", async () => {
    const { authority, server } = await makeCertificates({ validUntil: new Date("2021-01-01") });
    const { origin } = await serve(always(200, "hello"), server);
    await expect(get(origin, temporaryFile(authority))).rejects.toThrow("has expired or is not yet valid");
  });
});

describe("readTrustedRoots", () => {
  it("S53 adds the file's certificates to Node's own roots", async () => {
    const first = (await makeCertificates()).authority.trim();
    const second = (await makeCertificates()).authority.trim();
    vi.stubEnv("NODE_EXTRA_CA_CERTS", undefined);
    const roots = await readTrustedRoots(temporaryFile(`# ours\n${first}\n\n${second}\n`));
    expect(roots).toEqual([...rootCertificates, first, second]);
  });

  it("keeps the certificates of NODE_EXTRA_CA_CERTS", async () => {
    const own = (await makeCertificates()).authority.trim();
    const extra = (await makeCertificates()).authority.trim();
    vi.stubEnv("NODE_EXTRA_CA_CERTS", temporaryFile(extra));
    expect(await readTrustedRoots(temporaryFile(own))).toEqual([...rootCertificates, extra, own]);
  });

  it("ignores a NODE_EXTRA_CA_CERTS that can't be read, as Node does", async () => {
    const own = (await makeCertificates()).authority.trim();
    vi.stubEnv("NODE_EXTRA_CA_CERTS", join(temporaryFolder(), "missing.pem"));
    expect(await readTrustedRoots(temporaryFile(own))).toEqual([...rootCertificates, own]);
  });

  it.each([
    ["is missing", () => join(temporaryFolder(), "missing.pem"), "can't be read"],
    ["is a directory", () => temporaryFolder(), "can't be read"],
    ["is a device", () => "/dev/null", "can't be read"],
    ["is larger than 4 MiB", () => temporaryFile(" ".repeat(4 * 1024 * 1024 + 1)), "can't be read"],
    ["is empty", () => temporaryFile(""), "has no valid PEM certificates"],
    [
      "holds something else between the markers",
      () => temporaryFile("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
      "has no valid PEM certificates",
    ],
  ])("refuses a CA file that %s", async (_what, makeFile, message) => {
    const file = makeFile();
    await expect(readTrustedRoots(file)).rejects.toMatchObject({
      retryable: false,
      message: `the CA file ${file} ${message}`,
      hint: expect.stringContaining("`oidc_op_ca_file`"),
    });
  });
});

function get(url: string, caFile?: string): Promise<Response> {
  return createGuardedFetch({ timeoutMs: 5000, caFile })(url);
}

function temporaryFile(text: string): string {
  const file = join(temporaryFolder(), "ca.pem");
  writeFileSync(file, text);
  return file;
}
