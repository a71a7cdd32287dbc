import { MAX_NAME } from '../names/name.ts'
import { Item, LastUsed } from './account-access.tsx'
import type { AccountModel } from './account.tsx'
import { Field, Form } from './form.tsx'
import { distinct, formatDate } from './format.ts'
import { scopeText, type Html, type Scope } from './page.ts'
import { Name } from './parts.tsx'
import { attr, shown } from './untrusted.ts'

export type AccountToken = {
  id: string, name: string, scopes: readonly Scope[], createdAt: Date, lastUsedAt: Date | null,
  expiresAt: Date | null
}

/**
 * The form for a new token. Posts `name`, `days` (`0` means no expiry) and `scope:<name>` for each ticked scope; `values.scopes` are
 * ticked.
 */
export type TokenForm = {
  scopes: readonly Scope[]
  days: readonly number[]
  values?: { name?: string | undefined, days?: number | undefined, scopes?: readonly string[] | undefined } | undefined
}

export function AccountTokens ({ model, tokens }: { model: AccountModel, tokens: readonly AccountToken[] }): Html {
  const { texts: { account: t }, newToken } = model
  const names = distinct(tokens.map(({ name }) => name))
  return (
    <section aria-labelledby='tokens'>
      <h2 id='tokens' safe>{t.tokens}</h2>
      <p class='quiet' safe>{t.tokensHint}</p>
      {newToken !== undefined && <NewToken model={model} token={newToken} />}
      {tokens.length === 0 && <p class='quiet' safe>{t.noTokens}</p>}
      <ul class='items'>{tokens.map((token, index) => <TokenItem model={model} token={token} name={names[index]!} />)}</ul>
      {model.tokenForm !== null && <CreateToken model={model} form={model.tokenForm} />}
    </section>
  )
}

/** A text area, because it can be selected by keyboard and shows the whole token on a phone. */
function NewToken (
  { model: { texts: { account: t } }, token }: { model: AccountModel, token: { name: string, value: string } }
): JSX.Element {
  return (
    <div class='box good made' role='status'>
      <h3 safe>{t.tokenMade(shown(token.name))}</h3>
      <p id='token-once' safe>{t.tokenOnce}</p>
      <label class='unseen' for='token-value' safe>{t.tokenValue}</label>
      <textarea id='token-value' class='secret' dir='ltr' rows='3' readonly autofocus spellcheck='false' aria-describedby='token-once' safe>
        {token.value}
      </textarea>
    </div>
  )
}

function TokenItem ({ model, token, name }: { model: AccountModel, token: AccountToken, name: string }): JSX.Element {
  const { texts, locale, actions } = model
  const t = texts.account
  const made = `${t.made} ${formatDate(token.createdAt, locale)}`
  const end = token.expiresAt === null ? t.neverExpires : `${t.expires} ${formatDate(token.expiresAt, locale)}`
  return (
    <Item model={model} action={actions.endToken} id={token.id} button={t.endToken} name={name}>
      <h3><Name name={token.name} /></h3>
      {token.scopes.length > 0 && <p safe>{token.scopes.map((scope) => scopeText(scope, texts)).join(' · ')}</p>}
      <p><span safe>{`${made} · ${end} · `}</span><LastUsed model={model} date={token.lastUsedAt} /></p>
    </Item>
  )
}

type FormProps = { model: AccountModel, form: TokenForm }

function CreateToken ({ model, form }: FormProps): JSX.Element {
  const { texts: { account: t }, csrf, actions, errors } = model
  return (
    <div class='make'>
      <Form action={actions.createToken} csrf={csrf}>
        <h3 safe>{t.newToken}</h3>
        <Field
          name='name' label={t.tokenName} hint={t.tokenNameHint} value={form.values?.name} errors={errors}
          input={{ required: true, maxlength: MAX_NAME, autocomplete: 'off' }}
        />
        {form.scopes.length > 0 && <TokenScopes model={model} form={form} />}
        <TokenLife model={model} form={form} />
        <button type='submit' safe>{t.createToken}</button>
      </Form>
    </div>
  )
}

/** Each box has its own name, since a repeated parameter is refused. */
function TokenScopes ({ model: { texts }, form: { scopes, values } }: FormProps): JSX.Element {
  return (
    <fieldset>
      <legend safe>{texts.account.tokenScopes}</legend>
      <div class='checks'>
        {scopes.map((scope) => (
          <label class='check'>
            <input type='checkbox' name={attr(`scope:${scope.name}`)} value='on' checked={values?.scopes?.includes(scope.name) === true} />
            <span safe>{scopeText(scope, texts)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function TokenLife ({ model: { texts: { account: t } }, form: { days, values } }: FormProps): JSX.Element {
  return (
    <div class='field'>
      <label for='field-days' safe>{t.tokenLife}</label>
      <select id='field-days' name='days'>
        {days.map((count) => (
          <option value={String(count)} selected={count === values?.days} safe>{count === 0 ? t.forever : t.days(count)}</option>
        ))}
      </select>
    </div>
  )
}
