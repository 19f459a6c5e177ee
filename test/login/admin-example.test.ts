import { once } from "node:events";
import { connect } from "node:net";
import { pathToFileURL } from "node:url";
import { serve } from "@hono/node-server";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createTokenOperations } from "../../src/operations/token-operations.js";
import { sealingEnv } from "../support/databases.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { openBrowser } from "./browser.js";
import { makeWorld } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

type CreateApp = (parts: object) => { readonly fetch: (request: Request) => Response | Promise<Response> };

/** The example's pages with their own login and token operations, and the errors that they have reported as the program's. */
async function startPages(idClaims: Readonly<Record<string, unknown>> = {}) {
  const world = await makeWorld(key);
  world.provider.idClaims = idClaims;
  const tokens = await createTokenOperations({ database: world.url, env: sealingEnv() });
  onTestFinished(() => tokens.close());
  const browser = openBrowser();
  expect(await world.signIn(browser)).toMatchObject({ kind: "signed_in" });
  const session = await world.login.session(browser.header());
  const faults: unknown[] = [];
  const example: { createApp: CreateApp } = await import(pathToFileURL("examples/admin-login-server/app.mjs").href);
  const app = example.createApp({
    login: world.login,
    tokens,
    onRefusal: () => {},
    onError: (error: unknown) => faults.push(error),
  });
  const { port, server } = await new Promise<{ port: number; server: ReturnType<typeof serve> }>((listening) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
      listening({ port, server }),
    );
  });
  onTestFinished(() => void server.close());
  const headers = {
    cookie: browser.header() ?? "",
    origin: "https://beheer.example.nl",
    "sec-fetch-site": "same-origin",
  };
  const send = async (path: string, type: string | undefined, body: RequestInit["body"], more: RequestInit = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      redirect: "manual",
      body: body ?? null,
      headers: { ...headers, ...(type !== undefined && { "content-type": type }) },
      ...more,
    });
    const policy = answer.headers.get("content-security-policy");
    return { status: answer.status, text: await answer.text(), policy };
  };
  return { world, send, headers, port, faults, csrf: session?.csrfToken ?? "" };
}

const forms = ["/noodtoegang", "/tokens", "/tokens/x/intrekken", "/uitloggen"];
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

describe("F14 the pages of examples/admin-login-server", () => {
  it.each(forms)("answer 400 to a malformed multipart body that is sent to %s", async (path) => {
    const { send, faults } = await startPages();
    for (const [name, [type, body]] of Object.entries(broken)) {
      const { status, text } = await send(path, type, body);
      expect({ name, status }).toEqual({ name, status: 400 });
      expect(text).toContain("Het formulier is niet heel aangekomen");
    }
    expect(faults).toEqual([]);
  });

  it.each(forms)("answer 415 to what is no form, and 413 to what is too large, at %s", async (path) => {
    const { send, faults } = await startPages();
    for (const type of [
      "application/json",
      "text/plain",
      "application/xml",
      "multipart/mixed; boundary=grens",
      "///",
    ]) {
      expect({ type, ...(await send(path, type, "{}")) }).toMatchObject({ type, status: 415 });
    }
    const large = `csrf=${"x".repeat(17_000)}`;
    expect(await send(path, "application/x-www-form-urlencoded", large)).toMatchObject({ status: 413 });
    const streamed = new Blob([large]).stream();
    const more = { duplex: "half" } as RequestInit;
    expect(await send(path, "application/x-www-form-urlencoded", streamed, more)).toMatchObject({ status: 413 });
    expect(faults).toEqual([]);
  });

  it.each(forms)("refuse a form of odd bytes that is sent to %s", async (path) => {
    const { send, faults } = await startPages();
    // Nobody may try a password for long.
    const refused = path === "/noodtoegang" ? [403, 429] : [403];
    for (const body of ["%ZZ=%", "csrf=%ff%fe", "&&&==", "\u0000", "__proto__=x&constructor=y", "csrf=a&csrf=b", ""]) {
      const { status } = await send(path, "application/x-www-form-urlencoded", body);
      expect({ body, isRefused: refused.includes(status) }).toEqual({ body, isRefused: true });
    }
    const files = new FormData();
    for (const name of ["csrf", "username", "password"]) files.append(name, new Blob(["x"]), "file.txt");
    expect(refused).toContain((await send(path, undefined, files)).status);
    expect(faults).toEqual([]);
  });

  it("go on after a request that ends before its body does", async () => {
    const { send, port, headers, faults, csrf } = await startPages();
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
    const form = { csrf, identifier: "daarna", contactPerson: "Jan", email: "jan@gemeente.example" };
    expect(await send("/tokens", undefined, new URLSearchParams(form))).toMatchObject({ status: 200 });
    expect(faults).toEqual([]);
  });

  it("take whole forms as browsers send them", async () => {
    const { send, csrf, faults } = await startPages();
    const form = { csrf, identifier: "in-delen", contactPerson: "Jan", email: "jan@gemeente.example" };
    const parts = new FormData();
    for (const [name, value] of Object.entries(form)) parts.append(name, value);
    expect(await send("/tokens", undefined, parts)).toMatchObject({ status: 200 });
    const encoded = new URLSearchParams({ ...form, identifier: "in-regels" });
    expect(await send("/tokens", undefined, encoded)).toMatchObject({ status: 200 });
    expect(await send("/tokens/in-delen/intrekken", undefined, new URLSearchParams({ csrf }))).toMatchObject({
      status: 200,
    });
    expect(await send("/uitloggen", undefined, new URLSearchParams({ csrf }))).toMatchObject({ status: 200 });
    expect(faults).toEqual([]);
  });

  it("F64: post a long ID token to the provider's logout, with a button that the pages' script presses", async () => {
    const { send, csrf, faults, world } = await startPages({ picture: "p".repeat(5000) });
    const { text, policy } = await send("/uitloggen", undefined, new URLSearchParams({ csrf }));
    expect(text).toContain(`<form method="post" action="${world.provider.issuer}/logout">`);
    expect(text).toMatch(/<input type="hidden" name="id_token_hint" value="[\w-]+\.[\w-]+\.[\w-]+">\n<button>/);
    expect(text).toContain('<script src="/submit.js" defer>');
    expect(policy).toContain(`script-src 'self'; form-action 'self' ${world.provider.issuer};`);
    const short = await startPages();
    const linked = await short.send("/uitloggen", undefined, new URLSearchParams({ csrf: short.csrf }));
    expect(linked.text).toContain('http-equiv="refresh"');
    expect(linked.policy).toContain("form-action 'self';");
    expect([...faults, ...short.faults]).toEqual([]);
  });
});
