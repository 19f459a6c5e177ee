import { invisibleIn } from "../characters.js";
import { setupError } from "../errors.js";
import type { Actor } from "../operations/record.js";
import { currentActor } from "./context.js";

const maxActor = 200;

/**
 * Who runs this, as `user@host`, and for whom they say that they do.
 *
 * @throws SetupError `COMMAND_LINE` (usage) where nobody could read the name later
 */
export function actorOf(claimed: string | undefined): Actor {
  const isReadable = !claimed || (claimed.length <= maxActor && invisibleIn(claimed) === undefined);
  if (!isReadable) {
    const message = "the actor is longer than 200 characters, or contains one that is invisible";
    throw setupError("usage", "COMMAND_LINE", message, "write a name such as jan@example.nl");
  }
  return { actor: currentActor(), claimedActor: claimed || undefined };
}
