/** The parts that are used of packages that ship no types. */
declare module "autocannon" {
  interface Result {
    readonly "2xx": number;
    readonly non2xx: number;
    readonly errors: number;
    readonly timeouts: number;
    /** In seconds. */
    readonly duration: number;
  }

  function autocannon(options: {
    readonly url: string;
    readonly connections: number;
    /** In seconds. */
    readonly duration: number;
    /** Sent in turn. */
    readonly requests: readonly { readonly headers: Readonly<Record<string, string>> }[];
  }): Promise<Result>;

  export = autocannon;
}

declare module "passport" {
  import type { RequestHandler } from "express";

  const passport: {
    use(strategy: unknown): void;
    authenticate(name: string, options: { readonly session: boolean }): RequestHandler;
  };
  export = passport;
}

declare module "passport-http-bearer" {
  type Done = (error: unknown, user?: object | false) => void;

  export class Strategy {
    constructor(verify: (token: string, done: Done) => void);
  }
}
