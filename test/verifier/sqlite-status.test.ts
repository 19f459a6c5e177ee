import { copyFileSync, renameSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { temporaryDatabase } from "../support/run.js";
import { makeWorld, otherValue, principalIn, token, tokenValue } from "./verifier-world.js";

const fileOf = (url: string) => url.slice("sqlite:".length);

describe("verifier.status() over a file", () => {
  it("shows the revision and the last run of a file that took the other's place, and none of its pools", async () => {
    const other = temporaryDatabase();
    const { verifier: ofOther } = await makeWorld([token("a", tokenValue), token("b", otherValue)], { url: other });
    const expected = (await ofOther.status()).database;
    await ofOther.close();
    const { verifier, url, authenticate } = await makeWorld([token("a", tokenValue)]);
    principalIn(await authenticate(`Token ${tokenValue}`));
    const before = (await verifier.status()).database;
    expect(before).toMatchObject({ isReachable: true, pools: [] });
    copyFileSync(fileOf(other), `${fileOf(url)}.new`);
    renameSync(`${fileOf(url)}.new`, fileOf(url));
    const seen = async () => (await verifier.status()).database.lastRun?.id;
    await expect.poll(seen, { timeout: 10_000 }).toBe(expected.lastRun?.id);
    expect(expected.lastRun?.id).not.toBe(before.lastRun?.id);
  });

  it("is not ready while the file is gone, and again when it is back", async () => {
    const { verifier, url } = await makeWorld([token("a", tokenValue)]);
    const before = await verifier.status();
    const file = fileOf(url);
    copyFileSync(file, `${file}.kept`);
    for (const end of ["", "-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
    const isReady = async () => (await verifier.status()).isReady;
    await expect.poll(isReady, { timeout: 10_000 }).toBe(false);
    const { database } = await verifier.status();
    expect(database).toMatchObject({ isReachable: false, lastFailure: { code: "DATABASE_UNREACHABLE" } });
    renameSync(`${file}.kept`, file);
    await expect.poll(isReady, { timeout: 10_000 }).toBe(true);
    expect((await verifier.status()).database).toMatchObject({
      revision: before.database.revision,
      lastRun: before.database.lastRun,
    });
  });
});
