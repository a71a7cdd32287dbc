// Generates the TypeScript types of the options from the schemas that check them, with descriptions for editors.

/** Types of options that a schema cannot express. */
const ATTRIBUTES = { 'login.attributes': 'Record<string, TSchema>' }
const GIVEN = {
  ...ATTRIBUTES, scopes: 'Record<string, string>', clients: 'Record<string, { id: string, secret?: string }>', views: 'Views',
  languages: 'Record<string, PartialTexts>'
}

const INDENT = '  '

function comment ({ description, env, default: value, properties }, indent, variables) {
  const words = [
    description ?? '',
    env === undefined || !variables ? '' : `Variable: ${env}.`,
    properties || value === undefined || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
      ? ''
      : `Default: ${typeof value === 'object' ? JSON.stringify(value) : value}.`
  ].filter((part) => part !== '')
  return `${indent}/** ${words.map((part) => /[.!?]$/.test(part) ? part : `${part}.`).join(' ').replaceAll('*/', '* /')} */\n`
}

/** @param source the type that is inferred from the schemas, such as `Settings` */
function members ({ properties }, source, { path = '', indent = INDENT, required = [], types = {}, variables = false } = {}) {
  return Object.entries(properties).map(([name, property]) => {
    const whole = path === '' ? name : `${path}.${name}`
    const own = `NonNullable<${source}['${name}']>`
    const type = types[whole] ??
      (property.properties ? `{\n${members(property, own, { path: whole, indent: indent + INDENT, types, variables })}\n${indent}}` : own)
    const described = property.properties && !property.description ? { ...property, description: `Options of ${name}` } : property
    return `${comment(described, indent, variables)}${indent}${name}${required.includes(name) ? '' : '?'}: ${type}`
  }).join('\n')
}

const options = (name, text, schema, source, more) => `/** ${text} */\nexport interface ${name} {\n${members(schema, source, more)}\n}\n`

/** Generates the text of src/config/options.ts. */
export function optionTypes ({ Settings, guardOptions, RemoteGuard, RemoteProxy }) {
  return [
    '// Made from the schemas by `npm run docs:options`; do not edit.\n' +
    "import type { TSchema } from 'typebox'\n" +
    "import type { Settings } from './settings.ts'\n" +
    "import type { RemoteProxy } from './remote-proxy-options.ts'\n" +
    "import type { ApiGuardOptions, RemoteGuard } from './guard-options.ts'\n" +
    "import type { Views } from '../views/index.ts'\n" +
    "import type { PartialTexts } from '../views/texts/index.ts'\n",
    options('SettingsOptions', 'Options of the server; they win over the environment.', Settings, 'Settings', {
      types: GIVEN,
      variables: true
    }),
    options('GuardOptions', "What `app.authGuard('api', options)` takes.", guardOptions.api, 'ApiGuardOptions'),
    options('RemoteGuardOptions', 'A guard without a database: it asks the issuer for keys and revocations.', RemoteGuard, 'RemoteGuard', {
      required: ['issuer']
    }),
    options(
      'RemoteProxyOptions',
      "Remote client proxies: this process has the client's secret and sends requests to the issuer.",
      RemoteProxy,
      'RemoteProxy',
      { required: ['issuer'], types: ATTRIBUTES }
    )
  ].join('\n')
}
