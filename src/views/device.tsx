import { MAX_TYPED } from '../oauth/device/user-code.ts'
import { ScopeList } from './consent.tsx'
import { Field, Form, Messages } from './form.tsx'
import { formatAgo, formatMoment } from './format.ts'
import { Layout, renderPage } from './layout.tsx'
import type { FormPage, Page, Scope } from './page.ts'
import { Link, Name } from './parts.tsx'
import { shown } from './untrusted.ts'

/** First step: the code shown by a device. Posts `user_code`, which `verification_uri_complete` may fill in. */
export type DeviceCodeModel = FormPage & { values?: { user_code?: string | undefined } | undefined }

/**
 * Second step: which app requests access, and from where. Posts `user_code` and `decision`, `allow` or `deny`. Relative times are computed
 * from `now`.
 */
export type DeviceConfirmModel = FormPage & {
  userCode: string
  /** `ofUser`: a user registered it, and nobody has reviewed it. */
  client: { name: string, firstParty: boolean, ofUser: boolean }
  account: { name: string, switchUrl: string }
  scopes: readonly Scope[]
  device: { name: string | null, place: string | null, askedAt: Date }
  now: Date
}

/** Last step: whether the device got access. */
export type DeviceDoneModel = Page & { allowed: boolean }

export function deviceCodePage (model: DeviceCodeModel): string {
  const { texts: { device: t }, errors, values = {} } = model
  return renderPage(
    <Layout page={model} title={t.title} errors={errors}>
      <div>
        <h1 safe>{t.title}</h1>
        <p class='lead' safe>{t.intro}</p>
      </div>
      <Messages page={model} labels={[]} />
      <Form {...model}>
        <Field
          name='user_code'
          label={t.code}
          value={values.user_code}
          errors={errors}
          input={{
            class: 'code code-input', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', dir: 'ltr',
            maxlength: MAX_TYPED, required: true, autofocus: true
          }}
        />
        <button class='main' type='submit' safe>{t.next}</button>
      </Form>
    </Layout>
  )
}

export function deviceConfirmPage (model: DeviceConfirmModel): string {
  const { texts, brand, client, userCode, hidden } = model
  const t = texts.device
  const app = shown(client.name)
  return renderPage(
    <Layout page={model} title={t.confirm(app)}>
      <h1 safe>{t.confirm(app)}</h1>
      <p class='box warn' safe>{t.warning}</p>
      <DeviceFacts model={model} />
      <div>
        <h2 safe>{texts.consent.scopes}</h2>
        <ScopeList model={model} />
      </div>
      {client.ofUser && <p class='box warn' safe>{texts.consent.unverified(app, brand.name)}</p>}
      <Form {...model} hidden={{ ...hidden, user_code: userCode }}>
        <div class='buttons pair'>
          <button class='main' type='submit' name='decision' value='allow' safe>{t.allow}</button>
          <button type='submit' name='decision' value='deny' safe>{t.deny}</button>
        </div>
      </Form>
    </Layout>
  )
}

function DeviceFacts ({ model }: { model: DeviceConfirmModel }): JSX.Element {
  const { texts, userCode, account } = model
  return (
    <dl class='facts'>
      <div>
        <dt safe>{texts.device.shown}</dt>
        <dd class='code user-code' dir='ltr' safe>{shown(userCode)}</dd>
      </div>
      <DeviceOrigin model={model} />
      <div>
        <dt safe>{texts.consent.signedIn}</dt>
        <dd><Name name={account.name} /><br /><Link href={account.switchUrl} text={texts.consent.switch} /></dd>
      </div>
    </dl>
  )
}

/** RFC 8628 section 5.4: a user who was sent a code by an attacker can see that the device is not theirs. */
function DeviceOrigin ({ model: { texts, locale, device, now } }: { model: DeviceConfirmModel }): JSX.Element {
  return (
    <div>
      <dt safe>{texts.device.from}</dt>
      <dd>
        <Name name={device.name ?? texts.account.unknownDevice} />
        <br />
        <small>
          {device.place !== null && (
            <>
              <Name name={device.place} />
              <span>{' · '}</span>
            </>
          )}
          <time datetime={device.askedAt.toISOString()} title={formatMoment(device.askedAt, locale)} safe>
            {formatAgo(device.askedAt, now, locale)}
          </time>
        </small>
      </dd>
    </div>
  )
}

export function deviceDonePage (model: DeviceDoneModel): string {
  const { texts: { device: t }, allowed } = model
  const title = allowed ? t.allowedTitle : t.deniedTitle
  return renderPage(
    <Layout page={model} title={title}>
      <h1 safe>{title}</h1>
      <p safe>{allowed ? t.allowed : t.denied}</p>
    </Layout>
  )
}
