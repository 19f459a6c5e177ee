interface Field {
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** As JSON. */
  readonly default?: string | undefined;
  readonly description: string;
  readonly isDeprecated: boolean;
}

interface Step {
  readonly title: string;
  readonly flag: string;
  readonly namespace: string;
}

export function referencePage(steps: readonly Step[], fields: readonly Field[]): string;
