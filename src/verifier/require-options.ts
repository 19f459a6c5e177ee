export interface RequireOptions {
  /** Such as `taken.view_externetaak`; without it, whoever is authenticated is let in. */
  readonly permission?: string | undefined;
}
