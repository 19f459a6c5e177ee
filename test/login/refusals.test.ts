import { beforeAll, describe, expect, it } from "vitest";
import type { LoginEvent } from "../../src/login/event.js";
import { rejectionReasons } from "../../src/login/rejection-reasons.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { attacks } from "./attacks.js";
import { openBrowser } from "./browser.js";
import { furtherRefusals, type Refused } from "./more-refusals.js";
import { clientSecret, makeWorld, type World } from "./world.js";

/** A login creates a user for each person; a user that is deleted during the login cannot be timed by a test. */
const unreached = new Set(["user_refused.unknown_user", "user_inactive.unknown_user"]);

const named = Object.entries(rejectionReasons).flatMap(([code, reasons]) =>
  Object.keys(reasons).map((reason) => `${code}.${reason}`),
);

let key: TestKey;
let other: TestKey;
beforeAll(async () => {
  [key, other] = await Promise.all([makeKey("RS256", "key-1"), makeKey("RS256", "key-2")]);
});

type RefusedEvent = LoginEvent & { readonly kind: "refused" };

/** What depends on the machine and the moment, as the same in each run. */
function settled(text: string, world: World): string {
  return text
    .replaceAll(world.provider.issuer, "https://idp.example.nl")
    .replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, "ID-OF-A-USER");
}

describe("what a refused login reports", () => {
  it("F58 F59: page, event and hint stand side by side for every reason", async () => {
    const cases = new Map<string, Refused>();
    for (const one of [...attacks, ...furtherRefusals({ other })]) {
      const name = `${one.code}.${one.reason}`;
      if (!cases.has(name)) cases.set(name, one);
    }
    expect(named.filter((name) => !cases.has(name) && !unreached.has(name))).toEqual([]);
    const reported: string[] = [];
    const ended: string[] = [];
    for (const name of named) {
      const one = cases.get(name);
      if (!one) continue;
      const world = await makeWorld(key, one.options?.());
      const page = await one.attack(world, openBrowser());
      // A trial has no page: it shows what the event of a login would have.
      if (page.kind === "tried" && page.result.kind === "failed") {
        const { code, reason, hint } = page.result;
        ended.push(`${code}.${reason}`);
        reported.push(`## ${code}: ${reason}\n\n| | |\n|---|---|\n| hint | ${hint} |`);
        continue;
      }
      const refused = world.events.filter((event): event is RefusedEvent => event.kind === "refused");
      const event = refused.findLast(({ code }) => page.kind === "refused" && code === page.code);
      ended.push(`${event?.code}.${event?.reason}`);
      if (page.kind !== "refused" || !event) continue;
      const { code, reason, found = "", expected = "", claim = "", userId, hint } = event;
      const again = page.next === undefined ? "" : " [Opnieuw inloggen]";
      const rows = [
        `## ${code}: ${reason}`,
        "",
        "| | |",
        "|---|---|",
        `| page | **${page.title}** (${page.status}) ${page.text} ${page.action}${again} |`,
        ...(userId === undefined ? [] : [`| user | ${userId} |`]),
        ...(claim === "" ? [] : [`| claim | ${claim} |`]),
        ...(found === "" ? [] : [`| found | ${found} |`]),
        ...(expected === "" ? [] : [`| expected | ${expected} |`]),
        `| hint | ${hint} |`,
      ];
      reported.push(settled(rows.join("\n"), world));
    }
    expect(ended).toEqual(named.filter((name) => cases.has(name)));
    const table = `# What a refused login reports\n\nThe page for the person, and the event and hint for the operator.\n\n${reported.join("\n\n")}\n`;
    expect(table).not.toContain(clientSecret);
    await expect(table).toMatchFileSnapshot("refusals.md");
  }, 240_000);
});
