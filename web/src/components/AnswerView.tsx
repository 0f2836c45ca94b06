// An answer of the model: its text as it grows, then its actions and a quiet line of numbers.
import type { Signal } from '@preact/signals';
import type { Message } from '../api';
import { formatNumber, t } from '../i18n';
import type { ChatSession } from '../state/session';
import { CopyButton } from './CopyButton';
import { RefreshIcon } from './icons';
import { Markdown } from './Markdown';
import { Versions } from './Versions';

export function Waiting({ label }: { label: string }) {
  return (
    <div class="waiting" role="img" aria-label={label} title={label}>
      <i />
      <i />
      <i />
    </div>
  );
}

function Numbers({ message, speed }: { message: Message; speed: number | undefined }) {
  const parts: string[] = [];
  if (message.status === 'stopped') parts.push(t('stopped'));
  if (message.usage) parts.push(t('tokens', { n: formatNumber(message.usage.completion_tokens) }));
  if (speed) parts.push(t('tokensPerSecond', { n: formatNumber(speed, speed < 10 ? 1 : 0) }));
  if (message.model) parts.push(message.model);
  return parts.length ? <span class="numbers">{parts.join(' · ')}</span> : null;
}

interface Props {
  message: Message;
  session: ChatSession;
  /** What has arrived so far, while the answer is being written. */
  text: Signal<string>;
  last: boolean;
}

export function AnswerView({ message, session, text, last }: Props) {
  const streaming = message.status === 'streaming';
  const ours = session.generation.value?.message_id === message.id;
  const content = ours ? text.value : message.content;
  const regenerate = () => void session.regenerate(message);
  return (
    <article class={`answer${last ? ' last' : ''}`} aria-label={t('assistant')} aria-busy={streaming}>
      {content ? <Markdown text={content} streaming={streaming} /> : streaming && <Waiting label={t('thinking')} />}
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
          <CopyButton text={() => message.content} />
          <button
            type="button"
            class="icon-button small"
            aria-label={t('regenerate')}
            title={t('regenerate')}
            disabled={session.busy.value}
            onClick={regenerate}
          >
            <RefreshIcon />
          </button>
          <Numbers message={message} speed={session.speeds.get(message.id)} />
        </div>
      )}
    </article>
  );
}
