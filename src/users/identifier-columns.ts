import type { Identifier } from './attributes.ts'

/** For `unnest`: attributes, values, displays. */
export function columnsOf (identifiers: Identifier[]): string[][] {
  return [identifiers.map(({ attribute }) => attribute), identifiers.map(({ value }) => value), identifiers.map(({ display }) => display)]
}
