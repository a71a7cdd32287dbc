import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ownerOfForm } from '../../plugins/browser/owner.ts'
import { callerOf } from '../../src/http/caller.ts'
import { ACCOUNT, ACTIONS, DAYS } from '../../plugins/pages/account-paths.ts'
import { logInAgain } from '../../plugins/pages/answer.ts'
import { isRecent } from '../../src/account/owner.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import { ById } from '../../src/schemas/management.ts'
import { afterForm, form, showPage, TokenForm } from '../../src/schemas/pages.ts'
import { internals } from '../../plugins/internals.ts'

const DAY = 86_400
const SCOPE = 'scope:'

const accountToken: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { clock, config, personalTokens } = internals(app)
  const ownerOf = ownerOfForm(app)
  const guard = app.authGuard('web')

  app.post(ACTIONS.createToken, {
    schema: {
      tags: ['Pages'], summary: 'Create a personal access token on the page',
      description: 'The page that the response redirects to shows the token once. A form that is sent twice creates one token. With a login older than 10 minutes it leads to the login, and back to what was typed.', ...form, body: TokenForm,
      response: afterForm
    }
  }, async (request, reply) => {
    const owner = await ownerOf(request, reply)
    if (!owner) return reply.redirect(config.basePath + ACCOUNT, 303)
    const values = valuesOf(request.body)
    const errors = problems(values, await personalTokens.ownScopes() ?? [])
    if (errors) return await pages.account(request, reply, owner, { values, errors })
    if (!isRecent(owner.authTime, clock.now())) {
      pages.shownOnce.keep(reply, ACTIONS.createToken, owner.userId, JSON.stringify(values))
      return logInAgain(reply, config, ACTIONS.createToken)
    }
    const { name, days, scopes } = values
    const answer = await personalTokens.createOwn(
      owner,
      { name, scopes, expiresIn: days === 0 ? null : days * DAY, form: pages.formOf(request) },
      callerOf(request)
    )
    if (answer.errors) return await pages.account(request, reply, owner, { values, errors: answer.errors })
    // The session has ended in the meantime
    if (!answer.made) return reply.redirect(config.basePath + ACCOUNT, 303)
    const { text, token } = answer.made
    pages.shownOnce.keep(reply, pathOf(token.id), owner.userId, text)
    return reply.redirect(config.basePath + pathOf(token.id), 303)
  })

  // After the login that was asked for, with what was typed; from the address bar it leads to the page with the form
  app.get(ACTIONS.createToken, {
    onRequest: guard, schema: { hide: true }
  }, async (request, reply) => {
    const { userId, sessionId } = guard.auth(request)
    const typed = pages.shownOnce.take(request, reply, ACTIONS.createToken, userId)
    if (typed === null) return reply.redirect(config.basePath + ACCOUNT, 303)
    return await pages.account(request, reply, { userId, sessionId }, { values: JSON.parse(typed) as ReturnType<typeof valuesOf> })
  })

  app.get(`${ACTIONS.createToken}/:id`, {
    onRequest: guard,
    schema: { tags: ['Pages'], summary: 'Show a new personal access token once', params: ById, response: showPage }
  }, async (request, reply) => {
    const { userId, sessionId } = guard.auth(request)
    const { id } = request.params
    const value = pages.shownOnce.take(request, reply, pathOf(id), userId)
    const token = value === null ? undefined : (await personalTokens.list(userId)).find((token) => token.id === id)
    if (value === null || !token) return reply.redirect(config.basePath + ACCOUNT, 303)
    return await pages.account(request, reply, { userId, sessionId }, { newToken: { name: token.name, value } })
  })
}

function pathOf (id: string): string {
  return `${ACTIONS.createToken}/${id}`
}

function valuesOf ({ name = '', days, ...boxes }: Record<string, string>) {
  return {
    name, days: Number(days ?? Number.NaN),
    scopes: Object.keys(boxes).filter((box) => box.startsWith(SCOPE)).map((box) => box.slice(SCOPE.length))
  }
}

/** Values that the form does not offer. */
function problems ({ days, scopes }: { days: number, scopes: string[] }, offered: string[]): FieldErrors | null {
  if (!scopes.every((scope) => offered.includes(scope))) return { scopes: ['not_offered'] }
  return DAYS.includes(days) ? null : { days: ['not_offered'] }
}

export default accountToken
