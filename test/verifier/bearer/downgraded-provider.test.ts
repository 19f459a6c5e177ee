import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeCertificates } from "../../support/certificates.js";
import { serve } from "../../support/http-server.js";
import { temporaryFolder } from "../../support/run.js";
import { json, makeKey } from "./issuer.js";
import { clientOf, goodToken, makeWorld, providerOf } from "./world.js";

it.each([
  ["token_endpoint", "accepted"],
  ["userinfo_endpoint", "unavailable"],
])(
  "S42 a document over https whose %s is http is accepted or not by what is requested there: %s",
  async (name, kind) => {
    const [{ authority, server }, key] = await Promise.all([makeCertificates(), makeKey("RS256")]);
    const caFile = join(temporaryFolder(), "ca.pem");
    writeFileSync(caFile, authority);
    let origin = "";
    const idp = await serve((request, response) => {
      if (request.url === "/jwks") return json(response, { keys: [key.jwk] });
      json(response, {
        issuer: origin,
        authorization_endpoint: `${origin}/auth`,
        token_endpoint: `${origin}/token`,
        userinfo_endpoint: `${origin}/me`,
        jwks_uri: `${origin}/jwks`,
        [name]: "http://idp.example/endpoint",
      });
    }, server);
    origin = idp.origin;
    const unknown = { issuer: null, jwks_endpoint: null, userinfo_endpoint: null, discovery_endpoint: origin };
    const provider = providerOf({ issuer: origin }, "idp", { ...unknown, ca_file: caFile });
    const world = await makeWorld([provider, clientOf()]);
    expect(await world.authenticate(goodToken({ issuer: origin }, key))).toMatchObject({ kind });
    const reported = world.events.flatMap((event) => (event.kind === "provider_failed" ? event.message : []));
    const message = "the discovery document was served over https, but its userinfo_endpoint is http";
    expect(reported).toEqual(kind === "accepted" ? [] : [message]);
  },
);
