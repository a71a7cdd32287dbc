import type { Command } from 'commander'
import { command, type Run } from './command.ts'

/** Accounts at providers with which users log in, and their second factors. */
export function addIdentityCommands (user: Command, run: Run): void {
  const identities = user.command('identities').description('List and remove the accounts at providers with which a user logs in')
  command(identities, 'list <user>', 'List those of a user, who is named by id or login identifier')
    .action(run(async () => (await import('./user-identities.ts')).listIdentities))
  command(identities, 'remove <user> <provider> [subject]', 'Remove one; the subject, its id at the provider, is needed where there are several')
    .option('--force', 'even if the user cannot log in any more')
    .action(run(async () => (await import('./user-identities.ts')).removeIdentity))
  const factors = user.command('factors').description('List and remove the second factors of a user')
  command(factors, 'list <user>', 'List those of a user, who is named by id or login identifier')
    .action(run(async () => (await import('./user-factors.ts')).listFactors))
  command(factors, 'reset <user>', 'Remove all of them and the recovery codes, for a user who has lost them; every session ends')
    .action(run(async () => (await import('./user-factors.ts')).resetFactors))
}
