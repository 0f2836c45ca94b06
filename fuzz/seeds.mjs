// Why: fuzzers get deep only from inputs that are valid already, and by the words that the code
// knows. The tests hold the first, the code the second:
//   node fuzz/seeds.mjs FOLDER
// writes FOLDER/NAME_fuzz/* for every fuzzer of a text format and FOLDER/NAME_fuzz.dict for all.
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const out = process.argv[2];
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const shared = join(root, '../shared/data');
const kMaxBytes = 16 * 1024;

const read = (path) => readFileSync(join(root, path), 'utf8');
const list = (folder) =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];

// Every string in a C++ file, neighbours joined as the compiler does.
function literals(path) {
  const pattern = /R"(\w*)\(([^]*?)\)\1"|"((?:[^"\\\n]|\\.)*)"/g;
  const escapes = {n: '\n', t: '\t', r: '\r', 0: '\0', '"': '"', '\\': '\\', "'": "'"};
  const unescape = (text) =>
    text
      .replace(/\\x([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
      .replace(/\\(.)/g, (_, c) => escapes[c] ?? c);
  const source = read(path);
  const texts = [];
  let end = -1;
  for (const match of source.matchAll(pattern)) {
    const text = match[2] ?? unescape(match[3]);
    const joined = end >= 0 && /^\s*$/.test(source.slice(end, match.index));
    if (joined) texts.push(texts.pop() + text);
    else texts.push(text);
    end = match.index + match[0].length;
  }
  return texts.filter((text) => text.length > 1);
}

// The part of each case below a line that begins with `mark`, up to the next mark.
const parts = (text, mark) =>
  text.split(/^(?==== |--- )/m).filter((part) => part.startsWith(mark))
    .map((part) => part.slice(part.indexOf('\n') + 1).trimEnd());

// The words in all sources whose path begins so.
function writeDictionary(fuzzer, paths) {
  const sources = paths.flatMap((path) => list(join(root, path.replace(/[^/]*$/, '')))
    .map((file) => file.slice(root.length + 1))
    .filter((file) => file.startsWith(path) && /(?<!_test)\.cc$/.test(file)));
  const words = new Set(sources.flatMap(literals).filter((word) => /^\S{2,40}(?<!\.h)$/.test(word)));
  const bytes = [...words].map((word) => Buffer.from(word));
  if (fuzzer === 'gguf') {  // there strings have their length in front
    for (const word of [...bytes]) {
      const length = Buffer.alloc(8);
      length.writeUInt8(word.length);
      bytes.push(Buffer.concat([length, word]));
    }
  }
  const line = (word) => '"' + [...word].map((b) => '\\x' + b.toString(16).padStart(2, '0')).join('') + '"\n';
  mkdirSync(out, {recursive: true});
  writeFileSync(join(out, `${fuzzer}_fuzz.dict`), bytes.map(line).join(''));
}

function write(fuzzer, seeds) {
  const folder = join(out, `${fuzzer}_fuzz`);
  mkdirSync(folder, {recursive: true});
  for (const seed of seeds) {
    const bytes = Buffer.from(seed);
    if (bytes.length === 0 || bytes.length > kMaxBytes) continue;
    writeFileSync(join(folder, createHash('sha1').update(bytes).digest('hex')), bytes);
  }
}

const grammar = 'src/text/grammar/';
const jsonSchemas = list(join(root, 'tests/cases/json_schema'))
  .concat(['draft2020-12', 'draft7'].flatMap((d) => list(join(shared, 'schemas/test-suite/tests', d))))
  .filter((path) => path.endsWith('.json'))
  .flatMap((path) => JSON.parse(readFileSync(path, 'utf8')).map((one) => JSON.stringify(one.schema)));

write('gbnf', literals(grammar + 'gbnf_test.cc'));
write('lark', literals(grammar + 'lark_test.cc'));
write('recipe', literals('src/train/recipe_test.cc'));
write('regex', literals(grammar + 'regex_test.cc').flatMap((text) => ['\x01' + text, '\x06' + text]));
write('json_schema', jsonSchemas.concat(
  ['json_schema_hostile_test.cc', 'json_schema_property_test.cc'].flatMap((f) => literals(grammar + f))));

write('chat_template', list(join(root, 'tests/cases/chat_template'))
  .filter((path) => path.endsWith('.txt'))
  .flatMap((path) => readFileSync(path, 'utf8').split(/^=====$/m))
  .concat(list(join(shared, 'templates')).map((path) => readFileSync(path, 'utf8')))
  .concat(literals('src/text/chat_template_test.cc')));

const families = 32;  // of answers; one that is too high is taken modulo
write('answer', list(join(root, 'tests/cases/tool_calls'))
  .flatMap((path) => parts(readFileSync(path, 'utf8'), '--- output'))
  .flatMap((text) => Array.from({length: families}, (_, i) => String.fromCharCode(i, 3) + text)));

write('tokenizer', literals('src/text/tokenizer_test.cc').concat(literals('src/text/unigram_test.cc'))
  .flatMap((text) => ['\x08', '\x01', '\x0A', '\x4B']
    .map((choices) => `${choices}a\nb\nab\na b\n▁a\n▁\0${text}`)));

// All 256 bytes as GPT-2 writes them.
const printable = (byte) => (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte !== 0xAD);
const others = Array.from({length: 256}, (_, byte) => byte).filter((byte) => !printable(byte));
const alphabet = Array.from({length: 256}, (_, byte) =>
  String.fromCodePoint(printable(byte) ? byte : 256 + others.indexOf(byte)));
const byteBpe = {
  model: {type: 'BPE', vocab: Object.fromEntries(alphabet.concat(['ab', 'abc']).map((t, id) => [t, id])),
          merges: ['a b', ['ab', 'c']]},
  pre_tokenizer: {type: 'Sequence', pretokenizers: [
    {type: 'Split', pattern: {Regex: '\\p{N}{1,3}|[^\\s\\p{N}]+|\\s+(?!\\S)|\\s'}, behavior: 'Isolated'},
    {type: 'ByteLevel', add_prefix_space: false, use_regex: false}]},
  added_tokens: [{id: 258, content: '<|end|>', special: true}],
};
write('tokenizer_json', literals('src/model/huggingface/tokenizer_json_test.cc')
  .concat([JSON.stringify(byteBpe)]));

write('source', literals('src/train/source_test.cc').concat(literals('src/train/clean_test.cc'))
  .flatMap((text) => ['\0' + text, '\x02' + text]));

const converted = literals('src/search/convert/convert_test.cc');
write('convert', converted.flatMap((text) =>
  Array.from({length: 10}, (_, format) => String.fromCharCode(format, format % 5) + text)));
write('office', converted.filter((text) => text.includes('<')).flatMap((text) =>
  Array.from({length: 6}, (_, format) => String.fromCharCode(format, 1) + text)));
write('web', literals('src/search/fetch/web_test.cc').concat(literals('src/net/url_test.cc'))
  .flatMap((text) => [text + '\0/a?b', '/a*b$\0' + text]));

const tensors = (header, bytes) => {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(bytes, 1)]);
};
write('safetensors', [
  tensors({}, 0),
  tensors({a: {dtype: 'F32', shape: [4, 8], data_offsets: [0, 128]}}, 128),
  tensors({__metadata__: {format: 'pt'}, a: {dtype: 'BF16', shape: [8], data_offsets: [0, 16]},
           b: {dtype: 'F16', shape: [2, 4], data_offsets: [16, 32]}}, 32),
  tensors({a: {dtype: 'U8', shape: [2, 4, 2, 16], data_offsets: [0, 256]},
           b: {dtype: 'U8', shape: [2, 4, 2], data_offsets: [256, 272]}}, 272),
  tensors({a: {dtype: 'F16', shape: [2, 4, 2], data_offsets: [0, 32]}}, 32),
  tensors({a: {dtype: 'F32', shape: [4, 1, 3], data_offsets: [0, 48]}}, 48),
  tensors({a: {dtype: 'I64', shape: [], data_offsets: [0, 8]},
           b: {dtype: 'F32', shape: [0], data_offsets: [8, 8]}}, 8),
]);

// The two halves of what an adapter changes in a model as fuzz/peft_fuzz.cc makes it.
const lora = (config, ...modules) => {
  const header = {};
  let end = 0;
  const add = (name, shape) => {
    const begin = end;
    end += 4 * shape[0] * shape[1];
    header[`base_model.model.model.${name}`] = {dtype: 'F32', shape, data_offsets: [begin, end]};
  };
  for (const [module, nOut, nIn] of modules) {
    add(`${module}.lora_A.weight`, [2, nIn]);
    add(`${module}.lora_B.weight`, [nOut, 2]);
  }
  const text = JSON.stringify({peft_type: 'LORA', r: 2, lora_alpha: 4, ...config});
  return Buffer.concat([Buffer.from(text + '\0'), tensors(header, end)]);
};
const layer = 'layers.0.';
write('peft', [
  lora({}, [layer + 'self_attn.q_proj', 32, 32], [layer + 'self_attn.k_proj', 16, 32]),
  lora({use_rslora: true, rank_pattern: {v_proj: 2}, alpha_pattern: {v_proj: 8}},
       [layer + 'self_attn.v_proj', 16, 32], [layer + 'self_attn.o_proj', 32, 32]),
  lora({}, ...[0, 1].map((e) => [`${layer}block_sparse_moe.experts.${e}.w1`, 32, 32])),
  lora({use_dora: true}, [layer + 'self_attn.q_proj', 32, 32]),
]);

write('api', list(join(root, 'tests/cases/openai'))
  .flatMap((path) => parts(readFileSync(path, 'utf8'), '--- in')));

write('eval_task', literals('src/eval/task_file_test.cc')
  .concat(['', 'text'].map((answer) =>
    `{"input":"a","expected":["#### 1,200","a+b*"],"kind":"regex"}\n#### 1,200 aab ${answer}`)));

write('http', ['http_server_test.cc', 'sse_test.cc', 'router_test.cc', 'host_check_test.cc']
  .flatMap((file) => literals('src/net/' + file))
  .concat([
    'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
    'POST /x?y=1 HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'data: a\nevent: b\nid: 1\n\n: note\ndata: c\r\ndata: d\r\n\r\n',
  ])
  .flatMap((text) => ['\x00' + text, '\x3F' + text]));

for (const [fuzzer, paths] of Object.entries({
  answer: ['src/text/chat_format/'],
  api: ['src/serve/openai/'],
  chat_template: ['src/text/jinja/'],
  convert: ['src/search/convert/', 'src/train/html_page'],
  eval_task: ['src/eval/task_format'],
  gbnf: [grammar + 'gbnf'],
  gguf: ['src/model/architectures/', 'src/model/blocks/', 'src/model/config',
         'src/model/random_presets', 'src/model/rope_config', 'src/model/transformer',
         'src/model/vocabulary'],
  http: ['src/net/'],
  json_schema: [grammar + 'json'],
  lark: [grammar + 'lark'],
  office: ['src/search/convert/'],
  peft: ['src/model/huggingface/adapter_folder', 'src/model/huggingface/families'],
  recipe: ['src/train/recipe'],
  regex: [grammar + 'regex'],
  safetensors: ['src/model/huggingface/safetensors'],
  source: ['src/train/html_page'],
  tokenizer: ['src/text/pre_tokenizer_names'],
  tokenizer_json: ['src/model/huggingface/tokenizer_'],
  web: ['src/search/fetch/', 'src/search/convert/date'],
})) {
  writeDictionary(fuzzer, paths);
}
