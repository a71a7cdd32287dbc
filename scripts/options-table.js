// Generates from the schemas the table of options in README.md and their types in src/config/options.ts. With --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Settings } from '../dist/src/config/settings.js'
import { RemoteProxy } from '../dist/src/config/remote-proxy-options.js'
import { guardOptions, RemoteGuard } from '../dist/src/config/guard-options.js'
import { optionTypes } from './option-types.js'

const readme = fileURLToPath(new URL('../README.md', import.meta.url))
const types = fileURLToPath(new URL('../src/config/options.ts', import.meta.url))
const MARK = '<!-- options -->'

const EXTRA = [
  ['LOGIN_ATTRIBUTES', 'login.attributes', '`email`', 'Some of `email`, `phone`, `username`, in the order in which they are tried'],
  ['DEFAULT_COUNTRY', 'login.defaultCountry', '', 'Country of phone numbers in national format, such as `DE`'],
  ['CLIENT_WEB_ID, CLIENT_WEB_SECRET', 'clients', '',
    'Client whose credentials the proxy routes of a slug use; needed only where the proxy runs in a service without a database'],
  ['SOCIAL_GOOGLE_CLIENT_ID, SOCIAL_GOOGLE_CLIENT_SECRET', 'social', '',
    'Providers that users log in with, by name: [docs/social-login.md](docs/social-login.md) has their members and variables']
]

function rows (schema, path = '') {
  return Object.entries(schema.properties).flatMap(([name, property]) => {
    if (property.properties && !property.env) return rows(property, `${path}${name}.`)
    if (['login.attributes', 'login.defaultCountry', 'clients', 'social'].includes(path + name)) return []
    return [[property.env ?? '', path + name, show(property.default), property.description ?? '']]
  })
}

function show (value) {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return ''
  return `\`${typeof value === 'object' ? JSON.stringify(value) : value}\``
}

const table = [
  '| Variable | Option | Default | |',
  '|---|---|---|---|',
  ...[...rows(Settings), ...EXTRA].map(([variable, option, fallback, text]) =>
    `| ${variable.split(', ').filter(Boolean).map((name) => `\`${name}\``).join(', ')} | \`${option}\` | ${fallback} | ${text.replaceAll('|', '\\|')} |`
  )
].join('\n')

const old = readFileSync(readme, 'utf8')
const [before, , after] = old.split(MARK).length === 3 ? old.split(MARK) : [old.split(MARK)[0], '', old.split(MARK)[1]]

for (const [file, wanted] of [
  [readme, `${before}${MARK}\n\n${table}\n\n${MARK}${after}`],
  [types, optionTypes({ Settings, guardOptions, RemoteGuard, RemoteProxy })]
]) {
  if (!process.argv.includes('--check')) writeFileSync(file, wanted)
  else if (readFileSync(file, 'utf8') !== wanted) {
    console.error(`${file}: the options are not those of src/config/settings.ts; run \`npm run docs:options\``)
    process.exitCode = 1
  }
}
