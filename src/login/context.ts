import type { CookieJar, Seals } from "./cookies.js";
import type { LoginEvent } from "./event.js";
import { type LoginRefusal, refusalStatus, worthAnotherTry } from "./login.js";
import type { LoadClient, LoginRejection } from "./login-client.js";
import type { SpentStates } from "./login-state.js";
import type { Sessions } from "./sessions.js";
import type { LoginSettings } from "./settings.js";
import { type LoginLanguage, texts } from "./texts.js";

/** What all parts of a login share. */
export interface LoginContext {
  readonly settings: LoginSettings;
  readonly jar: CookieJar;
  readonly seals: Seals;
  readonly loadClient: LoadClient;
  readonly sessions: Sessions;
  readonly states: SpentStates;
  readonly refusalPage: RefusalPage;
  readonly report: (event: LoginEvent) => void;
  /** In milliseconds. */
  readonly now: () => number;
}

/**
 * Turns a rejection into the page for the user, and reports its reason.
 *
 * @param next the path to go to after a login, if known
 */
type RefusalPage = (rejection: Omit<LoginRejection, "kind">, cookies: readonly string[], next?: string) => LoginRefusal;

export function createRefusalPage(
  client: string,
  language: LoginLanguage,
  report: (event: LoginEvent) => void,
): RefusalPage {
  return ({ code, reason, ...details }, cookies, next = "/") => {
    report({ ...details, kind: "refused", client, code, reason });
    return {
      kind: "refused",
      status: refusalStatus[code],
      code,
      ...texts[language][code],
      next: worthAnotherTry.has(code) ? next : undefined,
      cookies,
    };
  };
}
