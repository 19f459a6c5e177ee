export type { DatabaseStatus } from "../database/database-status.js";
export type { PoolUsage } from "../database/live-database.js";
export type { Diagnostic, DiagnosticCode, FailureReason } from "../errors.js";
export { SetupError } from "../errors.js";
export type { ClientStatus, ProviderStatus } from "../oidc/provider-status.js";
export type {
  CreatedToken,
  CreateTokenOutcome,
  NewToken,
  RevokeTokenOutcome,
  TakenIdentifier,
  TokenError,
  TokenField,
  TokenRefusal,
  TokenToRevoke,
} from "../operations/outcome.js";
export type { Account, TokenSummary } from "../operations/token-operations.js";
export {
  createTokenOperations,
  type TokenOperations,
  type TokenOperationsOptions,
} from "../operations/token-operations.js";
export { Secret } from "../secrets/secret.js";
export type { Principal, PrincipalUser } from "../users/principal.js";
export { createLogin } from "./create-login.js";
export { channelName, type LoginEvent } from "./event.js";
export type {
  FinishRequest,
  Login,
  LoginPrompt,
  LoginRedirect,
  LoginRefusal,
  LoginStatus,
  LoginSuccess,
  LoginTrial,
  LogoutForm,
  LogoutOutcome,
  PasswordRequest,
  Session,
  StartRequest,
} from "./login.js";
export type { RefusalCode } from "./refusal-codes.js";
export type { RequestHeaders } from "./same-origin.js";
export type { LoginOptions } from "./settings.js";
export type { LoginLanguage } from "./texts.js";
export type { TrialAccount, TrialResult, TrialUser, UnsavedClient } from "./trial-result.js";
