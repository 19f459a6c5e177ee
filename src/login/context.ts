import type { CookieJar } from "./cookies.js";
import type { LoginEvent } from "./event.js";
import type { LoadClient } from "./login-client.js";
import type { Refuse } from "./refuse.js";
import type { Seals } from "./seals.js";
import type { Sessions } from "./sessions.js";
import type { LoginSettings } from "./settings.js";
import type { SpentStates } from "./spent-states.js";

/** What every part of one login works with. */
export interface LoginContext {
  readonly settings: LoginSettings;
  readonly jar: CookieJar;
  readonly seals: Seals;
  readonly loadClient: LoadClient;
  readonly sessions: Sessions;
  readonly states: SpentStates;
  readonly refuse: Refuse;
  readonly report: (event: LoginEvent) => void;
  /** In milliseconds. */
  readonly now: () => number;
}
