// One open chat: its message tree, its settings, and the answer that is being written. A session goes on
// in the background when another chat is shown, so that looking elsewhere does not stop an answer.
import { computed, signal, type Signal } from '@preact/signals';
import { ApiError, api, type ChatChange, type GenerateEvent, type Message, type Settings } from '../api';
import { t } from '../i18n';
import { newestLeaf, pathTo, toMap, withMessage, type Messages } from '../tree';
import { Generation } from './generation';
import { messageOf, noticeFailure, pause, refreshModel, whenOnline } from './service';
import { announce } from './ui';

export type LoadState = 'new' | 'loading' | 'ready' | 'missing' | 'failed';

export interface Question {
  parent_id: string | null;
  content?: string;
}

/** A question that the service has not yet confirmed. */
export interface Pending {
  question: Question;
  error: string | null;
}

const kBusyTries = 6;
const kBusyPause_ms = 250;
const kSettlePause_ms = 700;

let sessionCount = 0;

export class ChatSession {
  readonly key = ++sessionCount;
  readonly id = signal<string | null>(null);
  readonly title = signal<string | null>(null);
  readonly model = signal<string | null>(null);
  readonly settings = signal<Settings>({});
  readonly leaf = signal<string | null>(null);
  readonly messages = signal<Messages>(new Map());
  readonly loadState = signal<LoadState>('new');
  readonly pending = signal<Pending | null>(null);
  readonly generation = signal<Generation | null>(null);
  /** Whether this chat answers by searching. */
  readonly searches = computed(() => this.settings.value.search !== undefined);
  readonly path = computed(() => pathTo(this.messages.value, this.leaf.value));
  /** Whether there are sources to be shown: of the next answer, or of one that is there. */
  readonly hasSources = computed(() => this.searches.value || this.path.value.some((message) => message.search != null));
  readonly busy = computed(
    () => this.generation.value !== null || (this.pending.value !== null && this.pending.value.error === null),
  );
  /** Measured while streaming, for the answers of this visit: message id -> tokens per second. */
  readonly speeds = new Map<string, number>();

  private abort: AbortController | null = null;
  private settling = false;
  private choosing: Promise<void> = Promise.resolve();

  constructor(
    id: string | null,
    private readonly onChange: (session: ChatSession) => void,
    private readonly onUnsent: (session: ChatSession, text: string) => void,
  ) {
    this.id.value = id;
    if (id !== null) this.loadState.value = 'loading';
  }

  async load(): Promise<void> {
    const id = this.id.peek();
    if (id === null) return;
    try {
      const chat = await api.chat(id);
      this.title.value = chat.title;
      this.model.value = chat.model;
      this.settings.value = chat.settings ?? {};
      if (!this.generation.peek()) {
        this.messages.value = this.merged(chat.messages);
        this.leaf.value = chat.leaf_id;
      }
      this.loadState.value = 'ready';
      void this.settle();
    } catch (error) {
      if (error instanceof ApiError && error.unreachable) {
        noticeFailure(error);
        await whenOnline();
        return this.load();
      }
      if (noticeFailure(error)) return;
      const missing = error instanceof ApiError && (error.status === 404 || error.status === 400);
      this.loadState.value = missing ? 'missing' : 'failed';
    }
  }

  /** Asks a question below the shown path, or below `parent` when a question is edited. */
  ask(content: string, parent: string | null = this.path.peek().at(-1)?.id ?? null): Promise<void> {
    return this.run({ parent_id: parent, content });
  }

  /** Answers the question above this answer once more, as a sibling. */
  regenerate(answer: Message): Promise<void> {
    return this.run({ parent_id: answer.parent_id });
  }

  retry(): Promise<void> {
    const pending = this.pending.peek();
    return pending ? this.run(pending.question) : Promise.resolve();
  }

  discardPending() {
    this.pending.value = null;
  }

  stop() {
    this.abort?.abort();
  }

  showVersion(id: string) {
    const leaf = newestLeaf(this.messages.peek(), id);
    const chat = this.id.peek();
    if (leaf === null || chat === null) return;
    this.leaf.value = leaf;
    api.changeChat(chat, { leaf_id: leaf }).catch(noticeFailure);
  }

  saveSettings(settings: Settings): Promise<void> {
    return this.choose(this.settings, settings, { settings });
  }

  chooseModel(model: string): Promise<void> {
    return this.choose(this.model, model, { model });
  }

  /** Shown at once, taken back when the service does not take it; the next question waits for it. */
  private async choose<T>(shown: Signal<T>, value: T, change: ChatChange): Promise<void> {
    const before = shown.peek();
    shown.value = value;
    const id = this.id.peek();
    if (id === null) return;
    const saved = this.choosing.then(() => api.changeChat(id, change));
    this.choosing = saved.then(() => undefined, () => undefined);
    try {
      await saved;
    } catch (error) {
      if (shown.peek() === value) shown.value = before;
      throw error;
    }
  }

  private async run(question: Question): Promise<void> {
    if (this.busy.peek()) return;
    const abort = new AbortController();
    this.abort = abort;
    this.pending.value = { question, error: null };
    try {
      await this.create();
      await this.choosing;
      if (!abort.signal.aborted) await this.stream(question, abort.signal);
      if (abort.signal.aborted) await this.afterStop(question);
    } catch (error) {
      if (abort.signal.aborted) await this.afterStop(question);
      else await this.afterFailure(question, error);
    } finally {
      if (this.abort === abort) this.abort = null;
    }
  }

  private async create(): Promise<void> {
    if (this.id.peek() !== null) return;
    const model = this.model.peek();
    const settings = this.settings.peek();
    const chat = await api.createChat({
      ...(model ? { model } : {}),
      ...(Object.keys(settings).length ? { settings } : {}),
    });
    this.id.value = chat.id;
    this.loadState.value = 'ready';
    this.onChange(this);
    // What was chosen meanwhile.
    if (this.settings.peek() !== settings) await this.saveSettings(this.settings.peek());
    if (this.model.peek() !== model) await this.chooseModel(this.model.peek()!);
  }

  private async stream(question: Question, signal: AbortSignal): Promise<void> {
    for (let tries = 1; ; ++tries) {
      try {
        for await (const event of api.generate(this.id.peek()!, question, signal)) this.take(event);
        break;
      } catch (error) {
        // An answer that was just stopped may hold the chat for one more step.
        const busy = error instanceof ApiError && error.status === 409;
        if (!busy || tries === kBusyTries) throw error;
        await pause(kBusyPause_ms);
      }
    }
    if (this.busy.peek()) throw new ApiError(0, 'The stream ended early.');
  }

  private take({ event, data }: GenerateEvent) {
    if (event === 'saved') this.saved(data.user_message, data.assistant_message, data.title);
    else if (event === 'reasoning') this.generation.peek()?.addThoughts(data.text, data.ms);
    else if (event === 'delta') this.generation.peek()?.addText(data.text);
    else if (event === 'tool_call') this.generation.peek()?.addToCall(data);
    else if (event === 'queries' || event === 'passages') this.generation.peek()?.addFound(data);
    else if (event === 'reading') this.generation.peek()?.addFound({ reading: data });
    else if (event === 'sentence') this.generation.peek()?.addSentence(data);
    else if (event === 'done') this.finish(data.message);
    else if (event === 'error') this.finish({ ...data.message, error: data.message.error ?? data.error.message });
  }

  private saved(question: Message | null, answer: Message, title: string) {
    let messages = this.messages.peek();
    if (question) messages = withMessage(messages, question);
    this.messages.value = withMessage(messages, answer);
    this.leaf.value = answer.id;
    this.title.value = title;
    this.generation.value = new Generation(answer.id, this.searches.peek());
    this.pending.value = null;
    announce(t('answering'));
    this.onChange(this);
  }

  private finish(message: Message) {
    const generation = this.generation.peek();
    if (generation && generation.begun_at !== null && message.usage) {
      const seconds = (performance.now() - generation.begun_at) / 1000;
      if (seconds > 0.05) this.speeds.set(message.id, message.usage.completion_tokens / seconds);
    }
    this.messages.value = withMessage(this.messages.peek(), message);
    this.generation.value = null;
    const said = [message.content, ...message.tool_calls.map((call) => t('calls', { name: call.name }))];
    const text = said.filter(Boolean).join(' ');
    announce(message.status === 'error' ? t('answerFailed') : t('answerReady', { text }));
    refreshModel(message.model);
  }

  /** Keeps what has arrived, as the service does. */
  private keepPartial() {
    const generation = this.generation.peek();
    const message = generation && this.messages.peek().get(generation.message_id);
    if (!generation || !message) return;
    this.finish({ ...message, ...generation.written(), status: 'stopped' });
  }

  private async afterStop(question: Question): Promise<void> {
    this.keepPartial();
    const unsaved = this.pending.peek() !== null;
    this.pending.value = null;
    if (this.id.peek() === null) {
      if (question.content) this.onUnsent(this, question.content);
      return;
    }
    await this.load();
    if (unsaved && question.content && !this.wasSaved(question)) this.onUnsent(this, question.content);
  }

  private async afterFailure(question: Question, error: unknown): Promise<void> {
    const away = error instanceof ApiError && error.unreachable;
    noticeFailure(error);
    const unsaved = this.pending.peek() !== null;
    this.keepPartial();
    if (!away) {
      if (unsaved) this.pending.value = { question, error: messageOf(error) };
      return;
    }
    if (!(await this.onlineUnlessStopped())) return this.afterStop(question);
    await this.load();
    if (!unsaved || !this.pending.peek()) return;
    this.pending.value = null;
    // The service may have stored the question just before it went away.
    if (!this.wasSaved(question)) await this.run(question);
  }

  /** False when the visitor gave up waiting. */
  private onlineUnlessStopped(): Promise<boolean> {
    const signal = this.abort?.signal;
    const stopped = new Promise<boolean>((resolve) => {
      signal?.addEventListener('abort', () => resolve(false), { once: true });
    });
    return Promise.race([whenOnline().then(() => true), stopped]);
  }

  private wasSaved(question: Question): boolean {
    if (question.content === undefined) return false;
    return [...this.messages.peek().values()].some(
      (message) => message.parent_id === question.parent_id && message.content === question.content,
    );
  }

  /** The service's messages, but never less of an answer than is already on the screen. */
  private merged(messages: Message[]): Messages {
    const here = this.messages.peek();
    return toMap(
      messages.map((message) => {
        const known = here.get(message.id);
        return message.status === 'streaming' && known?.status === 'stopped' ? known : message;
      }),
    );
  }

  /** An answer that another tab asked for, or that was just cut off, settles in a moment. */
  private async settle(): Promise<void> {
    if (this.settling) return;
    this.settling = true;
    const unsettled = () =>
      !this.generation.peek() && [...this.messages.peek().values()].some((m) => m.status === 'streaming');
    try {
      while (unsettled()) {
        await pause(kSettlePause_ms);
        const chat = await api.chat(this.id.peek()!);
        if (!this.busy.peek()) this.messages.value = this.merged(chat.messages);
      }
    } catch (error) {
      noticeFailure(error);
    } finally {
      this.settling = false;
    }
  }
}
