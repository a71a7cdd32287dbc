import type { LoginPace } from '../passwords/login-pace.ts'
import { Overloaded, type Passwords } from '../passwords/hashing.ts'
import type { Identifier } from './attributes.ts'
import type { Decoys } from './decoys.ts'
import type { IdentifierHolds } from './identifier-holds.ts'
import { MFA, stillMissing } from './missing.ts'
import type { EnteredUser, NewUser, OwnUser, Profile, User, Users, UserStore } from './ports.ts'
import type { ProfileFields } from './profile-fields.ts'

type Dependencies = {
  store: UserStore
  passwords: Pick<Passwords, 'verify' | 'hash'>
  /** Where people log in: makes every answer take the same time. Not for the command line. */
  pace?: Pick<LoginPace, 'rest'>
  /** Attributes of which a user must have verified one before they may log in; none where nothing is required. */
  mustVerify?: readonly string[]
  /** Whether second factors are asked for. */
  factors?: boolean
  /** Where an address must be verified. */
  decoys?: Decoys | undefined
  /** Identifiers of deleted users, which nobody else gets. Not for the command line, where the operator decides. */
  holds?: Pick<IdentifierHolds, 'held'>
  /** Of the option `profile`. */
  profileFields?: Pick<ProfileFields, 'shown'> | undefined
}

/** RFC 8176 */
const PASSWORD = ['pwd']

/** Users in our own tables, whose passwords we hash ourselves. */
export function createOwnUsers (
  { store, passwords, pace, mustVerify = [], factors = true, decoys, holds, profileFields }: Dependencies
): Users {
  // Callers get users without the hash; `verify` finds it again here
  const found = new WeakMap<User, OwnUser>()

  function withoutHash (row: OwnUser | null): User | null {
    if (!row) return null
    const { id, disabled, passwordStamp } = row
    const user = { id, disabled, passwordStamp }
    found.set(user, row)
    return user
  }

  async function verify (user: User | null, password: string): Promise<boolean> {
    const row = user && found.get(user)
    if (user && !row) throw new TypeError('verify takes a user as find or findById returned it, not a copy')
    const { matches, outdated, ...check } = await passwords.verify(row?.passwordHash ?? null, password)
    await pace?.rest(check)
    if (!row?.passwordHash || !matches) return false
    if (outdated && !row.disabled) await strengthen(row, password)
    return true
  }

  const held = async (identifiers: Identifier[]) => identifiers.length === 0 ? [] : await holds?.held(identifiers) ?? []

  async function strengthen ({ id, passwordStamp }: OwnUser, password: string): Promise<void> {
    try {
      await store.rehash(id, passwordStamp, await passwords.hash(password))
    } catch (error) {
      // The next login will rehash
      if (!(error instanceof Overloaded)) throw error
    }
  }

  function withMissing (row: OwnUser | null, proven: readonly string[] = PASSWORD) {
    const user = withoutHash(row)
    if (!row || !user) return null
    const { isLeaving, verified, secondFactor } = row
    return Object.assign(user, { missing: stillMissing({ isLeaving, verified, secondFactor: factors && secondFactor }, proven) })
  }

  const verifiedOf = async (id: string) => mustVerify.length === 0 ? undefined : await store.hasVerified(id, mustVerify)

  async function hashed ({ password, waiting, ...user }: EnteredUser): Promise<NewUser> {
    const passwordHash = await passwords.hash(password)
    return { ...user, passwordHash, ...(waiting && decoys && { waiting: { ...waiting, decoy: decoys.create(waiting, password) } }) }
  }

  /** What is stored besides, of earlier schemas, is in the export only. */
  function shown<User extends Profile | null> (user: User): User {
    if (!user) return user
    const { profile = {}, ...rest } = user
    return { ...rest, ...(profileFields && { profile: profileFields.shown(profile) }) } as User
  }

  const find: Users['find'] = async (identifiers) => withMissing(await store.findByIdentifiers(identifiers, mustVerify))

  return {
    find,
    async findForLogin (identifiers) {
      if (!decoys) return { user: await find(identifiers), decoy: null }
      const { user, decoy } = await store.findForLogin(identifiers, mustVerify)
      return { user: withMissing(user), decoy }
    },
    async missing ({ userId, amr, lacksFactor }) {
      const isAsked = factors && !amr.includes(MFA)
      const secondFactor = isAsked && (lacksFactor ?? (await store.find(userId))?.secondFactor === true)
      return stillMissing({ isLeaving: false, verified: await verifiedOf(userId), secondFactor }, amr)
    },
    findById: async (id) => withoutHash(await store.find(id)),
    async findForEntry (id, proven) {
      const row = await store.find(id)
      const verified = row ? await verifiedOf(id) : undefined
      return withMissing(row && verified !== undefined ? { ...row, verified } : row, proven)
    },
    verify,
    hasPassword: async (id) => (await store.find(id))?.passwordHash != null,
    profile: async (id) => shown(await store.profile(id)),
    recipient: store.recipient,
    // In this order: an identifier that is no more with its user is held by then
    async taken (identifiers, except) {
      const taken = await store.taken(identifiers, except)
      return [...new Set([...taken, ...await held(identifiers)])]
    },
    madeByForm: async (identifier, form, seconds) => await store.madeByForm(identifier, form, seconds) !== null,
    create: async (user, prepare) => shown(await store.create(await hashed(user), await prepare?.())),
    createWithoutPassword: async (user, also) => shown(await store.create({ ...user, passwordHash: null }, also)),
    async createNobody (user) {
      await store.createNobody(await hashed(user))
      return null
    },
    freeRegistration: store.freeRegistration,
    hasRegistration: store.hasRegistration,
    setPassword: async ({ password, ...change }, also) =>
      await store.changePassword({ ...change, passwordHash: await passwords.hash(password) }, also),
    verifyIdentifier: store.verifyIdentifier,
    resetPassword: async ({ password, ...reset }, also) =>
      await store.resetPassword({ ...reset, passwordHash: await passwords.hash(password) }, also),
    async changeProfile (change, also) {
      const changed = (await held(change.identifiers)).length > 0 ? 'taken' : await store.changeProfile(change, also)
      return typeof changed === 'string' ? changed : shown(changed)
    },
    identifiers: store.identifiers,
    confirmChange: store.confirmChange,
    undoChange: store.undoChange
  }
}
