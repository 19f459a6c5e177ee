import { describe, expect, it } from "vitest";
import { withoutPassword } from "../../../src/database/open.js";
import { parsePostgresUrl } from "../../../src/database/postgres/address.js";
import { isOpenToListeners, tlsOptions } from "../../../src/database/postgres/credentials.js";
import { SetupError } from "../../../src/errors.js";
import { writeFiles } from "../../support/cli.js";
import { temporaryFolder } from "../../support/run.js";

/** The message for a rejected URL, which repeats nothing of it. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    expect(error.reason).toBe("usage");
    const [{ code, message, hint } = { code: "", message: "", hint: "" }] = error.diagnostics;
    return `${code}: ${message}; ${hint}`;
  }
  throw new Error("expected a refusal");
}

describe("a postgres:// URL", () => {
  it("gives host, port, user, database and password, decoded", () => {
    const address = parsePostgresUrl("postgresql://jan%40a:p%2Fw@db.example:6000/my%20db?schema=vtb", {});
    expect(address).toMatchObject({ host: "db.example", port: 6000, user: "jan@a", database: "my db" });
    expect(address.password?.reveal()).toBe("p/w");
    expect(address.options).toBe('-c search_path="vtb"');
    expect(address.location).toBe("postgres://jan%40a@db.example:6000/my%20db?schema=vtb");
    expect(JSON.stringify(address)).not.toContain("p/w");
  });

  it("takes a plus as a plus, also in a parameter", () => {
    const { password, sslRootCert } = parsePostgresUrl(
      "postgres:///vtb?password=a+b%20c&sslrootcert=/etc/c%2B+.pem",
      {},
    );
    expect([password?.reveal(), sslRootCert]).toEqual(["a+b c", "/etc/c++.pem"]);
  });

  it("leaves to variables, then to defaults, what it does not say", () => {
    const env = { PGHOST: "db.example", PGPORT: "6000", PGUSER: "jan", PGDATABASE: "auth", PGOPTIONS: "-c a=b" };
    expect(parsePostgresUrl("postgres:///", env)).toMatchObject({
      host: "db.example",
      port: 6000,
      user: "jan",
      database: "auth",
      options: "-c a=b",
      applicationName: "vtb-setup",
      connectTimeoutMs: 5000,
    });
    const url = "postgres://piet@other.example:1/db?connect_timeout=9&application_name=x&options=-c%20c%3Dd";
    expect(parsePostgresUrl(url, env)).toMatchObject({
      host: "other.example",
      port: 1,
      user: "piet",
      database: "db",
      options: "-c c=d",
      applicationName: "x",
      connectTimeoutMs: 9000,
    });
    expect(parsePostgresUrl("postgres://piet@h", {})).toMatchObject({ port: 5432, database: "piet" });
  });

  it("takes a socket's folder and an IPv6 address", () => {
    expect(parsePostgresUrl("postgres://u@%2Frun%2Fpg/db", {}).host).toBe("/run/pg");
    expect(parsePostgresUrl("postgres:///db?host=/run/pg", {}).host).toBe("/run/pg");
    expect(parsePostgresUrl("postgres://u@[::1]:7/db", {})).toMatchObject({
      host: "::1",
      location: "postgres://u@[::1]:7/db",
    });
  });

  it.each([
    ["postgres://u:geheim/x@h/db", "is not valid"],
    ["postgres://u:12/geheim@h/db", "is not valid"],
    ["postgres://u:12#geheim@h/db", "is not valid"],
    ["postgres://u:12?geheim=x@h/db", "an unknown parameter"],
    ["postgres://u:%geheim@h/db", "a % that does not start an escape sequence"],
    ["postgres://u@h/db?sslmod=geheim", "an unknown parameter"],
    ["postgres://u@h/db?schema=geheim%22%20x", "schema is not valid"],
    ["postgres://u@h/db?connect_timeout=geheim", "is not a number of seconds"],
    ["postgres://u@h/db?pool_max=geheim", "not a number from 1 to 1000"],
    ["postgres://u@h/db?pool_max=0", "not a number from 1 to 1000"],
    ["postgres://u@h/db?port=geheim", "not a number from 1 to 65535"],
    ["postgres://u@/db?host=geheim,geheim2", "is not valid"],
    ["postgres:///db?host=geheim,geheim2", "names several hosts"],
  ])("is refused without quoting it: %s", (url, message) => {
    const reported = refusal(() => parsePostgresUrl(url, {}));
    expect(reported).toMatch(/^DATABASE_URL: /);
    expect(reported).toContain(message);
    expect(reported).not.toContain("geheim");
  });

  it("is shown without its password", () => {
    expect(withoutPassword("postgres://u:pw@h/db?schema=a")).toBe("postgres://u@h/db?schema=a");
    expect(withoutPassword("postgres://u@h/db?password=pw")).toBe("postgres://u@h/db");
    expect(withoutPassword("sqlite:./a.db")).toBe("sqlite:./a.db");
  });
});

describe("sslmode", () => {
  const of = (parameters: string, host = "db.example") => parsePostgresUrl(`postgres://u@${host}/db?${parameters}`, {});

  it("checks certificate and name for require and verify-full, and does as the URL says for the others", () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "ca.pem": "CA", "own.pem": "OWN" });
    const ca = `sslrootcert=${folder}/ca.pem`;
    expect(tlsOptions(of(""))).toBe(false);
    expect(tlsOptions(of("sslmode=disable"))).toBe(false);
    for (const mode of ["sslmode=require", "sslmode=verify-full"]) {
      expect(tlsOptions(of(mode))).toEqual({});
      expect(tlsOptions(of(`${mode}&${ca}`))).toEqual({ ca: "CA" });
    }
    expect(tlsOptions(of(ca))).toEqual({ ca: "CA" });
    const own = `sslcert=${folder}/own.pem&sslkey=${folder}/own.pem`;
    expect(tlsOptions(of(own))).toEqual({ cert: "OWN", key: "OWN" });
    expect(isOpenToListeners(of(own))).toBe(false);
    expect(tlsOptions(of("sslmode=verify-full&sslrootcert=system"))).toEqual({});
    expect(tlsOptions(of(`sslmode=verify-ca&${ca}`))).toEqual({ ca: "CA", checkServerIdentity: expect.any(Function) });
    expect(tlsOptions(of("sslmode=no-verify"))).toEqual({ rejectUnauthorized: false });
  });

  it.each([
    ["sslmode=prefer", "the database's sslmode=prefer protects nothing"],
    ["sslmode=allow", "the database's sslmode=allow protects nothing"],
    ["sslmode=verify-ca", "the database's sslmode=verify-ca needs sslrootcert"],
    ["sslmode=geheim", "the database's sslmode is not valid"],
  ])("is refused where it would promise what it does not keep: %s", (parameters, message) => {
    expect(refusal(() => tlsOptions(of(parameters)))).toContain(`DATABASE_URL: ${message}`);
  });

  it("is required where a password would cross a network in clear text", () => {
    expect(isOpenToListeners(of(""))).toBe(true);
    for (const chosen of ["sslmode=disable", "sslmode=require"]) expect(isOpenToListeners(of(chosen))).toBe(false);
    for (const host of ["localhost", "127.0.0.1", "[::1]", "%2Frun"])
      expect(isOpenToListeners(of("", host))).toBe(false);
  });
});
