import type { FileHandle } from "node:fs/promises";

/** Reads to the end, or gives undefined where that is beyond `maxBytes`. Pipes and devices have no size to ask for. */
export async function readBytes(handle: FileHandle, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let total = 0;
  const { size } = await handle.stat();
  for (let room = Math.min(size, maxBytes) + 1; ; room = 65_536) {
    const chunk = Buffer.allocUnsafe(room);
    const { bytesRead } = await handle.read(chunk, 0, room, null);
    if (bytesRead === 0) return Buffer.concat(chunks, total);
    chunks.push(chunk.subarray(0, bytesRead));
    total += bytesRead;
    if (total > maxBytes) return undefined;
  }
}
