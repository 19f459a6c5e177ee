import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createReporter } from "../../src/oidc/event.js";
import { channelName, type VerifierEvent } from "../../src/verifier/event.js";
import type { RequestContext } from "../../src/verifier/verifier.js";
import { makeWorld, principalIn, problemIn, token, tokenValue } from "./verifier-world.js";

function listen(): readonly unknown[] {
  const heard: unknown[] = [];
  const listener = (event: unknown) => void heard.push(event);
  subscribe(channelName, listener);
  onTestFinished(() => void unsubscribe(channelName, listener));
  return heard;
}

describe("the verifier's events", () => {
  it("reach onEvent and the diagnostics channel alike", async () => {
    const heard = listen();
    const { authenticate, events } = await makeWorld([token("a", tokenValue)]);
    const { instance } = problemIn(await authenticate("Token nobodys")).body;
    expect(channelName).toBe("vtb-setup:verifier");
    expect(heard).toEqual([{ kind: "rejected", scheme: "token", reason: "unknown_token", instance }]);
    expect(events).toEqual(heard);
  });

  it("do not report a request that is accepted or has no credentials", async () => {
    const { authenticate, events } = await makeWorld([token("a", tokenValue)]);
    principalIn(await authenticate(`Token ${tokenValue}`));
    await authenticate(undefined);
    expect(events).toEqual([]);
  });

  it("say who lacked which permission", async () => {
    const { verifier, events } = await makeWorld([token("forms", tokenValue)]);
    const decision = await verifier.authorize(`Token ${tokenValue}`, "taken.add_externetaak");
    const instance = decision.kind === "refused" && decision.problem.body.instance;
    expect(events).toEqual([
      {
        kind: "forbidden",
        scheme: "token",
        credential: "forms",
        username: "forms",
        reason: "permission_missing",
        permission: "taken.add_externetaak",
        instance,
      },
    ]);
  });

  it("have the request's id that the adapter was given, on one line of bounded length, and no other", async () => {
    const { verifier, events } = await makeWorld([token("a", tokenValue)], { failureLimit: { perMinute: 1 } });
    const idOf = async (requestId: RequestContext["requestId"], header = "Token nobodys", source?: string) => {
      await verifier.authorize(header, "taken.add_externetaak", { requestId, source });
      const event = events.at(-1);
      return event && "instance" in event ? event.requestId : undefined;
    };
    expect(await idOf("req-1")).toBe("req-1");
    expect(await idOf(() => "req-2", `Token ${tokenValue}`)).toBe("req-2");
    expect(await idOf(7, "Bearer a b")).toBe("7");
    expect(await idOf("", "Token")).toBeUndefined();
    expect(await idOf(() => undefined)).toBeUndefined();
    await idOf("first", "Token nobodys", "192.0.2.1");
    expect(await idOf("req-3", "Token nobodys", "192.0.2.1")).toBe("req-3");
    expect(events.map(({ kind }) => kind)).toContain("throttled");
    const odd = await idOf(`a\r\n{"kind":"accepted"}\u001b[2J\u202e${"x".repeat(5000)}`);
    expect(odd).toMatch(/^a\\[\x20-\x7e…]{200,300}$/);
  });

  it("have it where the database does not answer, and don't ask for it where a request is accepted", async () => {
    const { verifier, events } = await makeWorld([token("a", tokenValue)]);
    const asked: string[] = [];
    const requestId = () => {
      asked.push("asked");
      return "req-1";
    };
    await verifier.authorize(`Token ${tokenValue}`, undefined, { requestId });
    expect([asked, events]).toEqual([[], []]);
    await verifier.close();
    // Not the known one, which is accepted for a moment longer.
    await verifier.authorize("Token nobodys", undefined, { requestId });
    expect(events).toMatchObject([{ kind: "unavailable", reason: "database", requestId: "req-1" }]);
  });

  it("do not decide about a request when their listener fails, which is heard of later", () => {
    const nextTick = vi.spyOn(process, "nextTick").mockImplementation(() => {});
    onTestFinished(() => nextTick.mockRestore());
    const failing = createReporter<VerifierEvent>(channelName, () => {
      throw new Error("the log is full");
    });
    const event: VerifierEvent = { kind: "unavailable", reason: "database", instance: "urn:uuid:1" };
    expect(() => failing(event)).not.toThrow();
    expect(nextTick.mock.calls[0]?.[0]).toThrow("the log is full");
  });
});
