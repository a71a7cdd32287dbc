import type { Command } from 'commander'
import { command, positiveInteger, expiresIn, since, type Run } from './command.ts'

/** Sessions and tokens, and the audit log. */
export function addTokenCommands (program: Command, run: Run): void {
  const tokens = program.command('tokens').description('List and revoke sessions and personal access tokens; create personal access tokens')
  command(tokens, 'list', 'List active sessions and personal access tokens', true)
    .option('--user <user>', 'only of this user, by id or login identifier')
    .option('--client <client>', 'only sessions of this client, by id or slug')
    .option('--limit <number>', 'maximum number of entries', positiveInteger, 100)
    .action(run(async () => (await import('./tokens.ts')).listTokens))
  command(tokens, 'revoke', 'Revoke tokens, at once in every process')
    .option('--user <user>', 'all sessions and personal access tokens of a user')
    .option('--client <client>', 'all sessions of a client, and the tokens that it got for itself')
    .option('--session <id>', 'one session')
    .option('--token <id>', 'one personal access token')
    .action(run(async () => (await import('./tokens.ts')).revokeTokens))
  command(tokens, 'create', 'Create a personal access token')
    .requiredOption('--user <user>', 'owner, by id or login identifier')
    .requiredOption('--name <name>', 'name of the token')
    .option('--scope <scope...>', 'scopes of the token')
    .option('--expires-in <seconds>', 'lifetime, or `never` (default: a year)', expiresIn)
    .action(run(async () => (await import('./tokens.ts')).createToken))

  command(program, 'audit', 'Show the audit log, newest events first')
    .option('--user <user>', 'only events of this user, by id or login identifier')
    .option('--client <client>', 'only events of this client, by id or slug')
    .option('--type <type>', 'only events of this type, such as login.failed, or client.* for all that begin with `client.`')
    .option('--since <time>', 'only events after this time, or of the last 30m, 24h or 7d', since)
    .option('--limit <number>', 'maximum number of events', positiveInteger, 50)
    .action(run(async () => (await import('./audit.ts')).audit))
}
