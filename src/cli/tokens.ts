import { validate as isUuid } from 'uuid'
import type { Config } from '../config/config.ts'
import type { Core } from '../compose/core.ts'
import { entryOf } from '../events/audit-trail.ts'
import { createEvents } from '../events/events.ts'
import { asOfToday, type Access } from '../account/access.ts'
import { createClientDirectory } from '../clients/directory.ts'
import { scopeProblem } from '../personal-tokens/own-tokens.ts'
import { createFormSecrets } from '../crypto/form-secrets.ts'
import { createPersonalTokens } from '../personal-tokens/personal-tokens.ts'
import type { PersonalToken } from '../personal-tokens/ports.ts'
import { PERSONAL_TOKEN_TTL } from '../personal-tokens/ttl.ts'
import { createRemainingScopes } from '../oauth/remaining-scopes.ts'
import { createScopes, scopeNames, type Scopes } from '../oauth/scopes.ts'
import { OIDC_SCOPES } from '../oidc/claims.ts'
import { createSessionEnds, type TellEnd } from '../sessions/end.ts'
import { accessJson, personalTokenJson } from '../schemas/management-json.ts'
import type { Context } from './context.ts'
import { findClient } from './find-client.ts'
import { findUser } from './find-user.ts'
import { checkName } from './new-client.ts'
import { BY_OPERATOR } from './operator.ts'
import { table, type Result } from './result.ts'

export type Which = { user?: string, client?: string }

/** Active sessions and personal access tokens. */
export async function listTokens (
  { config, withCore }: Context,
  { user, client, limit = 100 }: Which & { limit?: number }
): Promise<Result> {
  if (user !== undefined && client !== undefined) throw new Error('--user and --client: choose one')
  return await withCore(async ({ store, clock }) => {
    const userId = user === undefined ? undefined : await findUser(config, store, user)
    const clientId = client === undefined ? undefined : (await findClient(store, client)).id
    const sessions = await store.access.list({ userId, clientId, limit }, {
      session: config.refreshTokenTtl,
      browser: config.browserIdleTtl
    })
    const personal = client !== undefined
      ? []
      : userId === undefined
        ? await store.personalTokens.listAll(limit)
        : await store.personalTokens.list(userId)
    const registry = scopesOf(config)
    const remainingScopes = createRemainingScopes(createClientDirectory(store.clients, clock), registry)
    return {
      json: {
        sessions: sessions.map((session) => {
          const { current: _current, ...rest } = accessJson(asOfToday(session, registry), null)
          return { ...rest, user_id: session.userId }
        }),
        personal_access_tokens: await Promise.all(
          personal.map(async (token) => ({
            ...personalTokenJson(token), scopes: await remainingScopes(token.clientId, token.scopes), user_id: token.userId
          }))
        )
      },
      lines: table(['ID', 'KIND', 'USER', 'OF', 'LAST USED', 'EXPIRES'], [...sessions.map(sessionRow), ...personal.map(personalRow)])
    }
  })
}

/** Revokes the given tokens and sessions, in every process. */
export async function revokeTokens (
  { config, withCore }: Context,
  { user, client, session, token }: Which & { session?: string, token?: string }
): Promise<Result> {
  const given = Object.entries({ user, client, session, token }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const [[kind, name] = []] = given
  if (kind === undefined || name === undefined || given.length > 1) {
    throw new Error('name one: --user <user>, --client <client>, --session <id> or --token <id>')
  }
  return await withCore(async ({ config: _config, store }) => {
    if (kind === 'user') return await ofUser(store, await findUser(config, store, name))
    if (kind === 'client') return await ofClient(store, name)
    return kind === 'session' ? await oneSession(store, name) : await onePersonal(store, name)
  })
}

/** Creates a personal access token for a user, which is shown only now. */
export async function createToken (
  { config, log, withCore }: Context,
  { user, name, scope = [], expiresIn }: { user: string, name: string, scope?: string[], expiresIn?: number | 'never' }
): Promise<Result> {
  const scopes = scopeNames(scope)
  return await withCore(async ({ store, clock, appKeys }) => {
    const userId = await findUser(config, store, user)
    const registry = scopesOf(config)
    const tokens = createPersonalTokens({
      store: store.personalTokens,
      clock,
      findClient: store.clients.findPersonal,
      isRevoked: () => false,
      remainingScopes: createRemainingScopes(store.clients, registry),
      formSecrets: createFormSecrets(appKeys, 'token-forms', clock.now),
      events: createEvents(() => {}),
      onError: (err) => log.warn({ err }, 'The use of a personal access token could not be recorded')
    })
    const personal = await tokens.client()
    const problem = scopeProblem(registry, [personal], scopes)
    if (problem) throw new Error(problem)
    const made = await tokens.create({
      owner: { userId, tokenEpoch: null }, name: checkName(name),
      scopes: scopes.length > 0 ? registry.grant(personal, scopes.join(' ')) : [],
      ttl: expiresIn === 'never' ? null : expiresIn ?? PERSONAL_TOKEN_TTL.usual
    })
    if (!made) throw new Error(`The user ${user} is disabled`)
    await store.audit.write([{
      type: 'personal_token.created', userId, clientId: made.token.clientId,
      detail: { ...BY_OPERATOR, tokenId: made.token.id, scopes }
    }])
    return {
      json: { access_token: made.text, token: { ...personalTokenJson(made.token), user_id: userId } },
      lines: ['Personal access token created successfully.', `Token ID: ${made.token.id}`, `Token: ${made.text}`]
    }
  })
}

const scopesOf = ({ scopes, scopeInheritance }: Pick<Config, 'scopes' | 'scopeInheritance'>): Scopes =>
  createScopes({ ...OIDC_SCOPES, ...scopes }, { inherit: scopeInheritance === 'on' })

async function ofUser (store: Core['store'], userId: string): Promise<Result> {
  await store.access.endAll(userId, null)
  await store.audit.write([{ type: 'user.logged_out', userId, detail: BY_OPERATOR }])
  return {
    json: { user_id: userId, revoked: true },
    lines: [`User ${userId} is logged out everywhere; personal access tokens have ended, too.`]
  }
}

async function ofClient (store: Core['store'], name: string): Promise<Result> {
  const { id } = await findClient(store, name)
  const count = await store.access.endOfClient(id)
  await store.clients.foldRevocations(id)
  await store.audit.write([{ type: 'client.logged_out', clientId: id, detail: { ...BY_OPERATOR, sessions: count } }])
  return {
    json: { client_id: id, revoked: true, sessions: count },
    lines: [`${count} sessions of client ${id} have ended, and the tokens that it had for itself. The client may go on.`]
  }
}

async function oneSession (store: Core['store'], id: string): Promise<Result> {
  const tell: TellEnd = async (type, details) => {
    const entry = entryOf(type, details)
    await store.audit.write([{ ...entry, detail: { ...BY_OPERATOR, ...entry.detail } }])
  }
  const ended = isUuid(id) && await createSessionEnds({ store, tell }).owned(id, null, { reason: 'operator' })
  if (!ended) throw new Error(`There is no valid session ${id}; \`npx latchkey tokens list\` lists them`)
  return { json: { session_id: id, revoked: true }, lines: [`Session ${id} has ended.`] }
}

async function onePersonal (store: Core['store'], id: string): Promise<Result> {
  const revoked = isUuid(id) ? await store.personalTokens.revoke(id, null) : null
  if (!revoked) throw new Error(`There is no valid personal access token ${id}; \`npx latchkey tokens list\` lists them`)
  await store.audit.write([{ type: 'personal_token.revoked', ...revoked, detail: { ...BY_OPERATOR, tokenId: id } }])
  return { json: { token_id: id, revoked: true }, lines: [`Personal access token ${id} is revoked.`] }
}

function sessionRow ({ id, kind, userId, client, lastUsedAt, expiresAt }: Access): string[] {
  return [id, kind, userId, client?.name ?? 'pages', lastUsedAt.toISOString(), expiresAt.toISOString()]
}

function personalRow ({ id, userId, name, lastUsedAt, expiresAt }: PersonalToken): string[] {
  return [id, 'personal', userId, name, lastUsedAt?.toISOString() ?? 'never', expiresAt?.toISOString() ?? 'never']
}
