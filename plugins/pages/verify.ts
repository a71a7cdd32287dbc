import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FieldError } from '../../src/http/field-errors.ts'
import { localPath } from '../../src/http/return-to.ts'
import { boundToAuthSession, boundToSession, proofOf, userIdOf, type AuthSession } from '../../src/sessions/auth-sessions.ts'
import { VERIFY_PAGE } from '../../src/verification/links.ts'
import type { Identifier } from '../../src/users/attributes.ts'
import type { OneTimeToken } from '../../src/verification/ports.ts'
import { formErrors } from '../../src/views/texts/field-errors.ts'
import type { Texts } from '../../src/views/texts/index.ts'
import { createAuthCookie } from '../browser/auth-cookie.ts'
import type { Internals } from '../internals.ts'
import { preferredLanguages } from '../http/preferred-languages.ts'
import type { Kit } from './kit.ts'
import { problemErrors, type Problem } from './problems.ts'

/** Who is in front of the browser: logged in, or with a login at which the verification is missing. */
export type Verifier = {
  userId: string
  boundTo: string
  entered?: Identifier | undefined
  authSession?: { text: string, found: AuthSession }
}

type State = {
  returnTo: string | null
  sent?: boolean
  wrongCode?: boolean
  problem?: Problem | undefined
  empty?: boolean
  correction?: Correction
}
/** An entered address that was not accepted, or whose password is wrong. */
type Correction = { address: string, errors: FieldError[] | 'wrong_password' }
type LinkState = { token: string, found: OneTimeToken, wrongPassword?: boolean, problem?: Problem | undefined }

export type VerifyPages = {
  /** Those who are known to be one user in this browser. A login that was just refused comes first. */
  verifiers: (request: FastifyRequest) => Promise<Verifier[]>
  /** Mails a link, and a code for this browser. */
  send: (request: FastifyRequest, verifier: Verifier) => Promise<void>
  /** Code and mail for who is known, or a mail for who is not. */
  show: (request: FastifyRequest, reply: FastifyReply, state: State) => Promise<FastifyReply>
  /** The page with one button that a link leads to. Nothing changes. */
  showLink: (request: FastifyRequest, reply: FastifyReply, state: LinkState) => Promise<FastifyReply>
  /** The form that was submitted, with a problem. */
  again: (request: FastifyRequest, reply: FastifyReply, state: State & { token: unknown }) => Promise<FastifyReply>
  showBadLink: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
  showDone: (request: FastifyRequest, reply: FastifyReply, returnTo: string | null) => Promise<FastifyReply>
  /** The browser has an auth session of a registration, whose mail is on its way. */
  remember: (reply: FastifyReply, authSession: string) => Promise<void>
  /** After a login that lacks only the verification: mails a link and a code. */
  refuse: (request: FastifyRequest, reply: FastifyReply, authSession: string | undefined, returnTo: string | null) => Promise<FastifyReply>
  /** Goes on with the login at which the verification was missing. @returns false when there is none */
  goOn: (request: FastifyRequest, reply: FastifyReply, userId: string) => Promise<boolean>
}

export function createVerifyPages (kit: Kit, { browser, config, sessions, users, verification }: Internals): VerifyPages {
  const { attributes, records } = users
  const { links, requests, verify } = verification
  const cookie = createAuthCookie(config)
  const addresses = attributes.filter(({ channel }) => channel === 'mail').map(({ name }) => name)

  async function ofAuthSession (text: string | undefined): Promise<Verifier | null> {
    const found = text === undefined ? null : await sessions.auth.find(text, null)
    if (!found) return null
    const authSession = { text: text!, found }
    return { userId: userIdOf(found), boundTo: boundToAuthSession(found), entered: found.pending.address, authSession }
  }

  const verifiers: VerifyPages['verifiers'] = async (request) => {
    const [refused, session] = await Promise.all([ofAuthSession(cookie.read(request)), browser.session(request)])
    return [...(refused ? [refused] : []), ...(session ? [{ userId: session.userId, boundTo: boundToSession(session.id) }] : [])]
  }

  const send: VerifyPages['send'] = (request, { userId, boundTo }) =>
    requests.verifyEmail({ userId, boundTo, preferences: preferredLanguages(request) }, links.own.verification)

  async function showFor (
    request: FastifyRequest,
    reply: FastifyReply,
    verifier: Verifier | undefined,
    { returnTo, sent = false, wrongCode = false, problem, empty = false, correction }: State
  ): Promise<FastifyReply> {
    const recipient = verifier && await records.recipient({ of: { userId: verifier.userId }, attributes: addresses, unverified: true })
    const address = recipient?.display ?? registeredAddress(verifier)
    // Nothing is left to verify
    if (verifier && address === null) return await showDone(request, reply, returnTo)
    const page = kit.page(request)
    return kit.send(reply, 'verify', {
      ...page,
      action: kit.link(VERIFY_PAGE),
      csrf: kit.csrf(reply),
      hidden: returnTo === null ? {} : { return_to: returnTo },
      address,
      fields: attributes.map(({ name, title }) => ({ attribute: name, title })),
      sent,
      required: verifier?.authSession !== undefined,
      newAddress: verifier?.authSession?.found.pending.registration ? correction?.address ?? '' : null,
      ...(correction && { errors: correctionErrors(correction, page.texts) }),
      ...(wrongCode && { errors: { fields: { code: [page.texts.verify.wrongCode] } } }),
      ...(empty && { errors: { fields: { email: [page.texts.problems.missing] } } }),
      ...(problem && { errors: problemErrors(problem, page) }),
      links: { login: config.loginPath }
    }, { leaves: returnTo !== null })
  }

  const showLink: VerifyPages['showLink'] = async (request, reply, { token, found, wrongPassword = false, problem }) => {
    const known = await verifiers(request)
    const isKnown = known.some(({ userId }) => userId === found.userId)
    const isChange = found.purpose === 'change'
    const asks = !isKnown && found.userId !== null && (isChange || await records.recipient({
      of: { userId: found.userId }, attributes: [found.attribute ?? ''], unverified: true
    }))
    const page = kit.page(request)
    const { wrongPassword: wrong, changeWrongPassword } = page.texts.verify
    return kit.send(reply, 'verifyLink', {
      ...page,
      action: kit.link(VERIFY_PAGE),
      csrf: kit.csrf(reply),
      hidden: { token },
      address: found.value,
      askPassword: Boolean(asks),
      isChange,
      ...(wrongPassword && { errors: { fields: { password: [isChange ? changeWrongPassword : wrong] } } }),
      ...(problem && { errors: problemErrors(problem, page) })
    }, { leaves: kit.loginLeaves })
  }

  const showBadLink: VerifyPages['showBadLink'] = async (request, reply) => {
    const page = kit.page(request)
    const { badTitle, bad, newLink, back } = page.texts.password
    return await kit.send(reply.code(403), 'done', {
      ...page, title: badTitle, message: bad,
      links: [{ href: kit.link(VERIFY_PAGE), text: newLink }, { href: config.loginPath, text: back }]
    })
  }

  const showDone: VerifyPages['showDone'] = async (request, reply, returnTo) => {
    const page = kit.page(request)
    const { doneTitle, done, goOn } = page.texts.verify
    return await kit.send(reply, 'done', {
      ...page, title: doneTitle, message: done, links: [{ href: localPath(returnTo) ?? config.homePath, text: goOn }]
    })
  }

  return {
    verifiers,
    send,
    show: async (request, reply, state) => await showFor(request, reply, (await verifiers(request))[0], state),
    showLink,
    async again (request, reply, { token, ...state }) {
      if (token === undefined) return await showFor(request, reply, (await verifiers(request))[0], { ...state, sent: true })
      const text = String(token)
      const found = await verify.find(text)
      return await (found ? showLink(request, reply, { token: text, found, problem: state.problem }) : showBadLink(request, reply))
    },
    showBadLink,
    showDone,
    remember: async (reply, authSession) => cookie.set(reply, authSession),
    async refuse (request, reply, authSession, returnTo) {
      const refused = await ofAuthSession(authSession)
      if (refused?.authSession) {
        cookie.set(reply, refused.authSession.text)
        await send(request, refused)
      }
      return await showFor(request, reply, refused ?? (await verifiers(request)).at(-1), { returnTo, sent: refused !== null })
    },
    async goOn (request, reply, userId) {
      const [refused] = await verifiers(request)
      if (!refused?.authSession || refused.userId !== userId) return false
      const user = await sessions.auth.consume(refused.authSession.text, null)
      cookie.clear(reply)
      if (!user) return false
      const { proven: amr, pending } = user
      return await browser.logIn(request, reply, { ...user, amr, ...proofOf(pending) }, pending.remember === true) !== null
    }
  }
}

function correctionErrors ({ errors }: Correction, texts: Texts) {
  return errors === 'wrong_password'
    ? { fields: { password: [texts.verify.changeWrongPassword] } }
    : formErrors({ address: errors }, ['address'], texts)
}

/** Of a registration that has created no user, since the address has an account: nothing tells. */
function registeredAddress (verifier: Verifier | undefined): string | null {
  const { userId = '', pending = {} } = verifier?.authSession?.found ?? {}
  return userId === null ? pending.address?.display ?? null : null
}
