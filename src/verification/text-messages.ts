import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import type { Throttle } from '../throttle/throttle.ts'

type Dependencies = {
  throttle: Pick<Throttle, 'textMessage'>
  /** ISO 3166-1 codes of the countries that text messages are sent to; null: all, since none is sent. */
  countries: readonly string[] | null
  onRefused: (counter: string) => void
}

/**
 * Whether a text message may be sent to a number, in E.164; it is counted. Messages cost money, and numbers of some countries earn it for
 * their owner (toll fraud): without limits, anybody could have us send many.
 */
export type AllowTextMessage = (number: string) => Promise<boolean>

export function createAllowTextMessage ({ throttle, countries, onRefused }: Dependencies): AllowTextMessage {
  return async (number) => {
    if (countries && !countries.includes(parsePhoneNumberFromString(number)?.country ?? '')) {
      onRefused('sms_country')
      return false
    }
    return await throttle.textMessage(number)
  }
}
