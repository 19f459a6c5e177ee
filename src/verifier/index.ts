export type { DatabaseStatus } from "../database/database-status.js";
export type { PoolUsage } from "../database/live-database.js";
export type { Diagnostic, DiagnosticCode, FailureReason } from "../errors.js";
export { SetupError } from "../errors.js";
export type { ClientStatus, ProviderStatus } from "../oidc/provider-status.js";
export type { Principal, PrincipalToken, PrincipalUser } from "../users/principal.js";
export type { CataloguePermission, PermissionCatalogue } from "./catalogue.js";
export { writeCatalogue } from "./catalogue.js";
export type { VerifierOptions } from "./create-verifier.js";
export { createVerifier } from "./create-verifier.js";
export type { BearerEvent } from "./event.js";
export { channelName, type VerifierEvent } from "./event.js";
export type { OpenApiSecurity, OpenApiSecurityScheme } from "./openapi.js";
export type { Language, ProblemDetails } from "./problem.js";
export type { Denial, RequireOptions } from "./requirement.js";
export type { ProtectedResource, ResourceMetadata } from "./resource-metadata.js";
export type {
  Authorization,
  CacheUsage,
  Decision,
  Outcome,
  RequestContext,
  Verifier,
  VerifierStatus,
} from "./verifier.js";
