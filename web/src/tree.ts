// The message tree: editing a question or regenerating an answer adds a sibling. The page shows the
// path from the root to one leaf.
import type { Message } from './api';

export type Messages = ReadonlyMap<string, Message>;

export function toMap(messages: readonly Message[]): Messages {
  return new Map(messages.map((message) => [message.id, message]));
}

export function withMessage(messages: Messages, message: Message): Messages {
  return new Map(messages).set(message.id, message);
}

/** Children in the order they were made. */
export function childrenOf(messages: Messages, parent: string | null): Message[] {
  const found = [...messages.values()].filter((message) => message.parent_id === parent);
  return found.sort((a, b) => a.created_at - b.created_at);
}

/** The newest leaf below a message (the message itself when it has no children). */
export function newestLeaf(messages: Messages, id: string | null): string | null {
  let at = id;
  for (let steps = 0; steps <= messages.size; ++steps) {
    const newest = childrenOf(messages, at).at(-1);
    if (!newest) break;
    at = newest.id;
  }
  return at;
}

/** From the root to `leaf`; an unknown leaf falls back to the newest one. */
export function pathTo(messages: Messages, leaf: string | null): Message[] {
  let at = leaf !== null && messages.has(leaf) ? leaf : newestLeaf(messages, null);
  const path: Message[] = [];
  const seen = new Set<string>();
  while (at !== null && !seen.has(at)) {
    const message = messages.get(at);
    if (!message) break;
    seen.add(at);
    path.push(message);
    at = message.parent_id;
  }
  return path.reverse();
}

export interface Siblings {
  index: number; // from 0
  ids: string[];
}

export function siblingsOf(messages: Messages, message: Message): Siblings {
  const ids = childrenOf(messages, message.parent_id)
    .filter((other) => other.role === message.role)
    .map((other) => other.id);
  return { index: ids.indexOf(message.id), ids };
}
