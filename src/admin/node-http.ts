import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { maxFormBytes } from "./admin.js";
import { bodyAgain } from "./mount.js";

/**
 * The body of a request to `node:http`, also where a parser in front has read it into `parsed`. Reading ends where it is larger than
 * any form, and the rest is dropped. Undefined where the client went away before its end.
 *
 * @throws TypeError where it was read and not kept
 */
export function bodyOf(
  stream: Readable,
  parsed: unknown,
  headers: Headers,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return stream.readableDidRead ? Promise.resolve(bodyAgain(parsed, headers)) : readAll(stream);
}

function readAll(stream: Readable): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    const end = (body: Uint8Array<ArrayBuffer> | undefined): void => {
      stream.off("data", take).off("end", whole).off("close", gone);
      resolve(body);
    };
    const whole = (): void => end(Buffer.concat(parts));
    const gone = (): void => end(undefined);
    const take = (part: Buffer): void => {
      parts.push(part);
      size += part.length;
      if (size <= maxFormBytes) return;
      whole();
      // Not destroyed, which would end the connection before the answer.
      stream.resume();
    };
    // After a failure, it is closed.
    stream.on("error", () => {});
    stream.on("data", take).on("end", whole).on("close", gone);
  });
}

/** Sends an answer, and waits until it is sent. Cookies that were set before stay. */
export async function send(answer: Response, response: ServerResponse<IncomingMessage>): Promise<void> {
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) if (name !== "set-cookie") response.setHeader(name, value);
  for (const cookie of answer.headers.getSetCookie()) response.appendHeader("set-cookie", cookie);
  if (answer.body === null) {
    response.end();
    return;
  }
  // The global type and Node's own are the same stream.
  await pipeline(Readable.fromWeb(answer.body as ReadableStream), response);
}
