import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { followServer, type StateRow } from "../../../src/database/postgres/open-live.js";

interface Question {
  readonly answer: (revision: number) => void;
  readonly fail: (error: Error) => void;
}

/** A signal whose questions are answered by hand. */
function makeSignal() {
  const questions: Question[] = [];
  const checked: number[] = [];
  const signal = followServer(
    () =>
      new Promise<StateRow>((resolve, reject) => {
        questions.push({ answer: (revision) => resolve({ storeId: "a", revision }), fail: reject });
      }),
    async () => void checked.push(questions.length),
  );
  const first = () => {
    const state = Promise.resolve(signal.current());
    questions[0]?.answer(1);
    return state;
  };
  return { signal, questions, checked, first };
}

describe("what is known of a server's state", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("is queried once for all callers before the first answer, and is then available at once", async () => {
    const { signal, questions } = makeSignal();
    const waiting = [signal.current(), signal.current()];
    questions[0]?.answer(1);
    const [one, other] = await Promise.all(waiting);
    expect(other).toBe(one);
    expect(signal.current()).toBe(one);
    expect(questions.length).toBe(1);
  });

  it("is trusted for 900 ms from the question, not from the answer", async () => {
    const { signal, questions } = makeSignal();
    const state = signal.current();
    vi.advanceTimersByTime(899);
    questions[0]?.answer(1);
    await state;
    expect(signal.current()).not.toBeInstanceOf(Promise);
    vi.advanceTimersByTime(1);
    expect(signal.current()).toBeInstanceOf(Promise);
  });

  it("is queried ahead from 800 ms on, without a caller waiting, and stays the same object", async () => {
    const { signal, questions, first, checked } = makeSignal();
    const state = await first();
    vi.advanceTimersByTime(799);
    expect(signal.current()).toBe(state);
    expect(questions.length).toBe(1);
    vi.advanceTimersByTime(1);
    expect(signal.current()).toBe(state);
    expect(signal.current()).toBe(state);
    expect(questions.length).toBe(2);
    questions[1]?.answer(1);
    await Promise.resolve();
    expect(checked.length).toBe(1);
    vi.advanceTimersByTime(100);
    expect(await signal.current()).toBe(state);
  });

  it("is queried again for a caller that came when the query was 900 ms old, and not for one that came before", async () => {
    const { signal, questions } = makeSignal();
    const early = signal.current();
    vi.advanceTimersByTime(899);
    const intime = signal.current();
    vi.advanceTimersByTime(1);
    const late = signal.current();
    questions[0]?.answer(1);
    expect((await early).revision).toBe(1);
    expect((await intime).revision).toBe(1);
    await vi.waitUntil(() => questions.length === 2);
    questions[1]?.answer(2);
    expect((await late).revision).toBe(2);
  });

  it("is queried again for a caller that knows of a later revision, once", async () => {
    const { signal, questions, first } = makeSignal();
    const state = await first();
    expect(signal.current(1)).toBe(state);
    const later = signal.current(2);
    questions[1]?.answer(2);
    expect((await later).revision).toBe(2);
    expect(signal.current(2)).not.toBeInstanceOf(Promise);
  });

  it("fails for all callers that waited, and is queried again for the next one", async () => {
    const { signal, questions } = makeSignal();
    const waiting = [signal.current(), signal.current()];
    questions[0]?.fail(new Error("gone"));
    for (const one of waiting) await expect(one).rejects.toThrow("gone");
    const next = signal.current();
    questions[1]?.answer(1);
    expect((await next).revision).toBe(1);
  });

  it("goes on being trusted when asking ahead fails, until its time is over", async () => {
    const { signal, questions, first } = makeSignal();
    const state = await first();
    vi.advanceTimersByTime(850);
    signal.current();
    questions[1]?.fail(new Error("gone"));
    await Promise.resolve();
    expect(signal.current()).toBe(state);
    vi.advanceTimersByTime(50);
    expect(signal.current()).toBeInstanceOf(Promise);
  });
});
