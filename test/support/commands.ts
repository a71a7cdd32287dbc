import type { Command } from 'commander'

/** The commands that do something, below those that only hold others, by their names as they are typed. */
export function commandsOf (command: Command, above = ''): [name: string, command: Command][] {
  return command.commands.flatMap((sub): [string, Command][] => {
    const name = `${above}${sub.name()}`
    return sub.commands.length > 0 ? commandsOf(sub, `${name} `) : [[name, sub]]
  })
}
