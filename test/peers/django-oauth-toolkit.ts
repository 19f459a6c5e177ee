import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/http-server.js";
import { kept, run } from "./kept.js";
import { type Addresses, type Peer, person } from "./peer.js";
import { type ServerProcess, startProcess } from "./server-process.js";

const version = "3.4.1";

/** A Django site with django-oauth-toolkit. */
export async function startDjangoOauthToolkit({ redirectUris, postLogoutUri }: Addresses): Promise<Peer> {
  const packages = await kept(`django-oauth-toolkit-${version}`, async (folder) => {
    await run("python3", [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--no-warn-script-location",
      "--target",
      folder,
      `django-oauth-toolkit==${version}`,
    ]);
  });
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-django-"));
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}/o`;
  const login = { clientId: "vtb-admin", clientSecret: "geheim-van-vtb-admin" };
  const service = { clientId: "vtb-service", clientSecret: "geheim-van-vtb-service" };
  let key = newKey();
  let server: ServerProcess | undefined;
  const stop = async (): Promise<void> => server?.stop();
  const start = async (): Promise<void> => {
    server = await startProcess("python3", ["test/peers/django-oauth-toolkit/serve.py"], {
      env: {
        PYTHONPATH: packages,
        PYTHONDONTWRITEBYTECODE: "1",
        PEER: JSON.stringify({
          port,
          database: join(folder, "db.sqlite3"),
          key,
          person,
          login,
          service,
          redirect_uris: redirectUris,
          post_logout_uris: [postLogoutUri],
        }),
      },
      readyUrl: `${issuer}/.well-known/openid-configuration`,
    });
  };
  await start();
  return {
    discoveryEndpoint: `${issuer}/`,
    authorizationEndpoint: `${issuer}/authorize/`,
    tokenEndpoint: `${issuer}/token/`,
    login: { ...login, scopes: ["openid", "profile", "email", "groups"] },
    service: { ...service, scope: "openid" },
    serviceUser: { username: service.clientId, claim: "sub" },
    endpointLines: [`oidc_op_introspection_endpoint: ${issuer}/introspect/`],
    clientLines: ["userinfo_claims_source: userinfo_endpoint", "check_op_availability: true"],
    signIn: async (page) => {
      await page.locator("#id_username").fill(person.username);
      await page.locator("#id_password").fill(person.password);
      await page.getByRole("button", { name: "Sign in" }).click({ noWaitAfter: true });
    },
    confirmLogout: async (page) => {
      await page.locator("input[name=allow]").click({ noWaitAfter: true });
    },
    rotateKeys: async () => {
      key = newKey();
      await stop();
      await start();
    },
    stop,
    start,
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
