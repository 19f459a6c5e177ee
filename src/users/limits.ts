/** The most characters of a URL that a provider has: what servers and proxies on the way still take. */
export const longestUrl = 2000;

/** Of what else a provider chooses: a client's id, a scope such as `api://…/access_as_user`, an audience. */
export const longestProviderText = 2000;

/** A client's secret, which may be a signed token. */
export const longestClientSecret = 8000;

/** A `sub` of 255 characters (OpenID Connect Core §2) may be the username. */
export const longestUsername = 255;

export const longestPersonName = 255;

/** A path or distinguished name of a directory may be a group's name. PostgreSQL indexes 2,704 bytes at most. */
export const longestGroupName = 500;

/** Spells out any group's name. */
export const longestGroupPattern = 1000;
