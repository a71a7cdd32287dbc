import type { Services } from '../../src/compose/services.ts'
import { createAccountDataPage, type ShowAccountData } from './account-data.ts'
import { createAccountDeletePage, type ShowAccountDelete } from './account-delete.ts'
import { createAccountEndPage, type ShowAccountEnd } from './account-end.ts'
import { createAccountFrame } from './account-frame.ts'
import { createAccountProfilePage, type ShowAccountProfile } from './account-profile.ts'
import { createAccountSecurityPage, type ShowAccountSecurity } from './account-security.ts'
import { createAccountPage, type ShowAccount } from './account.ts'
import type { Kit } from './kit.ts'

export type AccountPages = {
  account: ShowAccount
  accountData: ShowAccountData
  accountDelete: ShowAccountDelete
  accountEnd: ShowAccountEnd
  accountProfile: ShowAccountProfile
  accountSecurity: ShowAccountSecurity
}

export function createAccountPages (kit: Kit, services: Services): AccountPages {
  const frameOf = createAccountFrame(kit, services.config)
  return {
    account: createAccountPage(kit, services, frameOf),
    accountData: createAccountDataPage(kit, frameOf),
    accountDelete: createAccountDeletePage(kit, services),
    accountEnd: createAccountEndPage(kit, services),
    accountProfile: createAccountProfilePage(kit, services, frameOf),
    accountSecurity: createAccountSecurityPage(kit, services, frameOf)
  }
}
