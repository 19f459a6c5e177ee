/** The client that signs people in. */
export const loginClient = "admin-oidc";

/** The client that guards the API; every other one may be what a login is told to use. */
export const apiClient = "api-oidc";
