/** Why a guarded request gave nothing that may be used: a sentence without a subject's name, and the way out. */
export class FetchFailure extends Error {
  /** True where the same request may work later, such as when the server is still starting. */
  readonly retryable: boolean;
  readonly hint: string;
  /** Whether there was a connection, over which the request could be sent. */
  readonly isConnected: boolean;

  constructor(
    retryable: boolean,
    message: string,
    hint: string,
    { isConnected = false, ...options }: ErrorOptions & { readonly isConnected?: boolean } = {},
  ) {
    super(message, options);
    this.name = "FetchFailure";
    this.retryable = retryable;
    this.hint = hint;
    this.isConnected = isConnected;
  }

  /** The same of a request that had a connection. */
  overConnection(): FetchFailure {
    return new FetchFailure(this.retryable, this.message, this.hint, { cause: this.cause, isConnected: true });
  }
}

/** The {@link FetchFailure} among an error and its causes: HTTP clients wrap what their hooks throw. */
export function findFetchFailure(error: unknown): FetchFailure | undefined {
  return causesOf(error).find((cause) => cause instanceof FetchFailure);
}

/** An error and what caused it, outermost first. */
export function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error && !causes.includes(cause); cause = cause.cause) causes.push(cause);
  return causes;
}
