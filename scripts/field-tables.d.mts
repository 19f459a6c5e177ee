interface Field {
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** As JSON. */
  readonly default?: string | undefined;
  readonly description: string;
  readonly isDeprecated: boolean;
}

export function withFieldTables(document: string, fields: readonly Field[]): string;
