import { Console } from "node:console";
import { Writable } from "node:stream";
import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { isSecret, Secret } from "../../src/secrets/secret.js";

const canary = "canary-7f3a91";
const secret = new Secret(canary);

function printed(print: (console: Console) => void): string {
  let output = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      output += String(chunk);
      done();
    },
  });
  print(new Console({ stdout: stream, stderr: stream }));
  return output;
}

describe("a secret", () => {
  it("gives its text to reveal(), and only to that", () => {
    expect(secret.reveal()).toBe(canary);
    expect(Reflect.ownKeys(secret)).toEqual([]);
  });

  it.each<[string, () => string]>([
    ["a template string", () => `${secret}`],
    ["String()", () => String(secret)],
    ["toString()", () => secret.toString()],
    // biome-ignore lint/style/useTemplate: concatenation is what is tested
    ["concatenation", () => "" + secret],
    ["join", () => [secret].join()],
    ["util.inspect", () => inspect(secret)],
    ["util.format %o", () => format("%o", secret)],
    ["util.format %O", () => format("%O", secret)],
    ["util.format %s", () => format("%s", secret)],
  ])("prints as [secret] in %s", (_name, print) => {
    expect(print()).toBe("[secret]");
  });

  it.each<[string, () => string]>([
    ["JSON.stringify", () => JSON.stringify(secret)],
    ["util.format %j", () => format("%j", secret)],
  ])("is the text [secret] in %s", (_name, print) => {
    expect(print()).toBe('"[secret]"');
  });

  it("prints as [secret] deep inside of other values", () => {
    expect(JSON.stringify({ items: [{ token: secret }] })).toBe('{"items":[{"token":"[secret]"}]}');
    expect(inspect({ items: [{ token: secret }] }, { depth: null })).toBe("{ items: [ { token: [secret] } ] }");
    expect(inspect(new Map([["token", secret]]))).toBe("Map(1) { 'token' => [secret] }");
  });

  it("stays hidden from an inspection of hidden properties, and from one without custom printing", () => {
    expect(inspect({ secret }, { showHidden: true })).toContain("[secret]");
    expect(inspect(secret, { showHidden: true, customInspect: false })).toBe("Secret {}");
    expect(printed((console) => console.dir({ secret }))).toBe("{ secret: Secret {} }\n");
  });

  it.each<[string, (console: Console) => void]>([
    ["console.log", (console) => console.log(secret)],
    ["console.error", (console) => console.error({ secret })],
    ["console.table", (console) => console.table([{ token: secret }])],
  ])("prints as [secret] with %s", (_name, print) => {
    const output = printed(print);
    expect(output).toContain("[secret]");
    expect(output).not.toContain(canary);
  });

  it("is hidden in an error's cause", () => {
    const error = new Error("refused", { cause: secret });
    expect(inspect(error)).toContain("[cause]: [secret]");
    expect(inspect(error)).not.toContain(canary);
  });

  it("is lost, not leaked, when it is cloned, spread or listed", () => {
    expect(structuredClone(secret)).toEqual({});
    expect({ ...secret }).toEqual({});
    expect(Object.keys(secret)).toEqual([]);
    expect(Object.assign({}, secret)).toEqual({});
  });
});

describe("isSecret", () => {
  it("distinguishes a secret from a text and from an object that looks like one", () => {
    expect(isSecret(secret)).toBe(true);
    expect(isSecret(canary)).toBe(false);
    expect(isSecret({ reveal: () => canary })).toBe(false);
    expect(isSecret(undefined)).toBe(false);
  });
});
