// Whether the model of a chat thinks before it answers, and the switch for it. The last choice holds for the
// next new chat, too.
import type { Settings, Thinking } from '../api';
import { service } from './service';
import type { ChatSession } from './session';
import { readSetting, writeSetting } from './storage';

export function thinkingOf(session: ChatSession): Thinking {
  const models = service.value?.models ?? [];
  const id = session.model.value ?? models[0]?.id;
  return models.find((model) => model.id === id)?.thinking ?? 'never';
}

/** Null where the model cannot be asked. */
export function thinks(session: ChatSession): boolean | null {
  const usual = thinkingOf(session);
  if (usual !== 'on' && usual !== 'off') return null;
  return session.settings.value.thinking ?? usual === 'on';
}

export function firstSettings(): Settings {
  const choice = readSetting('thinking');
  return choice === null ? {} : { thinking: choice === 'on' };
}

export function setThinking(session: ChatSession, on: boolean): Promise<void> {
  writeSetting('thinking', on ? 'on' : 'off');
  return session.saveSettings({ ...session.settings.peek(), thinking: on });
}
