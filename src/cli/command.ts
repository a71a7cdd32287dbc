import { InvalidArgumentError, type Command } from 'commander'
import { PERSONAL_TOKEN_TTL } from '../personal-tokens/ttl.ts'
import type { Context } from './context.ts'
import type { Result } from './result.ts'

/** commander's parsed values match the options of the command. */
export type Action = (context: Context, ...args: never[]) => Promise<Result | null>
export type Run = (
  load: () => Promise<Action>,
  withoutContext?: (error: unknown) => Promise<Result>
) => (...given: unknown[]) => Promise<void>

/** Creates a command with the option --json, which every command has. */
export function command (parent: Command, nameAndArgs: string, description: string, isDefault = false): Command {
  return parent.command(nameAndArgs, { isDefault }).description(description).option('--json', 'print JSON')
}

export function positiveInteger (text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 to 999999.')
  return Number(text)
}

export function hours (text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a number of hours.')
  return Number(text)
}

export function seconds (text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a number of seconds.')
  return Number(text)
}

/** `default`, or a number of seconds. */
export function secondsOrDefault (text: string): number | 'default' {
  return text === 'default' ? text : seconds(text)
}

/** The lifetime of a personal access token: `never`, or seconds within the limits for users. */
export function expiresIn (text: string): number | 'never' {
  if (text === 'never') return text
  const { min, max } = PERSONAL_TOKEN_TTL
  if (!/^[0-9]+$/.test(text) || Number(text) < min || Number(text) > max) {
    throw new InvalidArgumentError(`It must be never, or a number of seconds from ${min} to ${max}.`)
  }
  return Number(text)
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** A time such as 2026-11-24T13:00:00Z, or a duration before now: 30m, 24h, 7d. */
export function since (text: string): Date {
  const [, count, unit] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? []
  const date = count ? new Date(Date.now() - Number(count) * UNITS[unit!]! * 1000) : new Date(text)
  if (Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError('It must be a time such as 2026-11-24T13:00:00Z, or how long ago, such as 24h or 7d.')
  }
  return date
}
