export type { LoginObserver, LoginTelemetry } from "../login/observer.js";
export type { VerifierObserver, VerifierTelemetry } from "../verifier/observer.js";
export { createTelemetry, type Telemetry, type TelemetryOptions } from "./create-telemetry.js";
