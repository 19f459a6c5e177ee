/** The constants by which the admin interface's files get into the bundle, and into the tests of the sources. */
export function adminAssets(): Readonly<Record<string, string>>;
