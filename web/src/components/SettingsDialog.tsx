// The settings of one chat. A setting that is left alone follows the service's default.
import { useId, useState } from 'preact/hooks';
import type { Settings } from '../api';
import { formatNumber, t } from '../i18n';
import type { Key } from '../i18n/en';
import { messageOf, service } from '../state/service';
import type { ChatSession } from '../state/session';
import { thinkingOf, thinks } from '../state/thinking';
import { Dialog } from './Dialog';

interface SliderProps {
  label: Key;
  hint: Key;
  value: number | undefined;
  fallback: number;
  max: number;
  step: number;
  change: (value: number) => void;
}

function Slider({ label, hint, value, fallback, max, step, change }: SliderProps) {
  const id = useId();
  const shown = value ?? fallback;
  return (
    <div class="field">
      <span class="field-row">
        <label for={id}>{t(label)}</label>
        <output for={id} class={value === undefined ? 'default' : ''}>
          {formatNumber(shown, 2)}
        </output>
      </span>
      <input
        id={id}
        aria-describedby={`${id}-hint`}
        type="range"
        min={0}
        max={max}
        step={step}
        value={shown}
        onInput={(event) => change(Number(event.currentTarget.value))}
      />
      <small class="hint" id={`${id}-hint`}>
        {t(hint)}
      </small>
    </div>
  );
}

/** Only what was set: the rest follows the defaults. */
function compact(settings: Settings): Settings {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(entries) as Settings;
}

export function SettingsDialog({ session, onClose }: { session: ChatSession; onClose: () => void }) {
  const defaults = service.value?.defaults ?? {};
  const [settings, setSettings] = useState<Settings>(session.settings.value);
  const [problem, setProblem] = useState('');
  // The service sets thoughts no limit by itself.
  const unlimited = thinks(session) ?? thinkingOf(session) === 'always';
  const change = (part: Partial<Record<keyof Settings, number | string | undefined>>) =>
    setSettings({ ...settings, ...part } as Settings);

  async function save(event: Event) {
    event.preventDefault();
    try {
      await session.saveSettings(compact(settings));
      onClose();
    } catch (error) {
      setProblem(t('failed', { message: messageOf(error) }));
    }
  }

  return (
    <Dialog title={t('chatSettings')} onClose={onClose}>
      <form class="fields" onSubmit={(event) => void save(event)}>
        <p class="hint">{t('chatSettingsHint')}</p>
        <label class="field">
          <span>{t('systemPrompt')}</span>
          <textarea
            rows={3}
            dir="auto"
            value={settings.system ?? ''}
            onInput={(event) => change({ system: event.currentTarget.value })}
          />
          <small class="hint">{t('systemPromptHint')}</small>
        </label>
        <Slider
          label="temperature"
          hint="temperatureHint"
          value={settings.temperature}
          fallback={defaults.temperature ?? 1}
          max={2}
          step={0.05}
          change={(temperature) => change({ temperature })}
        />
        <Slider
          label="topP"
          hint="topPHint"
          value={settings.top_p}
          fallback={defaults.top_p ?? 1}
          max={1}
          step={0.01}
          change={(top_p) => change({ top_p })}
        />
        <label class="field">
          <span>{t('maxTokens')}</span>
          <input
            type="number"
            inputMode="numeric"
            min={1}
            max={1_000_000}
            step={1}
            value={settings.max_tokens ?? ''}
            placeholder={unlimited || defaults.max_tokens === undefined ? '' : String(defaults.max_tokens)}
            onInput={(event) => {
              const number = event.currentTarget.valueAsNumber;
              change({ max_tokens: Number.isFinite(number) ? Math.round(number) : undefined });
            }}
          />
          <small class="hint">{t(unlimited ? 'maxTokensThinkingHint' : 'maxTokensHint')}</small>
        </label>
        <p class="field-problem" role="alert">
          {problem}
        </p>
        <div class="buttons">
          <button type="button" class="button quiet start" onClick={() => setSettings(settings.thinking === undefined ? {} : { thinking: settings.thinking })}>
            {t('useDefaults')}
          </button>
          <button type="button" class="button" onClick={onClose}>
            {t('cancel')}
          </button>
          <button type="submit" class="button primary">
            {t('save')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
