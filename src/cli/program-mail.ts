import type { Command } from 'commander'
import { command, positiveInteger, type Run } from './command.ts'

/** Mails, and what could not be sent. */
export function addMailCommands (program: Command, run: Run): void {
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
