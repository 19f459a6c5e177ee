import type { SetupError } from "../errors.js";
import type { RequestObserver } from "../oidc/request-observer.js";
import type { LoginEvent } from "./event.js";
import type { LoginStatus } from "./login.js";

/** Counts what a login does. Its functions must not throw. */
export interface LoginObserver extends RequestObserver {
  /** Called for each event. */
  readonly event: (event: LoginEvent) => void;
  readonly databaseFailed: (error: SetupError) => void;
  /**
   * The login is ready.
   *
   * @param status looks at it; called when metrics are collected
   */
  readonly watch: (status: () => Promise<LoginStatus>) => void;
  /** The login was closed. */
  readonly stop: () => void;
}

/** Observes logins: what `createTelemetry` of `vtb-setup/telemetry` creates. */
export interface LoginTelemetry {
  readonly observeLogin: () => LoginObserver;
}
