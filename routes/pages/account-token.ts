import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ownerInPerson } from '../../plugins/browser-owner.ts'
import { callerOf } from '../../plugins/caller.ts'
import { ACCOUNT, ACTIONS, DAYS } from '../../plugins/pages/account.ts'
import { isName } from '../../plugins/pages/token-errors.ts'
import { afterForm, form, TokenForm } from '../../src/schemas/pages.ts'

const DAY = 86_400
const SCOPE = 'scope:'

const accountToken: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { config, makeOwnToken, ownTokenScopes } = app.latchkey
  const ownerOf = ownerInPerson(app)

  app.post(ACTIONS.createToken, {
    schema: { tags: ['Pages'], summary: 'Make a personal access token', description: 'The page shows it this once.', ...form, body: TokenForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const owner = await ownerOf(request)
    if (!owner) return reply.redirect(config.basePath + ACCOUNT, 303)
    const values = valuesOf(request.body)
    const errors = problems(values, await ownTokenScopes() ?? [])
    if (errors) return await pages.account(request, reply, owner, { values, errors })
    const { name, days, scopes } = values
    const answer = await makeOwnToken(owner, { name, scopes, expiresIn: days === 0 ? null : days * DAY }, callerOf(request))
    if (answer.errors) return await pages.account(request, reply, owner, { values, errors: answer.errors })
    // Logged out meanwhile
    if (!answer.made) return reply.redirect(config.basePath + ACCOUNT, 303)
    const { text, token } = answer.made
    return await pages.account(request, reply, owner, { newToken: { name: token.name, value: text } })
  })
}

function valuesOf ({ name = '', days, ...boxes }: Record<string, string>) {
  return { name, days: Number(days ?? Number.NaN), scopes: Object.keys(boxes).filter((box) => box.startsWith(SCOPE)).map((box) => box.slice(SCOPE.length)) }
}

/** Of what the form does not offer. */
function problems ({ name, days, scopes }: { name: string, days: number, scopes: string[] }, offered: string[]): Record<string, string[]> | null {
  if (!isName(name)) return { name: ['cannot be the name of a token'] }
  if (!scopes.every((scope) => offered.includes(scope))) return { scopes: ['are no choice of the form'] }
  return DAYS.includes(days) ? null : { days: ['is no choice of the form'] }
}

export default accountToken
