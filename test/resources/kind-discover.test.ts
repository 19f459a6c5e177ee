import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { resolveProviders } from "../../src/resources/oidc/kind.js";
import { makeCertificates } from "../support/certificates.js";
import { answering, metadata } from "../support/discovery-document.js";
import { resource, temporaryFolder } from "../support/run.js";

const insecure = "http://idp.example/endpoint";

/** Completes a provider whose document, over https, names this endpoint over http. */
async function completeWith(theirs: string, more: Readonly<Record<string, string | null>>) {
  const { authority, server } = await makeCertificates();
  const caFile = join(temporaryFolder(), "ca.pem");
  writeFileSync(caFile, authority);
  const { origin } = await answering(({ origin: own }) => ({ ...metadata(own), [theirs]: insecure }), server);
  const provider = resource("oidc_provider", "idp", { discovery_endpoint: origin, ca_file: caFile, ...more });
  return resolveProviders([provider], {
    declared: [],
    env: {},
    waitMs: 0,
    signal: new AbortController().signal,
    onWaiting: () => {},
    clock: Date.now,
    sleep: async (ms) => void (await sleep(ms)),
  });
}

describe("a provider that is discovered over https", () => {
  it.each([
    ["authorization_endpoint", "authorization_endpoint"],
    ["token_endpoint", "token_endpoint"],
    ["userinfo_endpoint", "userinfo_endpoint"],
    ["introspection_endpoint", "introspection_endpoint"],
    ["logout_endpoint", "end_session_endpoint"],
  ])("S42 has its %s over http only where the file says so", async (name, theirs) => {
    const { refusals } = await completeWith(theirs, {});
    expect(refusals).toMatchObject([
      { reason: "invalid", code: "DISCOVERY_INVALID", message: expect.stringContaining(`but its ${theirs} is http`) },
    ]);
    const explicit = await completeWith(theirs, { [name]: insecure });
    expect(explicit).toMatchObject({ refusals: [], resources: [{ attributes: { [name]: insecure } }] });
  });
});
