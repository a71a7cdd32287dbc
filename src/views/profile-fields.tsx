import { Field } from './form.tsx'
import { messagesFor, type FormErrors, type Html, type InputAttributes, type Page } from './page.ts'
import { attr } from './untrusted.ts'

/** A field of the option `profile`. */
export type ProfileInput = {
  /** Under which it is posted: `profile.` and the name of the member. */
  name: string
  label: string
  hint?: string | undefined
  kind: 'text' | 'checkbox' | 'select'
  isRequired: boolean
  /** Of a `select`. */
  choices: readonly string[]
  /** Of a `text`: its type and limits. */
  input: InputAttributes
}

type Props = {
  page: Pick<Page, 'texts'>
  fields: readonly ProfileInput[]
  /** A checkbox is checked when its value is `true`. */
  values: Readonly<Record<string, string | undefined>>
  errors: FormErrors | undefined
  /** Name of the field that gets the focus. */
  focus?: string | undefined
}

export function ProfileFields ({ page: { texts }, fields, values, errors, focus }: Props): Html {
  const noteOf = ({ isRequired }: ProfileInput) => isRequired ? undefined : texts.form.optional
  return (
    <>
      {fields.map((field) => {
        const { name, kind, label, hint, isRequired, input } = field
        const autofocus = focus === name
        if (kind === 'checkbox') return <Checkbox field={field} isChecked={values[name] === 'true'} errors={errors} autofocus={autofocus} />
        if (kind === 'select') return <Select field={field} note={noteOf(field)} value={values[name]} errors={errors} autofocus={autofocus} />
        return (
          <Field
            name={name} label={label} note={noteOf(field)} hint={hint} value={values[name]} errors={errors}
            input={{ ...input, required: isRequired, autofocus }}
          />
        )
      })}
    </>
  )
}

type One = { field: ProfileInput, errors: FormErrors | undefined, autofocus: boolean }

/** Ids and messages of a field, linked for screen readers. */
function linksOf ({ name, hint }: ProfileInput, errors: FormErrors | undefined) {
  const id = `field-${name}`
  const messages = messagesFor(errors, name)
  const described = [messages.length > 0 && `${id}-wrong`, hint !== undefined && `${id}-hint`].filter(Boolean).join(' ')
  return { id, messages, described: described || undefined, invalid: messages.length > 0 ? 'true' as const : undefined }
}

function Notes ({ field: { hint }, id, messages }: { field: ProfileInput, id: string, messages: readonly string[] }): JSX.Element {
  return (
    <>
      {hint !== undefined && <p class='hint' id={`${id}-hint`} safe>{hint}</p>}
      {messages.length > 0 && <p class='wrong' id={`${id}-wrong`} safe>{messages.join(' ')}</p>}
    </>
  )
}

function Checkbox ({ field, isChecked, errors, autofocus }: One & { isChecked: boolean }): JSX.Element {
  const { id, messages, described, invalid } = linksOf(field, errors)
  return (
    <div class='field'>
      <label class='check'>
        <input
          type='checkbox' id={id} name={attr(field.name)} value='true' checked={isChecked} autofocus={autofocus}
          aria-invalid={invalid} aria-describedby={described}
        />
        <span safe>{field.label}</span>
      </label>
      <Notes field={field} id={id} messages={messages} />
    </div>
  )
}

function Select ({ field, note, value, errors, autofocus }: One & { note: string | undefined, value: string | undefined }): JSX.Element {
  const { id, messages, described, invalid } = linksOf(field, errors)
  return (
    <div class='field'>
      <label for={id}><span safe>{field.label}</span>{note !== undefined && <span class='optional' safe>{` (${note})`}</span>}</label>
      <Notes field={field} id={id} messages={messages} />
      <select
        id={id} name={attr(field.name)} required={field.isRequired} autofocus={autofocus}
        aria-invalid={invalid} aria-describedby={described}
      >
        <option value='' />
        {field.choices.map((choice) => <option value={attr(choice)} selected={choice === value} safe>{choice}</option>)}
      </select>
    </div>
  )
}
