/** JavaScript texts by the names of the constants that they are the values of. */
export function pageAssets(): Readonly<Record<string, string>>;
