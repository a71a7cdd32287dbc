import type { Attributes } from './attributes.ts'
import type { Profile } from './ports.ts'

/** What authenticators show to tell accounts apart: the first login attribute that the user has, or their name. */
export function labelOf (attributes: Attributes, { name, identifiers }: Profile): string {
  const [first] = attributes.flatMap(({ name: attribute }) => identifiers.find((each) => each.attribute === attribute) ?? [])
  return first?.display ?? name ?? ''
}
