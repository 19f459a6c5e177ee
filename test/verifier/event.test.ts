import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createReporter } from "../../src/oidc/event.js";
import { channelName, type VerifierEvent } from "../../src/verifier/event.js";
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
