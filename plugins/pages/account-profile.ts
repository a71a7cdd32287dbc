import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../src/compose/services.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import { formErrors } from '../../src/views/texts/field-errors.ts'
import type { MakeFrame } from './account-frame.ts'
import { PROFILE, SAVE_LOGIN, type Who } from './account-paths.ts'
import type { Kit } from './kit.ts'
import type { Notice } from './notices.ts'

/** `typed`: the rejected input, to be shown again. */
type State = { typed?: Record<string, string>, errors?: FieldErrors, notice?: Notice | undefined }

export type ShowAccountProfile = (request: FastifyRequest, reply: FastifyReply, who: Who, state: State) => Promise<FastifyReply>

/** The name, and what the user logs in with. */
export function createAccountProfilePage (kit: Kit, { users: { attributes, records } }: Services, frameOf: MakeFrame): ShowAccountProfile {
  const names = ['name', ...attributes.map(({ name }) => name)]
  return async (request, reply, who, { typed = {}, errors, notice }) => {
    const frame = await frameOf(request, reply, who, PROFILE)
    const profile = await records.profile(who.userId)
    const stored = Object.fromEntries(profile?.identifiers.map(({ attribute, display }) => [attribute, display]) ?? [])
    const shown = { ...stored, name: profile?.name ?? '', ...typed }
    return await kit.send(errors ? reply.code(422) : reply, 'accountProfile', {
      ...frame,
      actions: { ...frame.actions, saveName: kit.link(PROFILE), saveLogin: kit.link(SAVE_LOGIN) },
      fields: attributes.map(({ name, title }) => ({ attribute: name, title })),
      // Never the password
      values: Object.fromEntries(Object.entries(shown).filter(([name]) => names.includes(name))),
      notice: notice && frame.texts.account[notice],
      ...(errors && { errors: formErrors(errors, [...names, 'current_password'], frame.texts) })
    }, { leaves: kit.loginLeaves })
  }
}
