/** The page of a user, or one below it. */
export function userPath(username: string, page = ""): string {
  return `/users/${encodeURIComponent(username)}${page === "" ? "" : `/${page}`}`;
}

/** The page of a group, or one below it. */
export function groupPath(name: string, page = ""): string {
  return `/groups/${encodeURIComponent(name)}${page === "" ? "" : `/${page}`}`;
}
