import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../src/compose/services.ts'
import { withLanguages } from '../../src/views/texts/index.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import { formErrors } from '../../src/views/texts/field-errors.ts'
import { isRecent } from '../../src/account/owner.ts'
import type { MakeFrame } from './account-frame.ts'
import { CONFIRM_LOGIN, PROFILE, SAVE_LOGIN, type Who } from './account-paths.ts'
import type { Kit } from './kit.ts'
import type { Notice } from './notices.ts'

/** `typed`: the rejected input, to be shown again. `wrongCode`: of an attribute. */
type State = { typed?: Record<string, string>, errors?: FieldErrors, wrongCode?: string, notice?: Notice | undefined }

export type ShowAccountProfile = (
  request: FastifyRequest, reply: FastifyReply, who: Who & { authTime: Date | null }, state: State
) => Promise<FastifyReply>

/** The name, and what the user logs in with. */
export function createAccountProfilePage (
  kit: Kit,
  { clock, config, users: { attributes, records, profileFields }, verification: { changes, channels } }: Services,
  frameOf: MakeFrame
): ShowAccountProfile {
  const languages = Object.keys(withLanguages(config.languages))
  const names = ['name', 'locale', ...attributes.map(({ name }) => name)]
  const mayWait = channels.mail || channels.sms

  return async (request, reply, who, { typed = {}, errors, wrongCode, notice }) => {
    const frame = await frameOf(request, reply, who, PROFILE)
    const [profile, waiting] = await Promise.all([records.profile(who.userId), mayWait ? changes.pending(who.userId) : []])
    const stored = Object.fromEntries(profile?.identifiers.map(({ attribute, display }) => [attribute, display]) ?? [])
    const own = profileFields && (await import('./profile-inputs.ts')).profileInputs(profileFields.fields, profile?.profile)
    const ownNames = own?.inputs.map(({ name }) => name) ?? []
    // A box that is not checked is not sent
    const before = typed['name'] === undefined ? own?.values : {}
    const shown = { ...stored, name: profile?.name ?? '', locale: profile?.locale ?? '', ...before, ...typed }
    return await kit.send(errors || wrongCode !== undefined ? reply.code(422) : reply, 'accountProfile', {
      ...frame,
      actions: { ...frame.actions, saveName: kit.link(PROFILE), saveLogin: kit.link(SAVE_LOGIN), confirm: kit.link(CONFIRM_LOGIN) },
      fields: attributes.map(({ name, title }) => ({ attribute: name, title })),
      pending: waiting.flatMap(({ attribute, display }) => {
        const known = attributes.find(({ name }) => name === attribute)
        return known ? { attribute, title: known.title, value: display, isMail: known.channel === 'mail' } : []
      }),
      languages,
      ...(own && { profileFields: own.inputs }),
      askPassword: !isRecent(who.authTime, clock.now()),
      links: { login: kit.link('/login', { prompt: 'login', return_to: kit.link(PROFILE) }) },
      // Never the password
      values: Object.fromEntries(Object.entries(shown).filter(([name]) => names.includes(name) || ownNames.includes(name))),
      notice: notice && frame.texts.account[notice],
      ...(errors && { errors: formErrors(errors, [...names, ...ownNames, 'current_password'], frame.texts) }),
      ...(wrongCode !== undefined && { errors: { fields: { [`code_${wrongCode}`]: [frame.texts.verify.wrongCode] } } })
    }, { leaves: kit.accountLeaves })
  }
}
