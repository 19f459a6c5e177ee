import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { freePort } from "../support/http-server.js";
import { kept, run } from "./kept.js";
import { type Addresses, type Peer, person } from "./peer.js";
import { type ServerProcess, startProcess } from "./server-process.js";

const packages = ["glewlwyd", "glewlwyd-common", "dbconfig-no-thanks", "libjs-jquery"] as const;
const plugin = "oidc";

/** Glewlwyd from its Debian package, unpacked into the cache with what the machine lacks for it, and not installed. */
export async function startGlewlwyd({ redirectUris, postLogoutUri }: Addresses): Promise<Peer> {
  const root = await kept("glewlwyd", install);
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-glewlwyd-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const issuer = `${url}/api/${plugin}`;
  const database = join(folder, "glewlwyd.db");
  writeFileSync(join(folder, "glewlwyd.conf"), configuration(root, port, database));
  writeFileSync(
    join(folder, "init.sql"),
    gunzipSync(readFileSync(join(root, "usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz"))),
  );
  await run("sqlite3", [database, `.read ${join(folder, "init.sql")}`]);

  let server: ServerProcess | undefined;
  const stop = async (): Promise<void> => server?.stop();
  const start = async (): Promise<void> => {
    server = await startProcess(join(root, "usr/bin/glewlwyd"), ["--config-file", join(folder, "glewlwyd.conf")], {
      env: { LD_LIBRARY_PATH: join(root, "usr/lib/x86_64-linux-gnu") },
      readyUrl: `${url}/login.html`,
    });
  };
  await start();
  // As its first database has them.
  const admin = await signedIn(url, { username: "admin", password: "password" });
  const scopes = ["openid", "profile", "email"];
  const login = { clientId: "vtb-admin", clientSecret: "geheim-van-vtb-admin" };
  const service = { clientId: "vtb-service", clientSecret: "geheim-van-vtb-service" };
  const clientOf = ({ clientId, clientSecret }: typeof login, type: string) => ({
    client_id: clientId,
    name: clientId,
    confidential: true,
    enabled: true,
    client_secret: clientSecret,
    authorization_type: [type],
    token_endpoint_auth_method: ["client_secret_basic", "client_secret_post"],
    redirect_uri: redirectUris,
    post_logout_redirect_uri: postLogoutUri,
    scope: scopes,
  });
  await addGroups(admin);
  for (const name of ["profile", "email"]) {
    await admin("POST", "/scope/", {
      name,
      display_name: name,
      description: name,
      password_required: false,
      scheme: {},
    });
  }
  await admin("POST", "/mod/plugin/", pluginOf(issuer));
  await admin("POST", "/client/", clientOf(login, "code"));
  await admin("POST", "/client/", clientOf(service, "client_credentials"));
  await admin("POST", "/user/", {
    ...person,
    name: "Jan de Vries",
    email: "jan@gemeente.example",
    enabled: true,
    scope: [...scopes, "g_profile"],
    groups: ["vtb-behandelaars", "anders"],
  });
  // The person has consented before.
  await (await signedIn(url, person))("PUT", `/auth/grant/${login.clientId}`, { scope: scopes.join(" ") });

  return {
    discoveryEndpoint: `${issuer}/`,
    authorizationEndpoint: `${issuer}/auth`,
    tokenEndpoint: `${issuer}/token`,
    login: { ...login, scopes },
    service: { ...service, scope: "openid" },
    serviceUser: { username: service.clientId, claim: "sub" },
    clientLines: ["userinfo_claims_source: userinfo_endpoint"],
    signIn: async (page) => {
      await page.locator("#username").fill(person.username);
      await page.locator("#password").fill(person.password);
      await page.locator("#loginbut").click({ noWaitAfter: true });
      await page.locator("button.btn-success").click({ noWaitAfter: true });
    },
    // Its own page requests the session, gets status 400, and goes blank at the logout.
    keepsSession: true,
    rotateKeys: async () => {
      await admin("PUT", `/mod/plugin/${plugin}`, pluginOf(issuer));
      await admin("PUT", `/mod/plugin/${plugin}/reset`);
    },
    stop,
    start,
    close: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Its own lists and archives, so that nothing of the machine changes. */
async function install(folder: string): Promise<void> {
  const [lists, archives] = [join(folder, "apt/lists/partial"), join(folder, "apt/archives/partial")];
  for (const name of [lists, archives]) mkdirSync(name, { recursive: true });
  const own = [`-oDir::State::lists=${join(folder, "apt/lists")}`, `-oDir::Cache=${join(folder, "apt")}`];
  await run("apt-get", [...own, "-qq", "update"]);
  const planned = await run("apt-get", [
    ...own,
    "--simulate",
    "--no-install-recommends",
    "--reinstall",
    "install",
    ...packages,
  ]);
  const names = [...planned.matchAll(/^Inst (\S+)/gm)].map(([, name = ""]) => name);
  await run("apt-get", [...own, "-oAPT::Sandbox::User=root", "download", ...new Set([...packages, ...names])], {
    cwd: archives,
  });
  await run("sh", ["-ec", 'for package in *.deb; do dpkg --extract "$package" "$1"; done', "sh", folder], {
    cwd: archives,
  });
  rmSync(join(folder, "apt"), { recursive: true });
  // The package's installation creates it; and what a link leads out of its folder is not served.
  const share = join(folder, "usr/share/glewlwyd");
  rmSync(join(share, "webapp/config.json"), { force: true });
  cpSync(join(share, "templates/config.json"), join(share, "webapp/config.json"));
  await run("cp", ["--recursive", "--dereference", join(share, "webapp"), join(share, "pages")]);
}

function configuration(root: string, port: number, database: string): string {
  const share = join(root, "usr/share/glewlwyd");
  return readFileSync(join(share, "templates/glewlwyd-debian.conf.properties"), "utf8")
    .replace(/^port=.*$/m, `port=${port}\nbind_address="127.0.0.1"\nstatic_files_path="${share}/pages/"`)
    .replace(/^external_url=.*$/m, `external_url="http://127.0.0.1:${port}"`)
    .replace(/^log_mode=.*$/m, 'log_mode="console"')
    .replaceAll('"/usr/lib/glewlwyd/', `"${root}/usr/lib/glewlwyd/`)
    .replace(/^@include.*$/m, `database =\n{\n  type = "sqlite3"\n  path = "${database}"\n};`);
}

type Admin = (method: "GET" | "POST" | "PUT", path: string, body?: unknown) => Promise<unknown>;

async function signedIn(url: string, who: { readonly username: string; readonly password: string }): Promise<Admin> {
  const answer = await fetch(`${url}/api/auth/`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(who),
  });
  const cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  return async (method, path, body) => {
    const response = await fetch(`${url}/api${path}`, {
      method,
      headers: { cookie, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
}

/** Users have no groups there, unless a property is created for them. */
async function addGroups(admin: Admin): Promise<void> {
  const users = (await admin("GET", "/mod/user/database")) as { readonly parameters: Record<string, unknown> };
  const format = users.parameters["data-format"] as Record<string, unknown>;
  format.groups = { multiple: true, read: true, write: true, "profile-read": true, "profile-write": false };
  await admin("PUT", "/mod/user/database", users);
  await admin("PUT", "/mod/user/database/reset");
}

function pluginOf(issuer: string): unknown {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const claim = (name: string, property: string) => ({
    name,
    "user-property": property,
    type: "string",
    mandatory: true,
    "on-demand": true,
    scope: [],
  });
  return {
    module: "oidc",
    name: plugin,
    display_name: "OpenID Connect",
    parameters: {
      iss: issuer,
      "jwt-type": "rsa",
      "jwt-key-size": "256",
      key: privateKey.export({ type: "pkcs8", format: "pem" }),
      cert: publicKey.export({ type: "spki", format: "pem" }),
      "access-token-duration": 3600,
      "refresh-token-duration": 1_209_600,
      "code-duration": 600,
      "refresh-token-rolling": false,
      "allow-non-oidc": true,
      "jwks-show": true,
      "jwks-x5c": [],
      "auth-type-code-enabled": true,
      "auth-type-client-enabled": true,
      "auth-type-refresh-enabled": true,
      "auth-type-token-enabled": false,
      "auth-type-implicit-enabled": false,
      "auth-type-none-enabled": false,
      "auth-type-password-enabled": false,
      "auth-type-device-enabled": false,
      scope: [],
      "additional-parameters": [],
      "allowed-scope": ["openid", "profile", "email"],
      claims: [claim("preferred_username", "username"), claim("groups", "groups")],
      "subject-type": "public",
      "address-claim": { type: "no" },
      "scope-claim": "no",
      "name-claim": "mandatory",
      "email-claim": "mandatory",
      "pkce-allowed": true,
      "pkce-method-plain-allowed": false,
      "request-parameter-allow": false,
      "introspection-revocation-allowed": true,
      "introspection-revocation-allow-target-client": true,
      "session-management-allowed": true,
      "session-cookie-name": "OIDC",
      "session-cookie-expiration": 2_419_200,
    },
  };
}
