import { describe, expect, it, onTestFinished, vi } from "vitest";
import { backoff, createCircuitBreaker, retryWhile, sleep, type Wait, withRetry } from "../src/retry.js";

function makeTime() {
  let nowMs = 0;
  const pauses: number[] = [];
  const sleepFake = (ms: number) => {
    pauses.push(ms);
    nowMs += ms;
    return Promise.resolve();
  };
  return { now: () => nowMs, sleep: sleepFake, pauses };
}

const isTemporary = (error: unknown) => error instanceof Error && error.message === "busy";

describe("withRetry", () => {
  it("repeats what fails for a while, with the time that is left, until it works", async () => {
    const time = makeTime();
    const left: number[] = [];
    const work = (leftMs: number) => {
      left.push(leftMs);
      return left.length < 4 ? Promise.reject(new Error("busy")) : Promise.resolve("done");
    };
    const options = { ...time, timeoutMs: 1000, pauseMs: backoff(100, 300) };
    expect(await withRetry(isTemporary, work, options)).toBe("done");
    expect(left).toEqual([1000, 900, 700, 400]);
    expect(time.pauses).toEqual([100, 200, 300]);
  });

  it("gives up with the last error when the time is over, after one try at the very end", async () => {
    const time = makeTime();
    const heard: unknown[] = [];
    const onRetry = (error: unknown) => heard.push(error);
    const options = { ...time, timeoutMs: 250, pauseMs: () => 100, onRetry };
    await expect(withRetry(isTemporary, () => Promise.reject(new Error("busy")), options)).rejects.toThrow("busy");
    expect(time.pauses).toEqual([100, 100, 50]);
    expect(heard).toHaveLength(3);
  });

  it("does not repeat what will not pass, nor anything without time", async () => {
    const time = makeTime();
    let tries = 0;
    const fail = (message: string) => () => {
      tries += 1;
      return Promise.reject(new Error(message));
    };
    const options = { ...time, pauseMs: () => 100 };
    await expect(withRetry(isTemporary, fail("broken"), { ...options, timeoutMs: 1000 })).rejects.toThrow("broken");
    await expect(withRetry(isTemporary, fail("busy"), { ...options, timeoutMs: 0 })).rejects.toThrow("busy");
    expect([tries, time.pauses]).toEqual([2, []]);
  });
});

describe("a report of a wait", () => {
  it("comes before each pause, and every ten seconds while an attempt lasts, with the time that passed and is left", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const waits: Wait[] = [];
    let tries = 0;
    const slow = async () => {
      tries += 1;
      if (tries === 2) await new Promise((resolve) => setTimeout(resolve, 25_000));
      return tries < 3 ? "busy" : "done";
    };
    const ended = retryWhile((result) => result === "busy", slow, {
      timeoutMs: 60_000,
      pauseMs: () => 1000,
      now: Date.now,
      sleep,
      onRetry: (_, wait) => waits.push(wait),
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await ended).toBe("done");
    expect(waits.map(({ waitedMs, leftMs }) => [waitedMs / 1000, leftMs / 1000])).toEqual([
      [0, 60],
      [10, 50],
      [20, 40],
      [26, 34],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("sleep", () => {
  it("ends when its signal comes, or has come", async () => {
    const stop = new AbortController();
    const asleep = sleep(3_600_000, stop.signal);
    stop.abort();
    await asleep;
    await sleep(3_600_000, stop.signal);
  });
});

describe("a circuit breaker", () => {
  it("stays open for longer after each failure, up to 30 s, and closes with the first success", () => {
    const breaker = createCircuitBreaker();
    let nowMs = 0;
    const pauses = Array.from({ length: 7 }, () => {
      const pauseMs = breaker.failed(nowMs, "down");
      nowMs += pauseMs;
      return pauseMs;
    });
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    breaker.failed(nowMs, "down");
    // Of a request that began before.
    expect(breaker.failed(nowMs + 10_000, "down")).toBe(20_000);
    expect([breaker.isClosed(nowMs + 29_999), breaker.isClosed(nowMs + 30_000)]).toEqual([false, true]);
    breaker.succeeded();
    expect([breaker.isClosed(nowMs), breaker.failed(nowMs, "down")]).toEqual([true, 1000]);
  });
});
