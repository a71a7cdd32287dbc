import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageRoot } from '../../../src/database/package-root.ts'
import { Settings } from '../../../src/config/settings.ts'

type Described = { env?: string, description?: string, properties?: Record<string, unknown> }

function variables (properties: Record<string, unknown>): [name: string, description: string][] {
  return (Object.values(properties) as Described[]).flatMap(({ env, description = '', properties = {} }) =>
    [...(env ? [[env, description] as [string, string]] : []), ...variables(properties)])
}

t.test('.env.example has every variable below the description of its option', async (t) => {
  const blocks = readFileSync(join(packageRoot, '.env.example'), 'utf8').matchAll(/((?:#.*\n)+)([A-Z_]+)=/g)
  const comments = new Map([...blocks].map(([, comment, name]) => [name!, comment!]))
  const described = variables(Settings.properties)
  t.ok(described.length > 30)
  for (const [name, description] of described) {
    // As a variable it is a list of names, without schemas
    if (name === 'LOGIN_ATTRIBUTES') t.ok(comments.has(name))
    else t.equal(comments.get(name)?.split('\n')[0], `# ${description}`, name)
  }
})
