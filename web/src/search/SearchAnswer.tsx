// An answer of a search: how the question was understood, the sources, the sentences as they have been
// checked, and what to ask next.
import { useState } from 'preact/hooks';
import { Waiting, type AnswerProps } from '../components/AnswerView';
import { CopyButton } from '../components/CopyButton';
import { RefreshIcon } from '../components/icons';
import { Markdown } from '../components/Markdown';
import { Versions } from '../components/Versions';
import { t } from '../i18n';
import { duration, whole } from '../i18n/numbers';
import { reportFailure } from '../state/chats';
import type { ChatSession } from '../state/session';
import type { Problem, SearchResult } from './api';
import { Answer } from './Answer';
import { compact } from './filters';
import { failureOf } from './failures';
import { addressOf } from './places';
import { citedNumbers, copiedText } from './sentences';
import { SourceCards } from './SourceCards';
import { library } from './state';
import { day, l, languageName } from './texts';

/** "Looked for: ..." and what the question itself narrowed. */
function Understood({ result, question }: { result: SearchResult; question: string }) {
  const { standalone, queries, filter } = result;
  const names = (filter.sources ?? []).map((id) => library.value?.sources.find((source) => source.id === id)?.name ?? '');
  const limits = [...names.filter(Boolean), ...(filter.languages ?? []).map(languageName)];
  if (filter.from && filter.until) limits.push(l('between', { from: day(filter.from), until: day(filter.until) }));
  else if (filter.from) limits.push(l('since', { from: day(filter.from) }));
  else if (filter.until) limits.push(l('until', { until: day(filter.until) }));
  const restated = standalone && standalone.trim() !== question.trim();
  const looked = queries.filter((query) => query.trim() !== question.trim() && query.trim() !== standalone.trim());
  if (!restated && !looked.length && !limits.length) return null;
  return (
    <dl class="understood">
      {restated && (
        <div>
          <dt>{l('understoodAs')}</dt>
          <dd dir="auto">{standalone}</dd>
        </div>
      )}
      {looked.length > 0 && (
        <div>
          <dt>{l('lookedFor')}</dt>
          {looked.map((query) => (
            <dd key={query} class="query" dir="auto">
              {query}
            </dd>
          ))}
        </div>
      )}
      {limits.length > 0 && (
        <div>
          <dt>{l('limitedTo')}</dt>
          <dd>{limits.join(' · ')}</dd>
        </div>
      )}
    </dl>
  );
}

function Nothing({ result, web }: { result: SearchResult; web: boolean }) {
  return (
    <div class="nothing" role="note">
      <h2>{l(web ? 'nothingTitleWeb' : 'nothingTitle')}</h2>
      <p>{l(result.passages.length ? 'nothingNote' : 'nothingAtAll')}</p>
    </div>
  );
}

/** Pages of the web that the answer had to do without. */
function Problems({ problems }: { problems: readonly Problem[] }) {
  if (!problems.length) return null;
  const pages = problems.filter(({ uri }) => uri !== null).length;
  const title = pages < problems.length ? l('webFailed') : l(pages === 1 ? 'pagesFailedOne' : 'pagesFailed', { n: pages });
  return (
    <details class="failures web-problems">
      <summary class="failures-title">{title}</summary>
      <ul>
        {problems.map(({ uri, code, message }) => (
          <li key={uri ?? message}>
            {uri !== null && <code>{addressOf(uri)}</code>}
            <span>{failureOf(code, message)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Sentences without support are left out, or shown with a mark: as the reader wants it. */
function Unsupported({ result, session, again }: { result: SearchResult; session: ChatSession; again: () => void }) {
  const n = result.sentences.filter(({ support }) => support === 'unsupported').length;
  if (!result.dropped && !n) return null;
  const text = result.dropped
    ? l(result.dropped === 1 ? 'droppedOne' : 'dropped', { n: result.dropped })
    : l(n === 1 ? 'unsupportedOne' : 'unsupportedMany', { n });
  function change() {
    const settings = session.settings.peek();
    const search = compact({ ...settings.search, unsupported: result.dropped ? 'mark' : undefined });
    session.saveSettings({ ...settings, search }).then(again, reportFailure);
  }
  return (
    <p class="left-out">
      {text}{' '}
      <button type="button" class="text-button" disabled={session.busy.value} onClick={change}>
        {l(result.dropped ? 'showUnsupported' : 'dropUnsupported')}
      </button>
    </p>
  );
}

function stageText(result: SearchResult | null): string {
  if (!result) return l('understanding');
  if (result.reading && !result.passages.length) return l('readingWeb', { done: whole(result.reading.done), total: whole(result.reading.total) });
  return result.passages.length ? l('reading') : l('looking');
}

function Facts({ result, model, stopped }: { result: SearchResult; model: string | null; stopped: boolean }) {
  const parts: string[] = [];
  if (stopped) parts.push(t('stopped'));
  if (result.found && result.method === 'extract') parts.push(l('byExtract'));
  if (result.found && result.method === 'model') parts.push(l('byModel', { model: model ?? '' }));
  const seconds = result.retrieval_seconds + result.answer_seconds;
  if (result.found && seconds >= 0.95) parts.push(duration(seconds));
  return parts.length ? <span class="numbers">{parts.join(' · ')}</span> : null;
}

function FollowUps({ questions, session }: { questions: string[]; session: ChatSession }) {
  if (!questions.length) return null;
  return (
    <section class="follow-ups" aria-label={l('followUps')}>
      <h2>{l('followUps')}</h2>
      <ul>
        {questions.map((question) => (
          <li key={question}>
            <button type="button" class="follow-up" dir="auto" disabled={session.busy.value} onClick={() => void session.ask(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function SearchAnswer({ message, session, generation, last }: AnswerProps) {
  const [all, setAll] = useState(false);
  const streaming = message.status === 'streaming';
  const growing = generation?.search.value ?? null;
  const result = generation ? growing : (message.search ?? null);
  const question = session.messages.value.get(message.parent_id ?? '')?.content ?? '';
  const sentences = result?.sentences ?? [];
  const nothing = result !== null && message.status === 'done' && !result.found;
  const regenerate = () => void session.regenerate(message);
  return (
    <article class={`answer found${last ? ' last' : ''}`} aria-label={t('assistant')} aria-busy={streaming}>
      {result && <Understood result={result} question={question} />}
      {nothing && <Nothing result={result} web={session.settings.value.search?.web === true} />}
      {result && result.passages.length > 0 && (
        <SourceCards
          passages={result.passages}
          cited={streaming ? null : citedNumbers(sentences)}
          nearest={nothing}
          all={all}
          toggle={() => setAll(!all)}
        />
      )}
      {result && !nothing && <Answer sentences={sentences} passages={result.passages} growing={streaming} />}
      {!result && message.content.trim() && <Markdown text={message.content} streaming={streaming} />}
      {streaming && !sentences.length && (
        <p class="stage">
          <Waiting label={stageText(result)} />
          {stageText(result)}
        </p>
      )}
      {result && <Problems problems={result.problems ?? []} />}
      {result && !nothing && !streaming && <Unsupported result={result} session={session} again={regenerate} />}
      {message.status === 'error' && (
        <div class="failure" role="alert">
          <p>
            <strong>{t('answerFailed')}</strong> {message.error}
          </p>
          <div class="buttons">
            <button type="button" class="button primary" disabled={session.busy.value} onClick={regenerate}>
              {t('retry')}
            </button>
          </div>
        </div>
      )}
      {!streaming && (
        <div class="actions">
          <Versions message={message} session={session} />
          {sentences.length > 0 && (
            <CopyButton label={l('copyWithSources')} text={() => copiedText(sentences, result?.passages ?? [], l('copiedSources'))} />
          )}
          <button
            type="button"
            class="icon-button small"
            aria-label={l('searchAgain')}
            title={l('searchAgain')}
            disabled={session.busy.value}
            onClick={regenerate}
          >
            <RefreshIcon />
          </button>
          {result && <Facts result={result} model={message.model} stopped={message.status === 'stopped'} />}
        </div>
      )}
      {last && !streaming && result && <FollowUps questions={result.follow_ups} session={session} />}
    </article>
  );
}
