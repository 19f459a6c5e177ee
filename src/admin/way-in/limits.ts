import { isIPv6 } from "node:net";
import { createRateLimit, type RateLimit } from "../../rate-limit.js";
import type { AdminContext } from "../context.js";
import type { TooManyAttempts } from "../event.js";
import { noticePage } from "../notice.js";
import { type AdminRequest, answer } from "../routes.js";
import { wayInTexts } from "./texts.js";

/** Limits what one address may try, beside the limit of each username on passwords. */
export interface AttemptLimit {
  /** Takes an attempt; an answer where none is left. */
  readonly take: (c: AdminRequest) => Promise<Response | undefined>;
  /** Gives an attempt back that was right. */
  readonly giveBack: (c: AdminRequest) => void;
}

const perMs = 10 * 60_000;

export function createAttemptLimit(
  what: TooManyAttempts["what"],
  attempts: number,
  { report, now }: AdminContext,
): AttemptLimit {
  const limit: RateLimit = createRateLimit({ attempts, perMs, restored: "evenly", maxKeys: 4096 });
  return {
    take: async (c) => {
      const { address } = c.env;
      const taken = limit.take(sourceOf(address), now());
      if (taken.kind === "taken") return undefined;
      report({ kind: "too_many_attempts", what, address });
      c.header("Retry-After", String(taken.retryAfterSeconds));
      const view = c.get("view");
      return await answer(c, noticePage(view, wayInTexts[view.language].tooMany), 429);
    },
    giveBack: (c) => limit.giveBack(sourceOf(c.env.address)),
  };
}

/** An IPv6 network of /64 is one household's or server's: one who has an address of it has all. */
export function sourceOf(address: string | undefined): string {
  if (address === undefined || !isIPv6(address)) return address ?? "";
  const plain = address.split("%", 1)[0] ?? "";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = plain.split("::", 2);
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => "0");
  const groups = [...before, ...(tail === undefined ? [] : zeros), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
