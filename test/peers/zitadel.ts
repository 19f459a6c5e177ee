import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../support/http-server.js";
import { kept, run } from "./kept.js";
import { type Addresses, type Peer, person } from "./peer.js";
import { type ServerProcess, startProcess } from "./server-process.js";

const sources = "test/peers/zitadel";

/** The example server of zitadel/oidc. It keeps everything in memory, so a restart is a rotation as well. */
export async function startZitadel({ redirectUris, postLogoutUri }: Addresses): Promise<Peer> {
  const digest = ["go.mod", "go.sum", "main.go"].reduce(
    (hash, name) => hash.update(readFileSync(join(sources, name))),
    createHash("sha256"),
  );
  const folder = await kept(`zitadel-${digest.digest("hex").slice(0, 12)}`, async (half) => {
    // Its modules go with it when it is built, whatever the machine has besides.
    const modules = join(half, "modules");
    await run("go", ["build", "-modcacherw", "-o", join(half, "server"), "."], {
      cwd: sources,
      env: { GOPATH: modules, GOFLAGS: "-mod=readonly" },
    });
    await run("rm", ["-rf", modules]);
  });
  const port = await freePort();
  const issuer = `http://localhost:${port}/`;
  const login = { clientId: "vtb-admin", clientSecret: "geheim-van-vtb-admin" };
  // The one service user that the example has.
  const service = { clientId: "sid1", clientSecret: "verysecret" };
  let server: ServerProcess | undefined;
  const stop = async (): Promise<void> => server?.stop();
  const start = async (): Promise<void> => {
    server = await startProcess(join(folder, "server"), [], {
      env: {
        PORT: String(port),
        REDIRECT_URIS: redirectUris.join(","),
        POST_LOGOUT_URIS: postLogoutUri,
        LOGIN: `${login.clientId}:${login.clientSecret}`,
        SERVICE: `${service.clientId}:${service.clientSecret}`,
        PERSON: `${person.username}:${person.password}`,
      },
      readyUrl: `${issuer}.well-known/openid-configuration`,
    });
  };
  await start();
  return {
    discoveryEndpoint: issuer,
    authorizationEndpoint: `${issuer}auth`,
    tokenEndpoint: `${issuer}oauth/token`,
    login: { ...login, scopes: ["openid", "profile", "email"] },
    service: { ...service, scope: "openid" },
    serviceUser: { username: service.clientId, claim: "sub" },
    clientLines: ["userinfo_claims_source: userinfo_endpoint", "check_op_availability: true"],
    signIn: async (page) => {
      await page.locator("#username").fill(person.username);
      await page.locator("#password").fill(person.password);
      await page.locator("button[type=submit]").click({ noWaitAfter: true });
    },
    rotateKeys: async () => {
      await stop();
      await start();
    },
    stop,
    start,
    close: stop,
  };
}
