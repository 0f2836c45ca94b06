// An answer of the model: its thoughts, its text and its tool calls as they grow, then its actions and a quiet
// line of numbers.
import type { Message } from '../api';
import { formatNumber, t } from '../i18n';
import type { Generation } from '../state/generation';
import type { ChatSession } from '../state/session';
import { CopyButton } from './CopyButton';
import { RefreshIcon } from './icons';
import { Markdown } from './Markdown';
import { Thoughts } from './Thoughts';
import { ToolCallView } from './ToolCallView';
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

export interface AnswerProps {
  message: Message;
  session: ChatSession;
  /** What has arrived so far, while the answer is being written by this page's request. */
  generation: Generation | null;
  last: boolean;
}

export function AnswerView({ message, session, generation, last }: AnswerProps) {
  const streaming = message.status === 'streaming';
  const content = generation ? generation.text.shown.value : message.content;
  const thoughts = generation ? generation.thoughts.shown.value : (message.reasoning ?? '');
  const growing = generation?.calls.value ?? [];
  const calls = generation ? growing : message.tool_calls;
  const thinking = streaming && !content && !calls.length && !generation?.thought.value;
  const regenerate = () => void session.regenerate(message);
  return (
    <article class={`answer${last ? ' last' : ''}`} aria-label={t('assistant')} aria-busy={streaming}>
      {thoughts.trim() && (
        <Thoughts
          text={thoughts}
          live={thinking}
          since={generation?.thinking_since ?? null}
          time_ms={generation ? generation.thinking_ms : message.reasoning_ms}
        />
      )}
      {content.trim() && <Markdown text={content} streaming={streaming} />}
      {calls.map((call, index) => (
        <ToolCallView key={index} call={call} growing={streaming && growing[index]?.finished === false} />
      ))}
      {streaming && !content && !thoughts.trim() && !calls.length && <Waiting label={t('waiting')} />}
      {message.status === 'done' && thoughts && !content.trim() && !calls.length && (
        <p class="unsaid">{t('onlyThoughts')}</p>
      )}
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
          {message.content && <CopyButton text={() => message.content} />}
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
