import { describe, expect, it } from 'vitest';
import { Generation } from './generation';

describe('a growing answer', () => {
  it('keeps thoughts, text and calls apart', () => {
    const answer = new Generation('m');
    expect(answer.written()).toEqual({ content: '', reasoning: null, reasoning_ms: null, search: null, tool_calls: [] });
    answer.addThoughts('Let me ', 0);
    answer.addThoughts('see', 1200);
    expect(answer.thought.value).toBe(false);
    answer.addText('Well');
    expect(answer.thought.value).toBe(true);
    answer.addToCall({ call: 0, id: 'c1', name: 'look', arguments: '{"at"', finished: false });
    answer.addToCall({ call: 0, id: 'c1', name: 'look', arguments: ': 1}', finished: true });
    answer.addToCall({ call: 1, id: 'c2', name: 'now', arguments: '{}', finished: false });
    expect(answer.calls.value.map((call) => call.finished)).toEqual([true, false]);
    expect(answer.written()).toEqual({
      content: 'Well',
      reasoning: 'Let me see',
      reasoning_ms: 1200,
      search: null,
      tool_calls: [
        { id: 'c1', name: 'look', arguments: '{"at": 1}' },
        { id: 'c2', name: 'now', arguments: '{}' },
      ],
    });
  });

  it('counts from the first piece of anything', () => {
    const answer = new Generation('m');
    expect(answer.begun_at).toBeNull();
    answer.addThoughts('hm', 0);
    const begun = answer.begun_at;
    expect(begun).not.toBeNull();
    answer.addText('x');
    expect(answer.begun_at).toBe(begun);
  });
});
