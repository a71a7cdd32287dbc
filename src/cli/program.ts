import { Command, Option } from 'commander'
import { version } from '../runtime/version.ts'
import { command, hours, positiveInteger, seconds, secondsOrDefault, type Run } from './command.ts'
import type { Context } from './context.ts'
import { addTokenCommands } from './program-tokens.ts'
import { printable, printableJson } from './terminal.ts'

type Options = { context: () => Promise<Context>, write: (text: string) => void }

/** The commands and their options; a command's module is loaded when it runs, so that `--help` is quick. */
export function createProgram ({ context, write }: Options): Command {
  const program = new Command('latchkey')
    .description('OAuth 2.1 / OpenID Connect server and first-party login')
    .version(version)
    .addHelpText('after', '\nSettings come from the environment, .env and latchkey.config.js in the working directory.')
    .configureOutput({ outputError: (text, out) => out(`${printable(text.trim().replaceAll('\n', ' '))}\n`) })

  const run: Run = (load, withoutContext) => async (...given) => {
    // The last one is the command itself
    const args = given.slice(0, -1)
    const { json } = args.at(-1) as { json?: boolean }
    const command = await load()
    const result = await context().then((known) => command(known, ...args as never[]), withoutContext)
    if (result) write(`${json ? printableJson(result.json) : result.lines.map(printable).join('\n')}\n`)
    if (result?.exitCode) process.exitCode = result.exitCode
  }

  addServerCommands(program, run)
  addClientCommands(program, run)
  addTokenCommands(program, run)
  addKeyCommands(program, run)
  addUserCommands(program, run, context)
  addMaintenanceCommands(program, run)
  return program
}

function addServerCommands (program: Command, run: Run): void {
  command(program, 'serve', 'Run the server; logs go to standard output')
    .action(run(async () => (await import('./serve.ts')).serve))
  command(program, 'install', 'Set everything up: migrations, keys and clients; may be run again')
    .option('--write-env', 'put CLIENT_WEB_ID, CLIENT_WEB_SECRET and those of mobile into .env')
    .action(run(async () => (await import('./install.ts')).install))
  command(program, 'migrate', 'Apply the migrations that the database has not had')
    .action(run(async () => (await import('./migrate.ts')).migrate))
}

function addClientCommands (program: Command, run: Run): void {
  command(program, 'client', 'Make a client; without a flag for its grant it gets authorization codes')
    .option('--password', 'password grant, for first-party clients')
    .option('--client', 'client credentials grant, for machines')
    .option('--public', 'no secret, for single-page and mobile apps')
    .option('--device', 'device grant; with --redirect-uri authorization codes, too')
    .option('--personal', 'personal access tokens')
    .option('--name <name>', 'shown to people')
    .option('--redirect-uri <uri...>', 'where authorization codes may go')
    .option('--post-logout-redirect-uri <uri...>', 'where a logout may lead')
    .addOption(new Option('--auth-method <method>', 'how it authenticates').choices(['client_secret_basic', 'client_secret_post', 'none']))
    .option('--scope <scope...>', 'scopes that it may ask for (default: all that are registered)')
    .option('--default-scope <scope...>', 'scopes that it gets when it asks for none (default: none)')
    .option('--access-token-ttl <seconds>', 'how long its access tokens live (default: ACCESS_TOKEN_TTL)', seconds)
    .option('--slug <slug>', 'short name, unique')
    .option('--proxy', 'has the routes /v1/clients/<slug>/login, /refresh and /logout; needs --slug and --password')
    .option('--no-refresh-token-in-body', 'its proxy answers with the refresh token in the cookie only')
    .option('--refresh-grace <seconds>', 'how long a refresh token that was used gets the same answer (default: REFRESH_GRACE)', seconds)
    .option('--trusted-proxy', 'runs proxies apart from the server: its word on the address of users counts')
    .option('--first-party', 'your own application: the consent page does not warn of it')
    .option('--skip-consent', 'your own application, and users are not asked for consent')
    .option('--pkce-optional', 'for an old application with a secret that cannot send PKCE')
    .option('--id-token-alg <alg>', 'RS256 or ES256, for id tokens')
    .option('--introspect', 'may ask about every access token and personal access token, not only its own')
    .option('--resource-server <uri...>', 'is this resource server of RESOURCE_SERVERS: may ask about access tokens for it')
    .option('--user <id>', 'user whom it belongs to')
    .action(run(async () => (await import('./client.ts')).createClient))

  const clients = program.command('clients').description('List, show, change and revoke clients; give them new secrets')
  command(clients, 'list', 'List all clients', true)
    .action(run(async () => (await import('./clients.ts')).listClients))
  command(clients, 'show <client>', 'Tell all about a client, by its id or slug, but its secret')
    .action(run(async () => (await import('./clients.ts')).showClient))
  command(clients, 'update <client>', 'Change a client; what is not named stays, a list replaces the one before')
    .option('--name <name>', 'shown to people')
    .option('--redirect-uri <uri...>', 'where authorization codes may go')
    .option('--post-logout-redirect-uri <uri...>', 'where a logout may lead')
    .option('--no-post-logout-redirect-uri', 'nowhere')
    .option('--scope <scope...>', 'scopes that it may ask for')
    .option('--default-scope <scope...>', 'scopes that it gets when it asks for none')
    .option('--no-default-scope', 'none')
    .option('--slug <slug>', 'short name, unique')
    .option('--no-slug', 'no short name')
    .option('--access-token-ttl <seconds>', 'how long its access tokens live, or `default` for ACCESS_TOKEN_TTL', secondsOrDefault)
    .option(
      '--refresh-grace <seconds>',
      'how long a refresh token that was used gets the same answer, or `default` for REFRESH_GRACE',
      secondsOrDefault
    )
    .option('--refresh-token-in-body', 'its proxy answers with the refresh token in the body, too')
    .option('--no-refresh-token-in-body', 'in the cookie only')
    .option('--proxy', 'has the routes /v1/clients/<slug>/login, /refresh and /logout')
    .option('--no-proxy', 'has none')
    .option('--trusted-proxy', 'its word on the address of users counts')
    .option('--no-trusted-proxy', 'does not count')
    .option('--first-party', 'your own application')
    .option('--no-first-party', 'somebody else\'s')
    .option('--skip-consent', 'users are not asked for consent')
    .option('--no-skip-consent', 'users are asked')
    .option('--pkce-optional', 'cannot send PKCE')
    .option('--no-pkce-optional', 'must send PKCE')
    .option('--id-token-alg <alg>', 'RS256 or ES256, for id tokens')
    .option('--introspect', 'may ask about every access token and personal access token')
    .option('--no-introspect', 'about its own, and those for it')
    .option('--resource-server <uri...>', 'is this resource server of RESOURCE_SERVERS')
    .option('--no-resource-server', 'is none')
    .action(run(async () => (await import('./clients.ts')).updateClient))
  command(clients, 'rotate-secret <client>', 'Give a client a new secret')
    .option('--overlap <seconds>', 'how long the old one counts, too (default: not at all)', seconds)
    .action(run(async () => (await import('./clients.ts')).rotateSecret))
  command(clients, 'revoke <client>', 'End a client with its tokens and sessions, at once and everywhere')
    .action(run(async () => (await import('./clients.ts')).revokeClient))
}

function addKeyCommands (program: Command, run: Run): void {
  const keys = program.command('keys').description('List, rotate and revoke signing keys')
  command(keys, 'list', 'List the keys that are in use', true)
    .action(run(async () => (await import('./keys.ts')).listKeys))
  command(keys, 'rotate', 'Make new keys, which sign when every cache has them')
    .option('--now', 'let them sign at once')
    .action(run(async () => (await import('./keys.ts')).rotateKeys))
  command(keys, 'revoke <kid>', 'Refuse what the key signed, at once and everywhere')
    .action(run(async () => (await import('./keys.ts')).revokeKey))
}

function addUserCommands (program: Command, run: Run, context: Options['context']): void {
  const user = program.command('user').description('Create, list, show, disable, enable and delete users; give them new passwords')
  command(user, 'create', 'Register a user')
    .option('--attribute <name=value...>', 'login attribute')
    .option('--name <name>', 'full name')
    .option('--password <password>', 'seen by others in the list of processes')
    .option('--password-stdin', 'read the password from standard input')
    .action(run(async () => (await import('./user.ts')).createUser))
  command(user, 'list', 'List users', true)
    .option('--limit <number>', 'how many', positiveInteger, 100)
    .option('--after <id>', 'those after this one')
    .action(run(async () => (await import('./user.ts')).listUsers))
  command(user, 'disable <user>', 'Log a user out everywhere and refuse logins; by id or by what they sign in with')
    .action(run(async () => (await import('./user.ts')).disableUser))
  command(user, 'enable <user>', 'Allow logins again')
    .action(run(async () => (await import('./user.ts')).enableUser))
  command(user, 'show <user>', 'Tell all about a user, but the password')
    .action(run(async () => (await import('./user-account.ts')).showUser))
  command(user, 'set-password <user>', 'Give a user a new password, and log them out everywhere')
    .option('--password <password>', 'seen by others in the list of processes')
    .option('--password-stdin', 'read the password from standard input')
    .action(run(async () => (await import('./user-account.ts')).setPassword))
  command(user, 'delete <user>', 'Delete a user with all that is theirs, at once and everywhere; this cannot be undone')
    .action(run(async () => (await import('./user-account.ts')).deleteUser))
  user.hook('preSubcommand', async (_user, create) => {
    if (create.name() === 'create') await addAttributeOptions(create, context)
  })
}

function addMaintenanceCommands (program: Command, run: Run): void {
  command(program, 'purge', 'Delete what has expired or was revoked')
    .option('--revoked', 'only what was revoked')
    .option('--expired', 'only what has expired')
    .addOption(
      new Option('--hours [number]', 'keep what expired less than so many hours ago; 168 when no number follows').preset('168').argParser(
        hours
      )
    )
    .action(run(async () => (await import('./purge.ts')).purge))
  command(program, 'doctor', 'Look for what is wrong with configuration, database, keys and clients; exits with 1 when something is')
    .option('--strict', 'warnings count too')
    .action(run(async () => (await import('./doctor.ts')).doctor, async (error) => (await import('./doctor.ts')).misconfigured(error)))
}

/** `--email <value>` and so on, as configured. */
async function addAttributeOptions (create: Command, context: Options['context']): Promise<void> {
  // A configuration that cannot be read is told when the command runs; its help must work without
  const config = await context().then((known) => known.config, () => null)
  if (!config) create.allowUnknownOption().allowExcessArguments()
  for (const [name, { title }] of Object.entries<{ title?: string }>(config?.login.attributes ?? {})) {
    const option = new Option(`--${name} <value>`, title ?? 'login attribute')
    const known = create.options.some((other) => other.attributeName() === option.attributeName())
    if (!known && name !== 'help') create.addOption(option)
  }
}
