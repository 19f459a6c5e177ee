/**
 * How long something that was read is trusted at most. Changes are followed anyway; this is for rows that somebody changed by
 * hand without counting the revision up.
 */
export const trustedForMs = 60_000;
