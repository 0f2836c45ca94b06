// The mock's invented answers. A word in the question chooses: "markdown" shows everything the page can
// render, "long" is long, "slow" is slow ("steady" less so), "think" thinks first, "only think" does nothing
// else, "tool" calls tools, "/fail" breaks off, anything else is small talk.
const kMarkdown = `## Sorting, briefly

A **merge sort** splits the list, sorts both halves and merges them. It needs $O(n \\log n)$ comparisons, because

$$T(n) = 2\\,T\\!\\left(\\frac{n}{2}\\right) + O(n)$$

and by \\(\\log_2 n\\) levels of work it follows that \\[ T(n) = \\sum_{i=0}^{\\log_2 n} O(n) = O(n \\log n). \\]

\`\`\`python
def merge_sort(items: list[int]) -> list[int]:
    """Sorts a copy; stable."""
    if len(items) <= 1:
        return items
    middle = len(items) // 2
    left, right = merge_sort(items[:middle]), merge_sort(items[middle:])
    merged = []
    while left and right:  # take the smaller head
        merged.append((left if left[0] <= right[0] else right).pop(0))
    return merged + left + right
\`\`\`

| Algorithm | Average | Worst | Stable |
|---|---|---|---|
| Merge sort | n log n | n log n | yes |
| Quicksort | n log n | n² | no |

1. Split until one item is left.
2. Merge in order:
   - compare the heads,
   - take the smaller one.

> Costs $5, not $10. See [the reference](https://example.com/sort), or an ![elsewhere](https://example.com/picture.png) picture.
`;

const kKorean = '반가워요! 저는 이 컴퓨터에서 돌아가는 작은 모델이에요. 오늘 하루는 어땠나요? 좋은 일이 있었다면 들려주세요.';
const kEnglish = 'Hello! I am a tiny model that runs on this computer. How was your day so far?';

function textFor(question) {
  if (/markdown/i.test(question)) return kMarkdown;
  if (/long|slow/i.test(question)) {
    return Array.from({ length: 120 }, (_, at) => `Paragraph ${at + 1}. The river bends, the boats go by, and nobody is in a hurry.`).join('\n\n');
  }
  return /[가-힣]/.test(question) ? kKorean : kEnglish;
}

const kThoughts = `The visitor asks something. **First**, what do I know?

1. A greeting wants a greeting.
2. A question wants \`an answer\`, and not a lecture.

\`\`\`python
def answer(question): return "short"
\`\`\`

So a friendly, short answer will do. Let me write it.`;

const kCalls = [
  { name: 'get_weather', text: '{"city": "서울", "days": 3, "units": {"temperature": "celsius", "wind": null}}' },
  { name: 'now', text: '{}' },
];

const wordsOf = (text) => text.match(/\s*\S+/gu) ?? [];

function thoughtsFor(question) {
  if (/long thought/i.test(question)) return Array.from({ length: 60 }, (_, at) => `Step ${at + 1} of the thought.`).join('\n\n');
  return /think/i.test(question) ? kThoughts : '';
}

export function answerTo(question, thinks) {
  const fails = question.includes('/fail');
  const calls = /tool/i.test(question) ? kCalls : [];
  const silent = /only think/i.test(question) || (calls.length && !/also/i.test(question));
  const pieces = silent ? [] : wordsOf(textFor(question));
  return {
    thoughts: thinks ? wordsOf(thoughtsFor(question)) : [],
    pieces: fails ? pieces.slice(0, 5) : pieces,
    calls: calls.map(({ name, text }) => ({ name, pieces: text.match(/.{1,7}/gsu) })),
    pause_ms: /slow/i.test(question) ? 40 : /steady/i.test(question) ? 4 : 1,
    fails,
  };
}
