// What holds for this browser: appearance, language, and the visitor's data.
import { chooseLanguage, languageChoice, languageNames, t, type LanguageChoice } from '../i18n';
import { dialog, showThoughts, theme, thoughtsOpen, type Theme } from '../state/ui';
import { Dialog } from './Dialog';

interface ChoiceProps<T extends string> {
  name: string;
  label: string;
  options: [T, string][];
  value: T;
  choose: (value: T) => void;
}

function Choice<T extends string>({ name, label, options, value, choose }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div class="segments">
        {options.map(([option, text]) => (
          <label key={option}>
            <input
              type="radio"
              name={name}
              value={option}
              checked={option === value}
              onChange={() => choose(option)}
            />
            <span lang={option in languageNames ? option : undefined}>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function PreferencesDialog({ onClose }: { onClose: () => void }) {
  const themes: [Theme, string][] = [
    ['auto', t('auto')],
    ['light', t('light')],
    ['dark', t('dark')],
  ];
  const languages = [['auto', t('auto')], ...Object.entries(languageNames)] as [LanguageChoice, string][];
  return (
    <Dialog title={t('preferences')} onClose={onClose}>
      <div class="fields">
        <Choice
          name="theme"
          label={t('appearance')}
          options={themes}
          value={theme.value}
          choose={(value) => (theme.value = value)}
        />
        <Choice
          name="language"
          label={t('language')}
          options={languages}
          value={languageChoice.value}
          choose={chooseLanguage}
        />
        <Choice
          name="thoughts"
          label={t('thoughts')}
          options={[
            ['closed', t('closed')],
            ['open', t('opened')],
          ]}
          value={thoughtsOpen.value ? 'open' : 'closed'}
          choose={(value) => showThoughts(value === 'open')}
        />
        <section class="choice">
          <h3>{t('yourData')}</h3>
          <p class="hint">{t('yourDataHint')}</p>
          <button type="button" class="button danger-quiet" onClick={() => (dialog.value = 'delete-all')}>
            {t('deleteAll')}
          </button>
        </section>
      </div>
    </Dialog>
  );
}
