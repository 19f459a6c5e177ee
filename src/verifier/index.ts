export type { Diagnostic, DiagnosticCode, FailureReason } from "../errors.js";
export { SetupError } from "../errors.js";
export type { Principal, PrincipalUser } from "../users/principal.js";
export type { VerifierOptions } from "./create-verifier.js";
export { createVerifier } from "./create-verifier.js";
export type { BearerEvent } from "./event.js";
export { channelName, type VerifierEvent } from "./event.js";
export type { Language, ProblemDetails } from "./problem.js";
export type { Authorization, Decision, Outcome, RequestContext, Verifier } from "./verifier.js";
