import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { answerForbidden } from "../../src/admin/forbidden.js";
import { emptyForm } from "../../src/admin/form.js";
import { readAdminSettings } from "../../src/admin/options.js";
import type { AdminEnv } from "../../src/admin/routes.js";
import { createTimes } from "../../src/admin/times.js";
import { createView } from "../../src/admin/view.js";
import type { Forbidden } from "../../src/operations/person.js";
import { publicUrl, start } from "./site.js";

/** The page for what was refused, in a language. */
async function pageFor(refused: Forbidden, language: "nl" | "en" = "en") {
  const settings = readAdminSettings({ database: "", publicUrl, contact: "beheer@gemeente.example" });
  const times = createTimes(settings.timeZone, () => start);
  const app = new Hono<AdminEnv>();
  app.all("/tokens", (c) => {
    c.set("view", createView({ settings, times }, { language, path: "/tokens", session: undefined }));
    c.set("form", emptyForm);
    c.set("session", { authenticatedAt: new Date(start) } as unknown as AdminEnv["Variables"]["session"]);
    return answerForbidden(c, refused);
  });
  const response = await app.request("/tokens", { method: "POST" });
  return { status: response.status, text: await response.text() };
}

const rights = { isSuperuser: true, isStaff: true, permissions: ["taken.view_taak"] };
const forbidden = { kind: "forbidden" } as const;
const cases: readonly (readonly [Forbidden, readonly string[]])[] = [
  [{ ...forbidden, reason: "not_signed_in" }, ["You no longer have access here"]],
  [{ ...forbidden, reason: "own_way_in" }, ["You would lock yourself out", "Ask another administrator"]],
  [{ ...forbidden, reason: "bootstrap_over" }, ["no longer valid"]],
  [{ ...forbidden, reason: "bootstrap_only" }, ["Make an administrator first"]],
  [{ ...forbidden, reason: "right_missing", right: "change_tokens" }, ["vtb_setup.change_tokens"]],
  [{ ...forbidden, reason: "right_missing", right: "superuser" }, ["superuser (may do everything)"]],
  [
    { ...forbidden, reason: "above_own", accounts: ["els", "kim"], rights },
    ["<li>els</li>", "<li>kim</li>", "<li>taken.view_taak</li>", "superuser (may do everything)", "(staff)"],
  ],
  [
    {
      ...forbidden,
      reason: "grants_more",
      rights: { ...rights, isSuperuser: false, isStaff: false },
      principals: [
        { kind: "api_token", key: "zaken" },
        { kind: "oidc_client", key: "admin-oidc", claimant: { kind: "everyone" } },
        { kind: "oidc_client", key: "admin-oidc", claimant: { kind: "group", name: "beheer" } },
        { kind: "oidc_client", key: "admin-oidc", claimant: { kind: "claim", path: "is_admin" } },
      ],
    },
    [
      "<li>API token zaken</li>",
      "<li>everybody who signs in through admin-oidc</li>",
      "<li>everybody with the group beheer who signs in through admin-oidc</li>",
      "<li>everybody with the claim is_admin who signs in through admin-oidc</li>",
      "<li>taken.view_taak</li>",
    ],
  ],
  [{ ...forbidden, reason: "sign_in_not_recent", authenticatedAtMs: start }, ["/sign-in/again"]],
  [
    {
      ...forbidden,
      reason: "managed_by_file",
      entries: [{ kind: "user", key: "jan" }],
      owner: "shop",
      files: ["a.yaml", "b.yaml"],
      appliedAt: "2026-03-01T11:00:00.000Z",
    },
    ["a.yaml, b.yaml of shop", 'datetime="2026-03-01T11:00:00.000Z"', "beheer@gemeente.example", "<li>user jan</li>"],
  ],
  [
    { ...forbidden, reason: "managed_by_file", entries: [], owner: "shop", files: [], appliedAt: null },
    ["A file of shop manages this."],
  ],
  [{ ...forbidden, reason: "last_administrator", former: ["user root"] }, ["<li>user root</li>", "no administrator"]],
];

describe("the page for what an operation forbids", () => {
  it.each(cases)("says why and what to do: $reason", async (refused, parts) => {
    const { status, text } = await pageFor(refused);
    expect(status).toBe(403);
    expect(text.match(/<h1>/g)).toHaveLength(1);
    for (const part of parts) expect(text).toContain(part);
    const dutch = await pageFor(refused, "nl");
    expect(dutch.text).toContain('<html lang="nl">');
    expect(dutch.text).not.toContain(/<h1>(.*?)<\/h1>/.exec(text)?.[1]);
  });

  it("says that nothing was changed, and escapes names", async () => {
    const former = ["<script>alert(1)</script>"];
    const { text } = await pageFor({ ...forbidden, reason: "last_administrator", former });
    expect(text).toContain("Nothing was changed.");
    expect(text).not.toContain("<script>alert");
    const { title } = { title: "Dan is er geen beheerder meer" };
    expect((await pageFor({ ...forbidden, reason: "last_administrator", former }, "nl")).text).toContain(title);
  });
});
