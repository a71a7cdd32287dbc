import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import t from 'tap'
import { listClients, revokeClient } from '../../src/cli/clients.ts'
import { createContext } from '../../src/cli/context.ts'
import { install } from '../../src/cli/install.ts'
import { createClient } from '../../src/cli/client.ts'
import { createLog } from '../../src/cli/log.ts'
import { embeddedUrl, startEmbedded } from '../../src/database/embedded.ts'
import { basic, build, createDatabase, PASSWORD, register, token } from '../support/start-server.ts'
import { query } from '../unit/database/embedded-helper.ts'
import { contextFor } from './helper.ts'

type Installed = { clients: { slug: string, client_id: string, client_secret: string | null }[], keys: object[] }

const secrets = ({ clients }: Installed) => clients.map(({ client_secret: secret }) => secret)
const ids = ({ clients }: Installed) => clients.map(({ client_id: id }) => id)

t.test('an empty database gets migrations, keys and clients, and their secrets are printed once', async (t) => {
  const context = await contextFor(t, { DATABASE_URL: await createDatabase(t, { empty: true }) })
  const first = await install(context)
  const json = first.json as Installed
  t.match(json, {
    clients: [
      { slug: 'web', client_id: /^lk_client_/, client_secret: /^lk_cs_/ },
      { slug: 'mobile', client_id: /^lk_client_/, client_secret: /^lk_cs_/ },
      { slug: 'personal-access', client_secret: null }
    ],
    keys: [{ kid: String, alg: 'ES256', state: 'current' }, { kid: String, alg: 'RS256', state: 'current' }]
  })
  t.match(first.lines, [
    'Password grant client created successfully.',
    'Client slug: web',
    `Client ID: ${ids(json)[0]}`,
    `Client secret: ${secrets(json)[0]}`
  ])

  const second = await install(context)
  t.same(second.json, { ...json, clients: json.clients.map((client) => ({ ...client, client_secret: null })) })
  t.match(second.lines.join('\n'), ids(json)[0])
  t.notMatch(second.lines.join('\n'), /lk_cs_|created/)
  t.same(context.said, [])
})

t.test('the clients of a first start get their secrets at the first install, and they work', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { json } = await install(await contextFor(t, { DATABASE_URL: databaseUrl })) as { json: Installed }
  await register(app)
  const [web] = json.clients
  const answer = await token(
    app,
    { grant_type: 'password', username: 'ada@example.com', password: PASSWORD },
    basic(web!.client_id, web!.client_secret!)
  )
  t.equal(answer.statusCode, 200, answer.body)
})

t.test('two concurrent installs create one set of clients, and each secret is printed by one of them', async (t) => {
  const context = await contextFor(t, { DATABASE_URL: await createDatabase(t, { empty: true }) })
  const [one, other] = (await Promise.all([install(context), install(context)])).map(({ json }) => json as Installed)
  t.same(ids(one!), ids(other!))
  for (const index of [0, 1]) t.equal([secrets(one!)[index], secrets(other!)[index]].filter(Boolean).length, 1)
})

t.test('--write-env puts ids and new secrets into .env and leaves the rest', async (t) => {
  const cwd = t.testdir({ '.env': '# mine\nPORT=4000\nCLIENT_WEB_SECRET=old # replaced\nLOG_LEVEL="info"' })
  const context = await contextFor(t, {}, cwd)
  const { json, lines } = await install(context, { writeEnv: true }) as { json: Installed, lines: string[] }
  const [web, mobile] = json.clients
  t.equal(
    readFileSync(join(cwd, '.env'), 'utf8'),
    `# mine\nPORT=4000\nCLIENT_WEB_SECRET=${web!.client_secret} # replaced\nLOG_LEVEL="info"\n` +
      `CLIENT_WEB_ID=${web!.client_id}\nCLIENT_MOBILE_ID=${mobile!.client_id}\nCLIENT_MOBILE_SECRET=${mobile!.client_secret}\n`
  )
  t.equal(lines.at(-1), 'Written to .env: CLIENT_WEB_ID, CLIENT_WEB_SECRET, CLIENT_MOBILE_ID, CLIENT_MOBILE_SECRET')

  const before = readFileSync(join(cwd, '.env'))
  await install(context, { writeEnv: true })
  t.same(readFileSync(join(cwd, '.env')), before, 'again changes nothing')

  const variables = parseEnv(before.toString()) as Record<string, string>
  const { app } = await build(t, {
    databaseUrl: context.config.databaseUrl!,
    clients: { web: { id: variables['CLIENT_WEB_ID']!, secret: variables['CLIENT_WEB_SECRET']! } }
  })
  t.ok(app, 'a server starts with what was written')
})

t.test('ids and secrets that are already configured are used', async (t) => {
  const context = await contextFor(t, {
    DATABASE_URL: await createDatabase(t, { empty: true }), CLIENT_WEB_ID: 'lk_client_mine', CLIENT_WEB_SECRET: 'a secret of mine'
  })
  const { json } = await install(context)
  t.match(json, {
    clients: [{ slug: 'web', client_id: 'lk_client_mine', client_secret: null }, { slug: 'mobile', client_secret: /^lk_cs_/ }, {}]
  })
})

t.test('any other command on an empty database installs, too, so that a server finds its clients', async (t) => {
  const context = await contextFor(t, { DATABASE_URL: await createDatabase(t, { empty: true }) })
  await createClient(context, { client: true })
  t.match((await install(context)).json, { clients: [{ client_secret: /^lk_cs_/ }, { client_secret: /^lk_cs_/ }, {}] })
})

t.test('a new client takes the slug of a revoked one', async (t) => {
  const databaseUrl = await createDatabase(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const { clients } = (await install(context)).json as Installed
  const old = clients[0]!.client_id
  await revokeClient(context, old)
  const cwd = t.testdir({})
  const again = (await install({ ...context, cwd }, { writeEnv: true })).json as Installed
  t.match(again.clients[0], { slug: 'web', client_id: /^lk_client_/, client_secret: /^lk_cs_/ })
  t.not(again.clients[0]!.client_id, old)
  t.notMatch(readFileSync(join(cwd, '.env'), 'utf8'), old)
  t.same(context.said, [])

  const named = await contextFor(t, { DATABASE_URL: databaseUrl, CLIENT_WEB_ID: old })
  await install(named)
  t.match(named.said, [`warning: The client ${old}, which CLIENT_WEB_ID names, is revoked; remove it`])
})

t.test('the embedded database is started for the command and stopped after it', async (t) => {
  const cwd = t.testdir({})
  const dataDir = join(cwd, 'data')
  const said: string[] = []
  const context = await createContext({ cwd, variables: { LATCHKEY_DATA_DIR: dataDir }, log: createLog((line) => said.push(line)) })
  const first = (await install(context)).json as Installed
  t.match(secrets(first), [/^lk_cs_/, /^lk_cs_/, null])
  t.equal(await embeddedUrl(dataDir), null, 'stopped')
  t.same(said, [`note: created the embedded database in ${dataDir}`])
  const second = (await install(context)).json as Installed
  t.same(ids(second), ids(first))
  t.same(second.keys, first.keys)
  t.same(secrets(second), [null, null, null])

  said.length = 0
  await listClients(context)
  t.same(said, [`note: no server is running: started the embedded database in ${dataDir} for this command`])
  t.equal(await embeddedUrl(dataDir), null, 'stopped')

  const running = await startEmbedded({ dataDir })
  said.length = 0
  await listClients(context)
  t.same(said, [], 'nothing was started where a server runs')
  t.ok(await embeddedUrl(dataDir), 'nor stopped')
  await running.stop()

  const key = join(dataDir, 'app.key')
  renameSync(key, join(cwd, 'kept'))
  await t.rejects(
    listClients(context),
    { code: 'LK_CONFIG', message: /^APP_KEY is missing: .*data\/app\.key; set that key, or restore the file$/ },
    'the key was given in code, and no other one is made'
  )
  t.notOk(existsSync(key))
  for (const [text, message] of [
    ['', /app\.key holds no key/],
    [Buffer.alloc(32, 7).toString('base64'), /app\.key is not the key that this database was set up with/]
  ] as const) {
    writeFileSync(key, text)
    await t.rejects(listClients(context), { message })
  }
  renameSync(join(cwd, 'kept'), key)
  t.match((await listClients(context)).json, { clients: [{ client_id: ids(first)[0] }, {}, {}] }, 'as it was')
})

t.test('an invalid app.key is reported before a database is created', async (t) => {
  const cwd = t.testdir({ data: { 'app.key': 'none' } })
  const context = await createContext({ cwd, variables: { LATCHKEY_DATA_DIR: join(cwd, 'data') }, log: createLog(() => {}) })
  await t.rejects(install(context), { message: /app\.key holds no key.*where there is no database yet, delete the file$/ })
  t.same(readdirSync(join(cwd, 'data')), ['app.key'])
})

t.test('an APP_KEY that does not open the signing keys changes nothing, even in a database without the key check', async (t) => {
  const databaseUrl = await createDatabase(t)
  const right = await contextFor(t, { DATABASE_URL: databaseUrl })
  await install(right)
  await query(databaseUrl, "DELETE FROM settings WHERE name = 'app_key_check'")
  await t.rejects(install(await contextFor(t, { DATABASE_URL: databaseUrl, APP_KEY: Buffer.alloc(32, 1).toString('base64') })), {
    message: /^APP_KEY is not the key/
  })
  await install(right)
})

t.test('a wrong APP_KEY is an error, and creates no keys', async (t) => {
  const databaseUrl = await createDatabase(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl, APP_KEY: Buffer.alloc(32, 1).toString('base64') })
  await t.rejects(install(context), { code: 'LK_CONFIG', message: /^APP_KEY is not the key/ })
})

t.test('a .env that cannot be written is an error', async (t) => {
  const context = await contextFor(t)
  const cwd = t.testdir({ '.env': {} })
  await t.rejects(install({ ...context, cwd }, { writeEnv: true }), { message: /\.env cannot be written \(EISDIR.*leave out --write-env/ })
})
