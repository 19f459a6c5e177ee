const segment = "[a-zA-Z0-9_-]+";

/** A permission's name, such as `taken.view_externetaak`; at most {@link longestPermission} characters. */
export const permissionPattern = new RegExp(`^${segment}(?:\\.${segment})+$`);

export const longestPermission = 255;
