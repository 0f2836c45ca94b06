import { describe, expect, it } from 'vitest';
import type { Message } from './api';
import { newestLeaf, pathTo, siblingsOf, toMap } from './tree';

let clock = 0;
function message(id: string, parent_id: string | null, role: Message['role']): Message {
  const nothing = { reasoning: null, reasoning_ms: null, tool_calls: [], model: null, usage: null, error: null };
  return { id, parent_id, role, content: id, status: 'done', created_at: ++clock, ...nothing };
}

const messages = toMap([
  message('q1', null, 'user'),
  message('a1', 'q1', 'assistant'),
  message('q2', 'a1', 'user'),
  message('a2', 'q2', 'assistant'),
  message('a1b', 'q1', 'assistant'),
  message('q2b', 'a1', 'user'),
]);
const ids = (list: Message[]) => list.map(({ id }) => id);

describe('the message tree', () => {
  it('shows the path to a leaf', () => {
    expect(ids(pathTo(messages, 'a2'))).toEqual(['q1', 'a1', 'q2', 'a2']);
    expect(ids(pathTo(messages, 'a1b'))).toEqual(['q1', 'a1b']);
  });

  it('falls back to the newest leaf', () => {
    expect(ids(pathTo(messages, 'unknown'))).toEqual(['q1', 'a1b']);
    expect(ids(pathTo(messages, null))).toEqual(['q1', 'a1b']);
    expect(pathTo(toMap([]), null)).toEqual([]);
  });

  it('finds the newest leaf below a message', () => {
    expect(newestLeaf(messages, 'q2')).toBe('a2');
    expect(newestLeaf(messages, 'a1')).toBe('q2b');
    expect(newestLeaf(messages, 'a2')).toBe('a2');
  });

  it('numbers siblings', () => {
    expect(siblingsOf(messages, messages.get('a1b')!)).toEqual({ index: 1, ids: ['a1', 'a1b'] });
    expect(siblingsOf(messages, messages.get('q1')!)).toEqual({ index: 0, ids: ['q1'] });
  });

  it('survives a circle', () => {
    const circle = toMap([message('x', 'y', 'user'), message('y', 'x', 'assistant')]);
    expect(ids(pathTo(circle, 'x'))).toEqual(['y', 'x']);
    expect(typeof newestLeaf(circle, 'x')).toBe('string');
  });
});
