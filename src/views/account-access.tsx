import type { AccountApp, AccountModel, AccountSession } from './account.tsx'
import { Form } from './form.tsx'
import { distinct, formatAgo, formatDate, formatMoment } from './format.ts'
import { scopeText, type Html } from './page.ts'
import { Name } from './parts.tsx'
import { shown } from './untrusted.ts'

export function AccountSessions ({ model }: { model: AccountModel }): Html {
  const { texts: { account: t }, sessions, locale, now } = model
  // Logins with the same kind of browser are distinguished by place and time
  const names = distinct(
    sessions.map(({ device, place, lastUsedAt }) =>
      [device ?? t.unknownDevice, place, formatAgo(lastUsedAt, now, locale)].filter((part) => part !== null).join(', ')
    )
  )
  return (
    <section aria-labelledby='sessions'>
      <h2 id='sessions' safe>{t.sessions}</h2>
      {sessions.length === 0 && <p class='quiet' safe>{t.noSessions}</p>}
      <ul class='items'>{sessions.map((session, index) => <SessionItem model={model} session={session} name={names[index]!} />)}</ul>
      {sessions.some(({ current }) => !current) && <EndButton model={model} action={model.actions.endOthers} button={t.endOthers} />}
    </section>
  )
}

function SessionItem ({ model, session, name }: { model: AccountModel, session: AccountSession, name: string }): JSX.Element {
  const { texts: { account: t }, actions } = model
  const device = session.device ?? t.unknownDevice
  return (
    <Item model={model} action={actions.endSession} id={session.id} button={t.endSession} name={name}>
      <h3><Name name={device} />{session.current && <span class='badge' safe>{t.current}</span>}</h3>
      {session.place !== null && <p><Name name={session.place} /></p>}
      <p><LastUsed model={model} date={session.lastUsedAt} /></p>
    </Item>
  )
}

export function AccountApps ({ model }: { model: AccountModel }): Html {
  const { texts: { account: t }, apps } = model
  const names = distinct(apps.map(({ name }) => name))
  return (
    <section aria-labelledby='apps'>
      <h2 id='apps' safe>{t.apps}</h2>
      {apps.length === 0 && <p class='quiet' safe>{t.noApps}</p>}
      <ul class='items'>{apps.map((app, index) => <AppItem model={model} app={app} name={names[index]!} />)}</ul>
    </section>
  )
}

function AppItem ({ model, app, name }: { model: AccountModel, app: AccountApp, name: string }): JSX.Element {
  const { texts, locale, actions } = model
  const t = texts.account
  return (
    <Item model={model} action={actions.endApp} id={app.id} button={t.endApp} name={name}>
      <h3><Name name={app.name} /></h3>
      {app.scopes.length > 0 && <p safe>{app.scopes.map((scope) => scopeText(scope, texts)).join(' · ')}</p>}
      <p><span safe>{`${t.since} ${formatDate(app.since, locale)} · `}</span><LastUsed model={model} date={app.lastUsedAt} /></p>
    </Item>
  )
}

type EndProps = { model: Pick<AccountModel, 'csrf'>, action: string, id?: string, button: string, name?: string }
type ItemProps = Required<EndProps> & { children?: Html.Children }

/** An entry with access, and the button that asks whether it ends. */
export function Item ({ children, ...end }: ItemProps): Html {
  return (
    <li>
      <div class='about'>{children}</div>
      <EndButton {...end} />
    </li>
  )
}

/** Leads to the question whether something ends; includes the entry's name for screen readers. */
function EndButton ({ model: { csrf }, action, id, button, name }: EndProps): JSX.Element {
  return (
    <Form action={action} csrf={csrf} hidden={{ ask: '1', ...(id !== undefined && { id }) }}>
      <button class='small danger' type='submit'>
        <span safe>{button}</span>
        {name !== undefined && <span class='unseen' safe>{` ${shown(name)}`}</span>}
      </button>
    </Form>
  )
}

export function LastUsed ({ model: { texts: { account: t }, locale, now }, date }: { model: AccountModel, date: Date | null }): Html {
  if (date === null) return <span safe>{t.neverUsed}</span>
  return (
    <>
      <span safe>{`${t.lastUsed} `}</span>
      <time datetime={date.toISOString()} title={formatMoment(date, locale)} safe>{formatAgo(date, now, locale)}</time>
    </>
  )
}
