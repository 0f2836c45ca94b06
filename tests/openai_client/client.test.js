// Why: programs talk to Pioneer through OpenAI's own client, so that client is the judge of the
// wire. Runs against any running Pioneer, whatever its model says:
//   PIONEER_URL=http://127.0.0.1:8080 npm test
// PIONEER_KEY: an API key, when the service asks for one; the tests of keys run only then.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from 'openai';

const url = process.env.PIONEER_URL;
const key = process.env.PIONEER_KEY;
const skip = url ? false : 'PIONEER_URL is not set';

const connect = (apiKey = key ?? 'none') =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0, timeout: 120_000 });
const client = url ? connect() : null;

const question = [{ role: 'user', content: 'Say hello.' }];
const modelId = async () => (await client.models.list()).data[0].id;

test('models', { skip }, async () => {
  const models = await client.models.list();
  assert.ok(models.data.length >= 1);
  assert.equal(models.data[0].object, 'model');
  const model = await client.models.retrieve(models.data[0].id);
  assert.equal(model.id, models.data[0].id);
});

test('a chat, whole', { skip }, async () => {
  const model = await modelId();
  const answer = await client.chat.completions.create({ model, messages: question, max_tokens: 4 });
  assert.match(answer.id, /^chatcmpl-/);
  assert.equal(answer.object, 'chat.completion');
  assert.equal(answer.model, model);
  assert.equal(answer.choices.length, 1);
  assert.equal(answer.choices[0].message.role, 'assistant');
  assert.equal(typeof answer.choices[0].message.content, 'string');
  assert.ok(['stop', 'length'].includes(answer.choices[0].finish_reason));
  const { usage } = answer;
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  assert.ok(usage.completion_tokens <= 4);
  assert.equal(typeof usage.prompt_tokens_details.cached_tokens, 'number');
});

// The limits make even a model that says nonsense end soon.
test('an answer in the form of a schema', { skip }, async () => {
  const schema = {
    type: 'object',
    properties: {
      city: { type: 'string', minLength: 1, maxLength: 8 },
      degrees: { type: 'integer', minimum: -40, maximum: 50 },
      sky: { enum: ['clear', 'cloudy'] },
    },
    required: ['city', 'degrees', 'sky'],
    additionalProperties: false,
  };
  const ask = {
    model: await modelId(),
    messages: question,
    max_tokens: 400,
    temperature: 0,
    response_format: { type: 'json_schema', json_schema: { name: 'weather', strict: true, schema } },
  };
  const check = (text, reason) => {
    assert.equal(reason, 'stop');
    const value = JSON.parse(text);
    assert.deepEqual(Object.keys(value), ['city', 'degrees', 'sky']);
    assert.ok([...value.city].length >= 1 && [...value.city].length <= 8);
    assert.ok(Number.isInteger(value.degrees) && value.degrees >= -40 && value.degrees <= 50);
    assert.ok(['clear', 'cloudy'].includes(value.sky));
  };
  const [choice] = (await client.chat.completions.create(ask)).choices;
  check(choice.message.content, choice.finish_reason);

  let text = '';
  let reason;
  for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? '';
    reason = chunk.choices[0]?.finish_reason ?? reason;
  }
  check(text, reason);
});

test('an answer that is a JSON object', { skip }, async () => {
  const answer = await client.chat.completions.create({
    model: await modelId(),
    messages: question,
    max_tokens: 200,
    response_format: { type: 'json_object' },
  });
  const [{ message, finish_reason: reason }] = answer.choices;
  assert.match(message.content, /^\{/);
  if (reason === 'stop') assert.equal(typeof JSON.parse(message.content), 'object');
});

test('a chat, streamed, with usage', { skip }, async () => {
  const stream = await client.chat.completions.create({
    model: await modelId(),
    messages: question,
    max_tokens: 8,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let role, reason, usage;
  let n = 0;
  for await (const chunk of stream) {
    assert.equal(chunk.object, 'chat.completion.chunk');
    if (n++ === 0) role = chunk.choices[0].delta.role;
    if (chunk.usage) {
      assert.equal(chunk.choices.length, 0);
      usage = chunk.usage;
    }
    for (const choice of chunk.choices) {
      text += choice.delta.content ?? '';
      reason = choice.finish_reason ?? reason;
    }
  }
  assert.equal(role, 'assistant');
  assert.ok(['stop', 'length'].includes(reason));
  assert.ok(usage.completion_tokens >= 1);
  assert.equal(typeof text, 'string');
});

test("the client's stream helper puts the answer together", { skip }, async () => {
  const runner = client.chat.completions.stream({
    model: await modelId(),
    messages: question,
    max_tokens: 4,
  });
  const answer = await runner.finalChatCompletion();
  assert.equal(answer.choices[0].message.role, 'assistant');
});

test('a stream can be aborted', { skip }, async () => {
  const stream = await client.chat.completions.create({
    model: await modelId(),
    messages: question,
    max_tokens: 64,
    stream: true,
  });
  for await (const chunk of stream) {
    assert.ok(chunk.id);
    stream.controller.abort();
    break;
  }
  assert.ok((await client.models.list()).data.length >= 1);
});

test('log probabilities', { skip }, async () => {
  const answer = await client.chat.completions.create({
    model: await modelId(),
    messages: question,
    max_tokens: 4,
    logprobs: true,
    top_logprobs: 3,
  });
  const { content } = answer.choices[0].logprobs;
  for (const token of content) {
    assert.equal(typeof token.token, 'string');
    assert.ok(token.logprob <= 0);
    assert.ok(Array.isArray(token.bytes));
    assert.equal(token.top_logprobs.length, 3);
  }
  const joined = Buffer.from(content.flatMap((token) => token.bytes)).toString('utf8');
  assert.ok(joined.includes(answer.choices[0].message.content.trimEnd().slice(0, 1)));
});

test('the same seed gives the same answer', { skip }, async () => {
  const model = await modelId();
  const ask = () =>
    client.chat.completions.create({ model, messages: question, max_tokens: 8, temperature: 1, seed: 7 });
  const [first, second] = await Promise.all([ask(), ask()]);
  assert.equal(first.choices[0].message.content, second.choices[0].message.content);
});

test('completions', { skip }, async () => {
  const answer = await client.completions.create({
    model: await modelId(),
    prompt: ['Once upon', 'The'],
    max_tokens: 4,
    logprobs: 2,
    echo: true,
  });
  assert.match(answer.id, /^cmpl-/);
  assert.equal(answer.object, 'text_completion');
  assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1]);
  assert.ok(answer.choices[0].text.startsWith('Once upon'));
  const { logprobs } = answer.choices[0];
  assert.equal(logprobs.tokens.length, logprobs.token_logprobs.length);
  assert.equal(logprobs.tokens.length, logprobs.text_offset.length);
});

test('completions, streamed', { skip }, async () => {
  const stream = await client.completions.create({
    model: await modelId(),
    prompt: 'Once upon',
    max_tokens: 4,
    stream: true,
  });
  let reason;
  for await (const chunk of stream) reason = chunk.choices[0]?.finish_reason ?? reason;
  assert.ok(['stop', 'length'].includes(reason));
});

test('errors are of the right class and name the field', { skip }, async () => {
  const model = await modelId();
  const ask = (more) => client.chat.completions.create({ model, messages: question, ...more });
  await assert.rejects(ask({ temperature: 9 }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.equal(error.param, 'temperature');
    return true;
  });
  await assert.rejects(ask({ messages: [{ role: 'robot', content: 'x' }] }), (error) => {
    assert.equal(error.param, 'messages[0].role');
    return true;
  });
  const unheld = { name: 'x', schema: { type: 'array', uniqueItems: true } };
  await assert.rejects(
    ask({ response_format: { type: 'json_schema', json_schema: unheld } }),
    (error) => {
      assert.ok(error instanceof BadRequestError);
      assert.match(error.message, /uniqueItems/);
      return true;
    },
  );
  const endless = [{ role: 'user', content: 'word '.repeat(400_000) }];
  await assert.rejects(ask({ messages: endless, stream: true }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.equal(error.code, 'context_length_exceeded');
    return true;
  });
  await assert.rejects(ask({ model: 'no-such-model' }), (error) => {
    assert.ok(error instanceof NotFoundError);
    assert.equal(error.code, 'model_not_found');
    assert.ok(error.message.includes(model));
    return true;
  });
});

const tools = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string', enum: ['Oslo', 'Rome'] } },
        required: ['city'],
        additionalProperties: false,
      },
    },
  },
];

test('a forced tool is called with arguments of its schema', { skip }, async () => {
  const model = await modelId();
  const request = {
    model,
    messages: question,
    tools,
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
    parallel_tool_calls: false,
    max_tokens: 200,
  };
  const whole = await client.chat.completions.create(request);
  assert.equal(whole.choices[0].finish_reason, 'tool_calls');
  const [call] = whole.choices[0].message.tool_calls;
  assert.equal(call.function.name, 'get_weather');
  assert.ok(['Oslo', 'Rome'].includes(JSON.parse(call.function.arguments).city));
  // The client's own gathering of a stream.
  const runner = client.chat.completions.stream({ ...request, tool_choice: 'required' });
  const message = (await runner.finalChatCompletion()).choices[0].message;
  assert.equal(message.tool_calls.length, 1);
  assert.ok(['Oslo', 'Rome'].includes(JSON.parse(message.tool_calls[0].function.arguments).city));
  const answer = await client.chat.completions.create({
    model,
    tools,
    max_tokens: 8,
    messages: [
      ...question,
      { role: 'assistant', content: null, tool_calls: whole.choices[0].message.tool_calls },
      { role: 'tool', tool_call_id: call.id, content: 'cold' },
    ],
  });
  assert.ok(answer.choices.length === 1);
});

test('a wrong tool is refused by name', { skip }, async () => {
  const model = await modelId();
  const wrong = [{ type: 'function', function: { name: 'a b' } }];
  await assert.rejects(
    client.chat.completions.create({ model, messages: question, tools: wrong }),
    (error) => error.status === 400 && error.param === 'tools[0].function.name',
  );
});

test('a wrong key is refused', { skip: skip || (key ? false : 'PIONEER_KEY is not set') }, async () => {
  await assert.rejects(connect('pio-wrong').models.list(), (error) => {
    assert.ok(error instanceof AuthenticationError);
    assert.equal(error.code, 'invalid_api_key');
    return true;
  });
});
