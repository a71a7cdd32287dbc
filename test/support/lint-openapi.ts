import { createConfig, lintFromString } from '@redocly/openapi-core'

/** The errors that Redocly's recommended rules find in a document of any version, with their locations. */
export async function lintErrors (document: unknown): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] })
  const problems = await lintFromString({ source: JSON.stringify(document), config, absoluteRef: '/openapi.json' })
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer}: ${message}`)
}
