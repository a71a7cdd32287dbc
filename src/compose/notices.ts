import { atFirstUse } from '../runtime/at-first-use.ts'
import { noThrottle, type Throttle } from '../throttle/throttle.ts'
import type { Attributes } from '../users/attributes.ts'
import type { NewDevice } from '../users/new-device.ts'
import type { PasswordChangedNotice, PrepareNotice } from '../users/notices.ts'
import type { Users } from '../users/ports.ts'
import type { Core } from './core.ts'
import { createMail } from './outbox.ts'

export type NoticeServices = {
  passwordChanged: PasswordChangedNotice
  /** Null where nobody is told of new devices. */
  newDevice: NewDevice | null
}

type Dependencies = Pick<Core, 'config' | 'clock' | 'database' | 'outbox'> & {
  attributes: Attributes
  users: Pick<Users, 'recipient'>
  throttle?: Throttle
}

/** Their modules are loaded with the first notice. */
export function createNotices (
  { config, clock, database, outbox, attributes, users, throttle = noThrottle }: Dependencies
): NoticeServices {
  const { mail } = createMail({ config, outbox })

  async function load () {
    const { createPasswordChangedNotice, createPrepareNotice } = await import('../users/notices.ts')
    const prepareNotice: PrepareNotice = createPrepareNotice({ attributes, users, mail, throttle })
    return { prepareNotice, passwordChanged: createPasswordChangedNotice(prepareNotice, () => `${config.issuer}/password/forgot`, clock.now) }
  }

  async function loadNewDevice () {
    const [{ prepareNotice }, { createNewDevice }, { createEarlierLoginStore }] = await Promise.all([
      load(), import('../users/new-device.ts'), import('../users/earlier-logins.store.ts')
    ])
    return {
      newDevice: createNewDevice({
        store: createEarlierLoginStore(database), prepareNotice, accountUrl: () => `${config.issuer}/account`, now: clock.now
      })
    }
  }

  // Without limits, no device has a cookie by which it is known
  const isTold = mail.sends('newDevice') && throttle !== noThrottle
  return { passwordChanged: atFirstUse(load, ['passwordChanged']).passwordChanged, newDevice: isTold ? atFirstUse(loadNewDevice, ['newDevice']).newDevice : null }
}
