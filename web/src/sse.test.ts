import { describe, expect, it } from 'vitest';
import { EventParser, readEvents } from './sse';

describe('EventParser', () => {
  it('reads events however the text is cut', () => {
    const text = 'event: delta\ndata: {"text":"안녕"}\n\n: ping\n\nevent: done\r\ndata: 1\r\ndata: 2\r\n\r\n';
    const whole = new EventParser().push(text);
    expect(whole).toEqual([
      { event: 'delta', data: '{"text":"안녕"}' },
      { event: 'done', data: '1\n2' },
    ]);
    for (let cut = 1; cut < text.length; ++cut) {
      const parser = new EventParser();
      expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual(whole);
    }
  });

  it('leaves an unfinished event out', () => {
    expect(new EventParser().push('event: delta\ndata: x\n')).toEqual([]);
  });

  it('names an event without a name', () => {
    expect(new EventParser().push('data:x\n\n')).toEqual([{ event: 'message', data: 'x' }]);
  });
});

describe('readEvents', () => {
  it('joins characters that were cut between chunks', async () => {
    const bytes = new TextEncoder().encode('data: 가나다\n\n');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const events = [];
    for await (const event of readEvents(body)) events.push(event);
    expect(events).toEqual([{ event: 'message', data: '가나다' }]);
  });
});
