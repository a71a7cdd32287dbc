import type { ChosenSchema } from '../../database/choose-schema.ts'
import { ok, warn, type Check } from './check.ts'

const REASONS: Record<ChosenSchema['because'], string> = {
  named: 'which the database URL names',
  standing: 'which contains our tables',
  new: 'which new tables get'
}

/** Which schema is used, and why. */
export function checkSchema ({ schema, because, unused }: ChosenSchema): Check {
  const text = `"${schema}", ${REASONS[because]}`
  if (!unused) return ok('database-schema', text)
  return warn(
    'database-schema',
    `${text}; there are tables of Latchkey in "${unused}", too`,
    `name one in the database URL: ?schema=${encodeURIComponent(schema)}`
  )
}
