import { MAX_USER_NAME } from '../names/name.ts'
import { renderAccountPage, type AccountFrame } from './account-frame.tsx'
import { attributeInput } from './attribute-input.ts'
import { Field, Form } from './form.tsx'
import { capitalise } from './format.ts'
import { attributeWord, type AttributeField } from './page.ts'

/**
 * The name, and what the user logs in with. Two forms: `name` goes to `actions.saveName`; each attribute under its own name, and
 * `current_password`, to `actions.saveLogin`. An empty attribute is removed.
 */
export type AccountProfileModel = AccountFrame & {
  actions: { saveName: string, saveLogin: string }
  fields: readonly AttributeField[]
  values: Readonly<Record<string, string | undefined>>
}

export function accountProfilePage (model: AccountProfileModel): string {
  const { texts: { profile: t }, fields, values, errors, csrf, actions } = model
  const labelOf = (field: AttributeField) => capitalise(attributeWord(field, model.texts), model.locale)
  return renderAccountPage({
    model, title: t.title,
    labels: [
      ['name', t.name], ...fields.map((field) => [field.attribute, labelOf(field)] as const), ['current_password', t.currentPassword]
    ],
    children: (
      <>
        <section aria-labelledby='you'>
          <h2 id='you' safe>{t.you}</h2>
          <div class='narrow'>
            <Form action={actions.saveName} csrf={csrf}>
              <Field
                name='name' label={t.name} note={model.texts.form.optional} value={values['name']} errors={errors}
                input={{ autocomplete: 'name', maxlength: MAX_USER_NAME }}
              />
              <button type='submit' safe>{t.saveName}</button>
            </Form>
          </div>
        </section>
        <section aria-labelledby='login'>
          <h2 id='login' safe>{t.login}</h2>
          <p class='quiet' safe>{fields.length > 1 ? t.loginHint : t.loginHintOne}</p>
          <div class='narrow'>
            <Form action={actions.saveLogin} csrf={csrf}>
              {fields.map((field) => (
                <Field
                  name={field.attribute} label={labelOf(field)} value={values[field.attribute]} errors={errors}
                  input={{ ...attributeInput(field.attribute), autocapitalize: 'none', spellcheck: 'false' }}
                />
              ))}
              <Field
                name='current_password' label={t.currentPassword} errors={errors}
                input={{ type: 'password', autocomplete: 'current-password', required: true }}
              />
              <button type='submit' safe>{t.saveLogin}</button>
            </Form>
          </div>
        </section>
      </>
    )
  })
}
