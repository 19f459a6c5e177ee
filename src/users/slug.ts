/** ASCII letters, digits, `-` and `_`; at least one. */
export const slugPattern = /^[-a-zA-Z0-9_]+$/;
