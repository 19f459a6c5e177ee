import { once } from "node:events";
import { connect } from "node:net";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createAdmin } from "../../src/admin/create-admin.js";
import type { AdminEvent } from "../../src/admin/event.js";
import { mountAdmin } from "../../src/admin/express.js";
import { openBrowser } from "../login/browser.js";
import { callbackIn, withError } from "../login/callbacks.js";
import { makeWorld, sessionSecret } from "../login/world.js";
import { sealingEnv } from "../support/databases.js";
import { serve } from "../support/http-server.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

/** The pages over a provider that answers as told, where somebody has signed in, and what failed in them. */
async function startPages(idClaims: Readonly<Record<string, unknown>> = {}) {
  const world = await makeWorld(key);
  world.provider.idClaims = idClaims;
  const events: AdminEvent[] = [];
  const admin = await createAdmin({
    database: world.url,
    publicUrl: "https://beheer.example.nl",
    sessionSecret,
    // As the login of that world, so that they share the session.
    cookieName: "vtb",
    env: sealingEnv(),
    now: () => world.clock,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => admin.close());
  const browser = openBrowser();
  expect(await world.signIn(browser)).toMatchObject({ kind: "signed_in" });
  const session = await world.login.session(browser.header());
  const handler = mountAdmin(admin);
  const { origin } = await serve((request, response) => handler(request, response));
  const headers = {
    cookie: browser.header() ?? "",
    origin: "https://beheer.example.nl",
    "sec-fetch-site": "same-origin",
  };
  const send = async (path: string, type: string | undefined, body: RequestInit["body"], more: RequestInit = {}) => {
    const answer = await fetch(origin + path, {
      method: "POST",
      redirect: "manual",
      body: body ?? null,
      headers: { ...headers, ...(type !== undefined && { "content-type": type }) },
      ...more,
    });
    const policy = answer.headers.get("content-security-policy");
    return { status: answer.status, text: await answer.text(), policy };
  };
  const failures = () => events.filter(({ kind }) => kind === "admin_failed");
  return {
    world,
    admin,
    browser,
    send,
    headers,
    port: Number(new URL(origin).port),
    failures,
    csrf: session?.csrfToken ?? "",
  };
}

const forms = ["/sign-in/password", "/tokens/new", "/sign-out", "/language"];
const multipart = "multipart/form-data; boundary=grens";
const field = (name: string, value: string) =>
  `--grens\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

const broken: Readonly<Record<string, readonly [type: string, body: string]>> = {
  "without a boundary": ["multipart/form-data", `${field("csrf", "x")}--grens--\r\n`],
  "with another boundary": ["multipart/form-data; boundary=anders", `${field("csrf", "x")}--grens--\r\n`],
  "with nothing in it": [multipart, ""],
  "that ends before its end": [multipart, field("csrf", "x")],
  "that ends in a field": [multipart, field("csrf", "x").slice(0, -4)],
  "whose fields have no name": [multipart, "--grens\r\nContent-Disposition: form-data\r\n\r\nx\r\n--grens--\r\n"],
  "whose fields have no headers": [multipart, "--grens\r\n\r\nx\r\n--grens--\r\n"],
  "of other bytes": [multipart, "\u0000\u0001\u0002--grens"],
};

describe("F14 the admin pages", () => {
  it.each(forms)("answer 400 to a malformed multipart body that is sent to %s", async (path) => {
    const { send, failures } = await startPages();
    for (const [name, [type, body]] of Object.entries(broken)) {
      const { status, text } = await send(path, type, body);
      expect({ name, status }).toEqual({ name, status: 400 });
      expect(text).toContain("Er is niets gewijzigd");
    }
    expect(failures()).toEqual([]);
  });

  it.each(forms)("answer 415 to what is no form, and 413 to what is too large, at %s", async (path) => {
    const { send, failures } = await startPages();
    for (const type of [
      "application/json",
      "text/plain",
      "application/xml",
      "multipart/mixed; boundary=grens",
      "///",
    ]) {
      expect({ type, ...(await send(path, type, "{}")) }).toMatchObject({ type, status: 415 });
    }
    const large = `csrf=${"x".repeat(70_000)}`;
    expect(await send(path, "application/x-www-form-urlencoded", large)).toMatchObject({ status: 413 });
    const streamed = new Blob([large]).stream();
    const more = { duplex: "half" } as RequestInit;
    expect(await send(path, "application/x-www-form-urlencoded", streamed, more)).toMatchObject({ status: 413 });
    expect(failures()).toEqual([]);
  });

  it.each(forms)("refuse a form of odd bytes that is sent to %s", async (path) => {
    const { send, failures } = await startPages();
    // Nobody may try a password for long; a language is one of two.
    const refused = path === "/sign-in/password" ? [403, 429] : path === "/language" ? [303] : [403];
    for (const body of ["%ZZ=%", "csrf=%ff%fe", "&&&==", "\u0000", "__proto__=x&constructor=y", "csrf=a&csrf=b", ""]) {
      const { status } = await send(path, "application/x-www-form-urlencoded", body);
      expect({ body, isRefused: refused.includes(status) }).toEqual({ body, isRefused: true });
    }
    const files = new FormData();
    for (const name of ["csrf", "username", "password"]) files.append(name, new Blob(["x"]), "file.txt");
    expect(refused).toContain((await send(path, undefined, files)).status);
    expect(failures()).toEqual([]);
  });

  it("go on after a request that ends before its body does", async () => {
    const { send, port, headers, failures, csrf } = await startPages();
    for (const path of forms) {
      for (const length of ["Content-Length: 500", "Transfer-Encoding: chunked"]) {
        const socket = connect(port, "127.0.0.1");
        await once(socket, "connect");
        const lines = Object.entries({ host: "x", ...headers }).map(([name, value]) => `${name}: ${value}`);
        socket.write([`POST ${path} HTTP/1.1`, ...lines, length, `Content-Type: ${multipart}`, "", ""].join("\r\n"));
        socket.write(`5\r\n--gre\r\n${field("csrf", "x")}`);
        socket.destroy();
        await once(socket, "close");
      }
    }
    expect(await send("/sign-out", undefined, new URLSearchParams({ csrf }))).toMatchObject({ status: 200 });
    expect(failures()).toEqual([]);
  });

  it.each(["in parts", "in lines"])("take whole forms as browsers send them: %s", async (how) => {
    const { send, csrf, failures } = await startPages();
    const form = how === "in parts" ? new FormData() : new URLSearchParams();
    form.append("csrf", csrf);
    const { status, text } = await send("/sign-out", undefined, form);
    expect([status, text]).toEqual([200, expect.stringContaining("U bent hier uitgelogd")]);
    expect(failures()).toEqual([]);
  });

  it("F64: post a long ID token to the provider's logout, with a button that the pages' script presses", async () => {
    const { send, csrf, failures, world } = await startPages({ picture: "p".repeat(5000) });
    const { text, policy } = await send("/sign-out", undefined, new URLSearchParams({ csrf }));
    expect(text).toContain(`<form method="post" action="${world.provider.issuer}/logout" data-submit>`);
    expect(text).toMatch(/<input type="hidden" name="id_token_hint" value="[\w-]+\.[\w-]+\.[\w-]+"><button>/);
    expect(policy).toContain(`form-action 'self' ${world.provider.issuer};`);
    const short = await startPages();
    const linked = await short.send("/sign-out", undefined, new URLSearchParams({ csrf: short.csrf }));
    expect(linked.text).toContain('http-equiv="refresh"');
    expect(linked.policy).toContain("form-action 'self';");
    expect([...failures(), ...short.failures()]).toEqual([]);
  });

  it("F59: follow a login that is begun again, and link to one that may be, with where it was to go", async () => {
    const { world, admin } = await startPages();
    const browser = openBrowser();
    const send = async (callback: string): Promise<Response> => {
      const url = new URL(callback, "https://beheer.example.nl/oidc/callback");
      const answer = await admin.fetch(new Request(url, { headers: { cookie: browser.header() ?? "" } }));
      browser.take(answer.headers.getSetCookie());
      return answer;
    };
    const begun = await world.begin(browser, "/tokens");
    const expired = { error_description: "authentication_expired" };
    const again = await send(withError(world.provider.authorize(begun.href), "temporarily_unavailable", expired));
    const location = again.headers.get("location") ?? "";
    expect([again.status, location]).toEqual([303, expect.stringContaining(`${world.provider.issuer}/auth?`)]);
    world.clock += 31 * 60_000;
    const late = await send(world.provider.authorize(location));
    expect([late.status, await late.text()]).toEqual([400, expect.stringContaining('href="/sign-in?next=%2Ftokens"')]);
    const rejected = await send(withError(await callbackIn(world, browser), "invalid_scope"));
    expect([rejected.status, await rejected.text()]).toEqual([502, expect.not.stringContaining('href="/sign-in')]);
  });
});
