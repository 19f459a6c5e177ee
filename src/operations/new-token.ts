/** What somebody asks for who makes an API token for a user. Texts that are left out are empty. */
export interface NewToken {
  readonly userId: string;
  /** 1 to 50 letters, digits, hyphens and underscores; no other token has it, whoever's it is. */
  readonly identifier: string;
  /** 1 to 200 characters. */
  readonly contactPerson: string;
  readonly email: string;
  readonly organization?: string | undefined;
  readonly application?: string | undefined;
  readonly administration?: string | undefined;
  /** The only ones of the user's permissions that the token has; without it, it has whatever the user has. */
  readonly permissions?: readonly string[] | undefined;
  /** When it stops working; without it, it never does. */
  readonly expiresAt?: Date | undefined;
  /** Who asks, for the record of changes: `login:` and the username. */
  readonly actor: string;
}

/** Which of somebody's tokens is to be ended. */
export interface TokenToRevoke {
  readonly userId: string;
  readonly identifier: string;
  /** Who asks, for the record of changes: `login:` and the username. */
  readonly actor: string;
}
