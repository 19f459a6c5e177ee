// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are what is looked for
import { describe, expect, it } from "vitest";
import {
  findPlaceholder,
  isExamplePassword,
  type PlaceholderKind,
  placeholders,
} from "../../src/secrets/placeholder.js";
import { cpuMsOf } from "../support/cpu-time.js";

describe("findPlaceholder", () => {
  it.each<[PlaceholderKind, string]>([
    ["value_from", "Token {value_from: {env: OPENZAAK_SECRET}}"],
    ["value_from", "{value_from: {env: TOKEN}}"],
    ["value_from", '{"value_from": {"file": "/run/secrets/x"}}'],
    ["value_from", "value_from TOKEN"],
    ["template", "{{ var }}"],
    ["template", "{{var}}"],
    ["template", "https://{{ .Values.host }}/auth"],
    ["template", "{{- tpl .Values.token $ -}}"],
    ["template", "${{ secrets.TOKEN }}"],
    ["variable", "${VAR}"],
    ["variable", "Token ${API_TOKEN}"],
    ["variable", "${VAR:-none}"],
    ["variable", "${app.token}"],
    ["rep", "REP_OPENZAAK_TOKEN_REP"],
    ["rep", "https://REP_HOST_REP/auth"],
    ["rep", "Token REP_open-forms.token_REP"],
  ])("finds a %s placeholder in any field: %s", (kind, text) => {
    expect(findPlaceholder(text, false)).toBe(kind);
    expect(findPlaceholder(text, true)).toBe(kind);
  });

  it.each<[PlaceholderKind, string]>([
    ["bare_variable", "$API_TOKEN"],
    ["bare_variable", "%API_TOKEN%"],
    ["bare_variable", "$(API_TOKEN)"],
    ["bare_variable", "https://$(KEYCLOAK_HOST)/realms/vtb"],
    ["bare_variable", "https://$KEYCLOAK_HOST/realms/vtb"],
    ["bare_variable", "https://%KEYCLOAK%/realms/vtb"],
    ["angle", "<client secret>"],
    ["angle", "https://<host>/realms/vtb"],
    ["vault", "op://vault/item/field"],
    ["vault", "ref+vault://secret/vtb#/token"],
    ["vault", "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/y)"],
    ["encrypted", "ENC[AES256_GCM,data:abc=,iv:def=,tag:ghi=,type:str]"],
    ["todo", "TODO"],
    ["todo", "TODO: the real one"],
    ["todo", "TODO-token"],
    ["todo", "FIXME"],
  ])("F34: finds a %s placeholder that stands for a value: %s", (kind, text) => {
    expect(findPlaceholder(text, false)).toBe(kind);
    expect(findPlaceholder(text, true)).toBe(kind);
  });

  it.each([
    ["a dollar in the middle", "kq8$Zx_7vTq"],
    ["a dollar and more than a name", "$Zx-7v!q"],
    ["dollars and parentheses in the middle", "a$(bC)d9"],
    ["percent signs in the middle", "q%abc%7"],
    ["a percent sign at either end only", "%abc7"],
    ["angles in the middle", "a<b>c"],
    ["half of a pair of angles", "<abc"],
    ["op:// in the middle", "xop://y"],
    ["ENC[ in the middle", "a-ENC[b]"],
    ["TODO in the middle", "aTODO-b"],
    ["a word that begins so", "TODOxyz"],
    ["a name that begins so", "TODO app"],
    ["a percent-encoded URL", "https://x.example/%C3%A9%AB%20a"],
    ["a dollar in a URL's query", "https://x.example/?$filter=a"],
  ])("F34: accepts %s", (_name, text) => {
    expect(findPlaceholder(text, false)).toBeUndefined();
    expect(findPlaceholder(text, true)).toBeUndefined();
  });

  it.each([
    ["an ordinary URL", "https://keycloak.example.nl/realms/vtb?a={b}"],
    ["a longer word that ends in value_from", "my_value_from"],
    ["a longer word that starts with value_from", "value_fromage"],
    ["one pair of braces", "{var}"],
    ["empty braces", "{{ }}"],
    ["a dollar without braces", "pa$word$VAR"],
    ["braces without a name", "${}"],
    ["a variable that does not end", "${VAR"],
    ["REP at the end of a word", "PREP_A_REP"],
    ["REP at the start of a word", "REP_A_REPORT"],
    ["half a marker", "REP_TOKEN"],
    ["a marker without a name", "REP__REP"],
    ["nothing", ""],
  ])("accepts %s", (_name, text) => {
    expect(findPlaceholder(text, false)).toBeUndefined();
    expect(findPlaceholder(text, true)).toBeUndefined();
  });

  it.each(["modify-this", "Modify-This", "changeme", "CHANGEME", "please-changeme-now", "token-MODIFY-THIS-1"])(
    "S61 finds %s in a secret, and accepts it elsewhere",
    (text) => {
      expect(findPlaceholder(text, true)).toBe("example");
      expect(findPlaceholder(text, false)).toBeUndefined();
    },
  );

  it.each(["change_me", "change-me", "modify this", "secret", "very-secret"])("accepts %s in a secret", (text) => {
    expect(findPlaceholder(text, true)).toBeUndefined();
  });

  it.each([
    ["REP_", "REP_x-".repeat(200_000)],
    ["{{", "{{ ".repeat(200_000)],
    ["${", "${a".repeat(200_000)],
    ["https://", `https://${"$a%GB<".repeat(100_000)}`],
    ["://", "://$a%GB<".repeat(100_000)],
  ])("is through a long text of %s without an end at once", (_name, text) => {
    const work = () => expect(findPlaceholder(text, true)).toBeUndefined();
    expect(cpuMsOf(work)).toBeLessThan(2000);
  });
});

describe("placeholders", () => {
  it("has the code VALUE_FROM_IN_TEXT for value_from, and PLACEHOLDER for the others", () => {
    const codes = Object.fromEntries(Object.entries(placeholders).map(([kind, advice]) => [kind, advice.code]));
    expect(codes).toEqual({
      value_from: "VALUE_FROM_IN_TEXT",
      template: "PLACEHOLDER",
      variable: "PLACEHOLDER",
      bare_variable: "PLACEHOLDER",
      rep: "PLACEHOLDER",
      angle: "PLACEHOLDER",
      vault: "PLACEHOLDER",
      encrypted: "PLACEHOLDER",
      todo: "PLACEHOLDER",
      example: "PLACEHOLDER",
    });
  });

  it("says what to write instead", () => {
    expect(placeholders.value_from.message).toBe("`value_from` is inside text, where it is not resolved");
    for (const kind of ["value_from", "template", "variable", "rep"] as const) {
      expect(placeholders[kind].hint).toContain("{value_from: {env: NAME}}");
    }
    expect(placeholders.example.hint).toContain("openssl rand -hex 20");
  });
});

describe("isExamplePassword", () => {
  it.each(["change_me", "change-me", "ChangeMe", "admin", "Password", "secret", "welkom01", "12345678"])(
    "knows %s",
    (text) => {
      expect(isExamplePassword(text)).toBe(true);
    },
  );

  it.each(["admin-of-vtb", "change_me_2", " admin", "", "constructor", "9cF-trap-oar"])("accepts %s", (text) => {
    expect(isExamplePassword(text)).toBe(false);
  });
});
