import { it } from "vitest";
import { runSequences, seed } from "./day-two/sequences.js";

// In two files, so that they run at the same time.
it("day two: the first 500 of 1,000 sequences", { timeout: 1_200_000 }, () => runSequences(500, seed));
