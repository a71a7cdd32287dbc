import type { ConfiguredProvider } from '../config/social.ts'
import type { PresetName } from '../config/social-options.ts'
import { basic } from '../remote/issuer-client.ts'
import type { TokenCheck } from './ports.ts'
import { objectOf } from './read-claims.ts'

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const posted = (values: Record<string, string>) => ({
  method: 'POST' as const,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: String(new URLSearchParams(values))
})
/** None where one of them is no id. */
const idsOf = (...values: unknown[]) => values.every((value) => typeof value === 'string' && value !== '') ? values as string[] : []

/** By preset; undefined without what a question needs. Microsoft, Slack, X and Bitbucket have no such question. */
export const tokenChecks: Partial<Record<PresetName, (option: ConfiguredProvider) => TokenCheck | undefined>> = {
  google: () => ({
    ask: (token) => ({ url: 'https://oauth2.googleapis.com/tokeninfo', init: posted({ access_token: token }) }),
    // For whom it is, and whom it was given to, which may be an app of the same project
    issuedTo: ({ aud, azp = aud }) => idsOf(aud, azp)
  }),
  github: ({ clientId, clientSecret }) => clientSecret === undefined
    ? undefined
    : {
        ask: (token) => ({
          url: `https://api.github.com/applications/${encodeURIComponent(clientId)}/token`,
          init: {
            method: 'POST',
            headers: { authorization: basic(clientId, clientSecret), 'content-type': 'application/json' },
            body: JSON.stringify({ access_token: token })
          }
        }),
        issuedTo: ({ app }) => idsOf(objectOf(app)['client_id']),
        refusals: [401]
      },
  facebook: ({ clientId, clientSecret }) => clientSecret === undefined
    ? undefined
    : {
        ask: (token) => ({
          url: `https://graph.facebook.com/debug_token?${new URLSearchParams({ input_token: token })}`,
          init: bearer(`${clientId}|${clientSecret}`)
        }),
        issuedTo ({ data }) {
          const { is_valid: valid, app_id: app } = objectOf(data)
          return valid === true ? idsOf(app) : []
        },
        // A token that is not valid is 200
        refusals: [400, 401, 403]
      },
  gitlab: ({ issuer = 'https://gitlab.com' }) => ({
    ask: (token) => ({ url: `${issuer.replace(/\/$/, '')}/oauth/token/info`, init: bearer(token) }),
    issuedTo: ({ application }) => idsOf(objectOf(application)['uid'])
  }),
  linkedin: ({ clientId, clientSecret }) => clientSecret === undefined
    ? undefined
    : {
        ask: (token) => ({
          url: 'https://www.linkedin.com/oauth/v2/introspectToken',
          init: posted({ client_id: clientId, client_secret: clientSecret, token })
        }),
        issuedTo: ({ active, client_id: client }) => active === true ? idsOf(client) : [],
        refusals: [401, 403]
      },
  discord: () => ({
    ask: (token) => ({ url: 'https://discord.com/api/oauth2/@me', init: bearer(token) }),
    issuedTo: ({ application }) => idsOf(objectOf(application)['id'])
  }),
  twitch: () => ({
    ask: (token) => ({ url: 'https://id.twitch.tv/oauth2/validate', init: { headers: { authorization: `OAuth ${token}` } } }),
    issuedTo: ({ client_id: client }) => idsOf(client)
  })
}
