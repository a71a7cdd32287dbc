import t from 'tap'
import { tokenChecks } from '../../../src/social/token-checks.ts'

const OPTION = { clientId: 'ours', clientSecret: 'a secret' }
const check = (preset: keyof typeof tokenChecks) => tokenChecks[preset]!(OPTION)!

t.test('Google: the client that the token is for and the one that it was given to both count', async (t) => {
  const { ask, issuedTo } = check('google')
  t.equal(ask('a-token').init.body, 'access_token=a-token')
  t.same(issuedTo({ aud: 'ours', azp: 'ours' }), ['ours', 'ours'])
  t.same(issuedTo({ aud: 'ours', azp: 'a-game' }), ['ours', 'a-game'])
  t.same(issuedTo({ aud: 'a-game', azp: 'ours' }), ['a-game', 'ours'])
  t.same(issuedTo({ aud: 'ours' }), ['ours', 'ours'])
  for (const answer of [{}, { azp: 'ours' }, { aud: 'ours', azp: null }, { aud: ['ours'] }, { aud: '' }, { error: 'invalid_token' }]) {
    t.same(issuedTo(answer), [], JSON.stringify(answer))
  }
})

t.test('others name one client, of a token that is valid', async (t) => {
  for (const [preset, answer] of [
    ['github', { app: { client_id: 'ours' } }], ['facebook', { data: { is_valid: true, app_id: 'ours' } }],
    ['gitlab', { application: { uid: 'ours' } }], ['linkedin', { active: true, client_id: 'ours' }],
    ['discord', { application: { id: 'ours' } }], ['twitch', { client_id: 'ours' }]
  ] as const) {
    t.same(check(preset).issuedTo(answer), ['ours'], preset)
    t.same(check(preset).issuedTo({}), [], preset)
  }
  t.same(check('facebook').issuedTo({ data: { is_valid: false, app_id: 'ours' } }), [])
  t.same(check('linkedin').issuedTo({ active: false, client_id: 'ours' }), [])
})

t.test('where our client authenticates, its refusal is told apart from a wrong token; elsewhere 401 is the token', async (t) => {
  t.match([check('github').refusals, check('facebook').refusals, check('linkedin').refusals], [[401], [400], [401]])
  for (const preset of ['google', 'gitlab', 'discord', 'twitch'] as const) t.notOk(check(preset).refusals, preset)
  for (const preset of ['github', 'facebook', 'linkedin'] as const) t.equal(tokenChecks[preset]!({ clientId: 'ours' }), undefined, 'without a secret there is no question')
})
