export function pageFaults(): readonly string[];
export function widerThanScreen(): readonly string[];
export function hiddenFocus(): readonly string[];
export function printFaults(): readonly string[];
export function focused(): { readonly name: string; readonly order: number; readonly isOnScreen: boolean } | undefined;
