// What narrows the search, as a quiet row of choices below the question box.
import { useState } from 'preact/hooks';
import { Dialog } from '../components/Dialog';
import { CalendarIcon, CheckIcon, LibraryIcon, SiteIcon, SpeechIcon } from '../components/icons';
import { Menu, type MenuItem } from '../components/Menu';
import { whole } from '../i18n/numbers';
import { reportFailure } from '../state/chats';
import type { ChatSession } from '../state/session';
import type { PassageLanguage, SearchSettings } from './api';
import { boxFrom, compact, dateFrom, endOfDay, fromOf, periodOf, periods, toggled, type Period } from './filters';
import { library } from './state';
import { day, l, languageName, type SearchKey } from './texts';

const kLanguages: PassageLanguage[] = ['en', 'ko', 'ja', 'code'];
const kPeriodNames: Record<Period, SearchKey> = {
  any: 'anyTime',
  day: 'pastDay',
  week: 'pastWeek',
  month: 'pastMonth',
  year: 'pastYear',
  custom: 'customDates',
};

interface ChoiceProps {
  settings: SearchSettings;
  change: (part: { [Name in keyof SearchSettings]?: SearchSettings[Name] | undefined }) => void;
}

function Chip({ label, icon, chosen, items }: { label: string; icon: preact.JSX.Element; chosen: boolean; items: MenuItem[] }) {
  const button = (
    <>
      {icon}
      <span>{label}</span>
    </>
  );
  return <Menu label={label} buttonClass={`filter${chosen ? ' chosen' : ''}`} button={button} items={items} />;
}

function SourceChoice({ settings, change }: ChoiceProps) {
  const sources = library.value?.sources ?? [];
  const chosen = (settings.sources ?? []).filter((id) => sources.some((source) => source.id === id));
  if (sources.length < 2 && !chosen.length) return null;
  const only = sources.find(({ id }) => id === chosen[0])?.name ?? '';
  const label = chosen.length === 0 ? l('allSources') : chosen.length === 1 ? only : l('nSources', { n: chosen.length });
  return (
    <Chip
      label={label}
      icon={<LibraryIcon />}
      chosen={chosen.length > 0}
      items={[
        { label: l('allSources'), checked: chosen.length === 0, run: () => change({ sources: undefined }) },
        ...sources.map(({ id, name, documents }) => ({
          label: name,
          hint: l('nDocuments', { n: whole(documents) }),
          checked: chosen.includes(id),
          isSwitch: true,
          run: () => change({ sources: toggled(chosen, id) }),
        })),
      ]}
    />
  );
}

function datesLabel(settings: SearchSettings, period: Period): string {
  const { from, until } = settings;
  if (period !== 'custom') return l(kPeriodNames[period]);
  if (from === undefined) return l('until', { until: day(until!) });
  return until === undefined ? l('since', { from: day(from) }) : l('between', { from: day(from), until: day(until) });
}

function DatesDialog({ settings, change, onClose }: ChoiceProps & { onClose: () => void }) {
  const [from, setFrom] = useState(boxFrom(settings.from));
  const [until, setUntil] = useState(boxFrom(settings.until));
  function apply(event: Event) {
    event.preventDefault();
    change({ from: dateFrom(from), until: endOfDay(dateFrom(until)) });
    onClose();
  }
  return (
    <Dialog title={l('dates')} onClose={onClose}>
      <form class="fields" onSubmit={apply}>
        <div class="two-fields">
          <label class="field">
            <span>{l('dateFrom')}</span>
            <input type="date" autoFocus max={until || '9999-12-31'} value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>{l('dateUntil')}</span>
            <input type="date" min={from} max="9999-12-31" value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
          </label>
        </div>
        <p class="hint">{l('datesHint')}</p>
        <div class="buttons">
          <button type="button" class="button" onClick={onClose}>
            {l('cancel')}
          </button>
          <button type="submit" class="button primary">
            {l('apply')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function DateChoice({ settings, change }: ChoiceProps) {
  const [choosing, setChoosing] = useState(false);
  const period = periodOf(settings, Date.now());
  return (
    <>
      <Chip
        label={datesLabel(settings, period)}
        icon={<CalendarIcon />}
        chosen={period !== 'any'}
        items={[
          ...periods.map((name) => ({
            label: l(kPeriodNames[name]),
            checked: name === period,
            run: () => change({ from: fromOf(name, Date.now()), until: undefined }),
          })),
          { label: l('customDates'), checked: period === 'custom', run: () => setChoosing(true) },
        ]}
      />
      {choosing && <DatesDialog settings={settings} change={change} onClose={() => setChoosing(false)} />}
    </>
  );
}

function LanguageChoice({ settings, change }: ChoiceProps) {
  const chosen = settings.languages ?? [];
  const label =
    chosen.length === 0 ? l('anyLanguage') : chosen.length === 1 ? languageName(chosen[0]!) : l('nLanguages', { n: chosen.length });
  return (
    <Chip
      label={label}
      icon={<SpeechIcon />}
      chosen={chosen.length > 0}
      items={[
        { label: l('anyLanguage'), checked: chosen.length === 0, run: () => change({ languages: undefined }) },
        ...kLanguages.map((code) => ({
          label: languageName(code),
          checked: chosen.includes(code),
          isSwitch: true,
          run: () => change({ languages: toggled(chosen, code) }),
        })),
      ]}
    />
  );
}

function WebChoice({ settings, change }: ChoiceProps) {
  const provider = library.value?.provider;
  const on = settings.web === true;
  if (!provider && !on) return null;
  return (
    <button
      type="button"
      class={`filter${on ? ' chosen' : ''}`}
      aria-pressed={on}
      title={on ? (provider ? l('webOn', { provider }) : l('webGone')) : l('webOff')}
      onClick={() => change({ web: !on })}
    >
      {on ? <CheckIcon /> : <SiteIcon />}
      <span>{l('web')}</span>
    </button>
  );
}

export function Filters({ session }: { session: ChatSession }) {
  const found = library.value;
  if (!found) return <div class="filters" />; // its place is kept
  const settings = session.settings.value.search ?? {};
  if (!found.sources.length && !found.provider && !settings.web) return null;
  const change: ChoiceProps['change'] = (part) => {
    const search = compact({ ...settings, ...part });
    session.saveSettings({ ...session.settings.peek(), search }).catch(reportFailure);
  };
  return (
    <div class="filters" role="group" aria-label={l('filters')}>
      <SourceChoice settings={settings} change={change} />
      <DateChoice settings={settings} change={change} />
      <LanguageChoice settings={settings} change={change} />
      <WebChoice settings={settings} change={change} />
    </div>
  );
}
