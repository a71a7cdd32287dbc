import type { Command } from 'commander'
import { command, positiveInteger, expiresIn, since, type Run } from './command.ts'

/** What has access, and what happened. */
export function addTokenCommands (program: Command, run: Run): void {
  const tokens = program.command('tokens').description('List and revoke sessions and personal access tokens')
  command(tokens, 'list', 'List sessions and personal access tokens that are alive', true)
    .option('--user <user>', 'of a user, by id or by what they sign in with')
    .option('--client <client>', 'sessions of a client, by its id or slug')
    .option('--limit <number>', 'how many', positiveInteger, 100)
    .action(run(async () => (await import('./tokens.ts')).listTokens))
  command(tokens, 'revoke', 'End tokens, at once and everywhere')
    .option('--user <user>', 'all of a user: sessions and personal access tokens')
    .option('--client <client>', 'all sessions of a client, and the tokens that it has got for itself')
    .option('--session <id>', 'one session')
    .option('--token <id>', 'one personal access token')
    .action(run(async () => (await import('./tokens.ts')).revokeTokens))
  command(tokens, 'create', 'Make a personal access token')
    .requiredOption('--user <user>', 'for whom, by id or by what they sign in with')
    .requiredOption('--name <name>', 'what it is for')
    .option('--scope <scope...>', 'what it may do')
    .option('--expires-in <seconds>', 'how long it lives, or `never` (default: a year)', expiresIn)
    .action(run(async () => (await import('./tokens.ts')).createToken))

  command(program, 'audit', 'Tell what happened, the newest first')
    .option('--user <user>', 'to a user, by id or by what they sign in with')
    .option('--client <client>', 'with a client, by its id or slug')
    .option('--type <type>', 'such as login.failed, or client.* for all that begin so')
    .option('--since <time>', 'a time, or how long ago: 30m, 24h, 7d', since)
    .option('--limit <number>', 'how many', positiveInteger, 50)
    .action(run(async () => (await import('./audit.ts')).audit))
}
