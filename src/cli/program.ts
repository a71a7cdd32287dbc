import { Command, Option } from 'commander'
import { version } from '../runtime/version.ts'
import { command, hours, positiveInteger, seconds, secondsOrDefault, type Run } from './command.ts'
import type { Context } from './context.ts'
import { addIdentityCommands } from './program-identities.ts'
import { addTokenCommands } from './program-tokens.ts'
import { printable, printableJson } from './terminal.ts'

const FIRST_PARTY = "your own application: passes guards with firstParty and may manage the user's account; no warning on the consent page"

type Options = { context: () => Promise<Context>, write: (text: string) => void }

/** The commands and their options; the module of a command is loaded when it runs, so that `--help` is quick. */
export function createProgram ({ context, write }: Options): Command {
  const program = new Command('latchkey')
    .description('OAuth 2.1 / OpenID Connect server and first-party login')
    .version(version)
    .addHelpText('after', '\nSettings are read from the environment, and from .env and latchkey.config.js in the working directory.')
    .configureOutput({ outputError: (text, out) => out(`${printable(text.trim().replaceAll('\n', ' '))}\n`) })

  const run: Run = (load, withoutContext) => async (...given) => {
    // The last argument is the command itself
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
  addPasswordCommands(program, run)
  addMailCommands(program, run)
  addMaintenanceCommands(program, run)
  return program
}

function addServerCommands (program: Command, run: Run): void {
  command(program, 'serve', 'Start the server; logs are written to standard output')
    .action(run(async () => (await import('./serve.ts')).serve))
  command(program, 'install', 'Apply migrations and create keys and clients; can be run repeatedly')
    .option('--write-env', 'write CLIENT_WEB_ID, CLIENT_WEB_SECRET and those of mobile to .env')
    .action(run(async () => (await import('./install.ts')).install))
  command(program, 'migrate', 'Apply pending migrations')
    .action(run(async () => (await import('./migrate.ts')).migrate))
}

function addClientCommands (program: Command, run: Run): void {
  command(program, 'client', 'Create a client; without an option for a grant it uses authorization codes')
    .option('--password', 'password grant, for first-party clients')
    .option('--client', 'client credentials grant, for machines')
    .option('--public', 'no secret, for single-page and mobile apps')
    .option('--device', 'device grant; with --redirect-uri authorization codes, too')
    .option('--personal', 'personal access tokens')
    .option('--name <name>', 'shown to people')
    .option('--redirect-uri <uri...>', 'where users are sent back to: with authorization codes, and by a proxy after a login at a provider')
    .option('--post-logout-redirect-uri <uri...>', 'redirect URIs after a logout')
    .addOption(new Option('--auth-method <method>', 'how the client authenticates').choices(['client_secret_basic', 'client_secret_post', 'none']))
    .option('--scope <scope...>', 'scopes that it may request (default: all registered scopes)')
    .option('--default-scope <scope...>', 'scopes that it gets when it requests none (default: none)')
    .option('--access-token-ttl <seconds>', 'lifetime of its access tokens (default: ACCESS_TOKEN_TTL)', seconds)
    .option('--slug <slug>', 'short name, unique')
    .option('--proxy', 'serve /v1/clients/<slug>/login, /refresh and /logout for it; needs --slug and --password')
    .option('--no-refresh-token-in-body', 'its proxy returns the refresh token only in the cookie')
    .option('--refresh-grace <seconds>', 'how long a used refresh token gets the same successor again (default: REFRESH_GRACE)', seconds)
    .option('--trusted-proxy', 'runs remote proxies: the user addresses that it sends are trusted')
    .option('--first-party', FIRST_PARTY)
    .option('--skip-consent', 'your own application: users are not asked for consent')
    .option('--pkce-optional', 'for an application with a secret that cannot send PKCE')
    .option('--id-token-alg <alg>', 'RS256 or ES256, for ID tokens')
    .option('--introspect', 'may introspect every access token and personal access token, not only its own')
    .option('--resource-server <uri...>', 'it is this resource server of RESOURCE_SERVERS and may introspect access tokens for it')
    .option('--user <id>', 'id of the user who owns it')
    .action(run(async () => (await import('./client.ts')).createClient))

  const clients = program.command('clients').description('List, show, change and revoke clients; create new secrets for them')
  command(clients, 'list', 'List all clients', true)
    .action(run(async () => (await import('./clients.ts')).listClients))
  command(clients, 'show <client>', 'Show a client, by its id or slug, without its secret')
    .action(run(async () => (await import('./clients.ts')).showClient))
  command(clients, 'update <client>', 'Change a client; options that are not given stay unchanged, a list replaces the previous one')
    .option('--name <name>', 'shown to people')
    .option('--redirect-uri <uri...>', 'where users are sent back to: with authorization codes, and by a proxy after a login at a provider')
    .option('--post-logout-redirect-uri <uri...>', 'redirect URIs after a logout')
    .option('--no-post-logout-redirect-uri', 'no redirect after a logout')
    .option('--scope <scope...>', 'scopes that it may request')
    .option('--default-scope <scope...>', 'scopes that it gets when it requests none')
    .option('--no-default-scope', 'no default scopes')
    .option('--slug <slug>', 'short name, unique')
    .option('--no-slug', 'no short name')
    .option('--access-token-ttl <seconds>', 'lifetime of its access tokens, or `default` for ACCESS_TOKEN_TTL', secondsOrDefault)
    .option(
      '--refresh-grace <seconds>',
      'how long a used refresh token gets the same successor again, or `default` for REFRESH_GRACE',
      secondsOrDefault
    )
    .option('--refresh-token-in-body', 'its proxy returns the refresh token in the body as well')
    .option('--no-refresh-token-in-body', 'its proxy returns the refresh token only in the cookie')
    .option('--proxy', 'serve /v1/clients/<slug>/login, /refresh and /logout for it')
    .option('--no-proxy', 'do not serve these routes')
    .option('--trusted-proxy', 'the user addresses that it sends are trusted')
    .option('--no-trusted-proxy', 'the user addresses that it sends are ignored')
    .option('--first-party', FIRST_PARTY)
    .option('--no-first-party', 'a third-party application')
    .option('--skip-consent', 'users are not asked for consent')
    .option('--no-skip-consent', 'users are asked for consent')
    .option('--pkce-optional', 'PKCE may be left out')
    .option('--no-pkce-optional', 'PKCE is required')
    .option('--id-token-alg <alg>', 'RS256 or ES256, for ID tokens')
    .option('--introspect', 'may introspect every access token and personal access token')
    .option('--no-introspect', 'may introspect only its own tokens and access tokens for it')
    .option('--resource-server <uri...>', 'it is this resource server of RESOURCE_SERVERS')
    .option('--no-resource-server', 'it is not a resource server')
    .action(run(async () => (await import('./clients.ts')).updateClient))
  command(clients, 'rotate-secret <client>', 'Create a new secret for a client')
    .option('--overlap <seconds>', 'how long the old secret stays valid (default: 0)', seconds)
    .action(run(async () => (await import('./clients.ts')).rotateSecret))
  command(clients, 'revoke <client>', 'Revoke a client with its tokens and sessions, at once in every process')
    .action(run(async () => (await import('./clients.ts')).revokeClient))
}

/** Mails, and what could not be sent. */
function addMailCommands (program: Command, run: Run): void {
  const mail = program.command('mail').description('Test the mail server; list messages that could not be sent, and send them again')
  command(mail, 'test', 'Send one mail at once, and say what the mail server answered')
    .requiredOption('--to <address>', 'address of the recipient')
    .action(run(async () => (await import('./mail.ts')).testMail))
  command(mail, 'list', 'List messages that were given up', true)
    .option('--limit <number>', 'maximum number of messages', positiveInteger, 100)
    .action(run(async () => (await import('./mail.ts')).listMail))
  command(mail, 'retry [id...]', 'Send given-up messages again: these, or all that have not expired')
    .action(run(async () => (await import('./mail.ts')).retryMail))
}

function addKeyCommands (program: Command, run: Run): void {
  const keys = program.command('keys').description('List, rotate and revoke signing keys; seal again what an earlier APP_KEY has sealed')
  command(keys, 'list', 'List the keys in use', true)
    .action(run(async () => (await import('./keys.ts')).listKeys))
  command(keys, 'rotate', 'Create new keys, which are used for signing once all caches have them')
    .option('--now', 'use them for signing at once; a running server does so within 60 seconds')
    .action(run(async () => (await import('./keys.ts')).rotateKeys))
  command(keys, 'reseal', 'Seal again, under the current APP_KEY, everything that an earlier one has sealed')
    .action(run(async () => (await import('./keys.ts')).resealKeys))
  command(keys, 'revoke <kid>', 'Revoke a key: tokens that it signed are refused at once in every process')
    .action(run(async () => (await import('./keys.ts')).revokeKey))
}

function addUserCommands (program: Command, run: Run, context: Options['context']): void {
  const user = program.command('user').description('Create, invite, list, show, disable, enable and delete users; set their passwords, and remove their logins at providers')
  command(user, 'create', 'Register a user')
    .option('--attribute <name=value...>', 'login attribute')
    .option('--name <name>', 'full name')
    .option('--password <password>', 'the password; other users of this machine can see it in the process list')
    .option('--password-stdin', 'read the password from standard input')
    .action(run(async () => (await import('./user.ts')).createUser))
  command(user, 'list', 'List users', true)
    .option('--limit <number>', 'maximum number of users', positiveInteger, 100)
    .option('--after <id>', 'only users after this one')
    .action(run(async () => (await import('./user.ts')).listUsers))
  command(user, 'disable <user>', 'End all sessions of a user and refuse logins; the user is named by id or login identifier')
    .action(run(async () => (await import('./user.ts')).disableUser))
  command(user, 'enable <user>', 'Allow logins again')
    .action(run(async () => (await import('./user.ts')).enableUser))
  command(user, 'show <user>', 'Show a user, without the password')
    .action(run(async () => (await import('./user-account.ts')).showUser))
  command(user, 'set-password <user>', 'Set the password of a user and end all of their sessions')
    .option('--password <password>', 'the password; other users of this machine can see it in the process list')
    .option('--password-stdin', 'read the password from standard input')
    .action(run(async () => (await import('./user-account.ts')).setPassword))
  command(user, 'reset-link <user>', 'Print a link with which a user sets a new password, once and within an hour; no mail is sent')
    .action(run(async () => (await import('./reset-link.ts')).createResetLink))
  command(user, 'invite', 'Invite somebody to register; prints the link, and sends it where mail is set up')
    .requiredOption('--email <address>', 'the address that is invited, and verified by the link')
    .option('--locale <locale>', 'language of the mail, such as de (default: DEFAULT_LANGUAGE)')
    .action(run(async () => (await import('./invitations.ts')).inviteUser))
  command(user, 'invitations', 'List invitations that were not accepted yet')
    .option('--withdraw <address>', 'withdraw the invitation of this address')
    .action(run(async () => (await import('./invitations.ts')).listInvitations))
  command(user, 'delete <user>', 'Delete a user with all of their data, at once in every process; this cannot be undone')
    .action(run(async () => (await import('./user-account.ts')).deleteUser))
  addIdentityCommands(user, run)
  user.hook('preSubcommand', async (_user, create) => {
    if (create.name() === 'create') await addAttributeOptions(create, context)
  })
}

function addPasswordCommands (program: Command, run: Run): void {
  const passwords = program.command('passwords').description('Keep a list of breached passwords, which nobody can choose')
  command(passwords, 'import <file>', 'Make the list of a downloaded one: lines of SHA-1 hashes as of Have I Been Pwned; - reads standard input')
    .option('--plain', 'the lines are passwords')
    .option('--output <file>', 'where the list is kept (default: BREACHED_PASSWORDS)')
    .action(run(async () => (await import('./passwords.ts')).importPasswords))
}

function addMaintenanceCommands (program: Command, run: Run): void {
  command(program, 'purge', 'Delete expired and revoked rows')
    .option('--revoked', 'only revoked rows')
    .option('--expired', 'only expired rows')
    .option('--hours [number]', 'keep rows that expired less than this many hours ago (without --hours: 0; --hours alone: 168)', hours)
    .action(run(async () => (await import('./purge.ts')).purge))
  command(program, 'doctor', 'Check configuration, database, keys and clients; the exit code is 1 if a check fails')
    .option('--strict', 'treat warnings as failures')
    .action(run(async () => (await import('./doctor.ts')).doctor, async (error) => (await import('./doctor.ts')).misconfigured(error)))
}

/** Adds `--email <value>` and so on, as configured. */
async function addAttributeOptions (create: Command, context: Options['context']): Promise<void> {
  // A configuration error is reported when the command runs; its help must work nevertheless
  const config = await context().then((known) => known.config, () => null)
  if (!config) create.allowUnknownOption().allowExcessArguments()
  for (const [name, { title }] of Object.entries<{ title?: string }>(config?.login.attributes ?? {})) {
    const option = new Option(`--${name} <value>`, title ?? 'login attribute')
    const known = create.options.some((other) => other.attributeName() === option.attributeName())
    if (!known && name !== 'help') create.addOption(option)
  }
}
