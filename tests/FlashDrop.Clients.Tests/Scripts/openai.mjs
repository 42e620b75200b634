// The official `openai` client, unmodified but for its base URL. Prints one JSON object with what it saw.
import fs from 'node:fs';
import OpenAI from 'openai';

const [base, key, media] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${base}v1`, apiKey: key, maxRetries: 0 });
const model = 'gemini-2.5-flash';
const ask = (content, more = {}) => client.chat.completions.create({ model, messages: [{ role: 'user', content }], ...more });
const text = (completion) => completion.choices[0].message.content;
const base64 = (name) => fs.readFileSync(`${media}/${name}`).toString('base64');
const seen = {};

seen.text = text(await ask('Say something.'));
seen.image = text(await ask([
  { type: 'text', text: 'What is this?' },
  { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${base64('harbour.jpg')}` } }]));
const audio = await ask([
  { type: 'text', text: 'Write minutes.' },
  { type: 'input_audio', input_audio: { data: base64('standup.mp3'), format: 'mp3' } }]);
seen.audio = text(audio);
seen.audioTokens = audio.usage.prompt_tokens_details.audio_tokens;

const tools = [{ type: 'function', function: { name: 'find_order', description: 'Finds an order.', parameters: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] } } }];
const called = await ask('Use find_order for order 7.', { tools, tool_choice: 'required' });
seen.tool = called.choices[0].message.tool_calls[0].function.name;
seen.toolFinish = called.choices[0].finish_reason;
seen.toolAnswer = text(await client.chat.completions.create({
  model, tools, tool_choice: 'none',
  messages: [{ role: 'user', content: 'Use find_order for order 7.' }, called.choices[0].message,
    { role: 'tool', tool_call_id: called.choices[0].message.tool_calls[0].id, content: '{"state":"sent"}' }],
}));

seen.structured = JSON.parse(text(await ask('Describe a ship.', {
  response_format: { type: 'json_schema', json_schema: { name: 'ship', strict: true, schema: { type: 'object', properties: { name: { type: 'string' }, masts: { type: 'integer' } }, required: ['name', 'masts'], additionalProperties: false } } },
})));

let streamed = '';
let usage = null;
for await (const chunk of await ask('Tell a story. SIMULATE_WORDS:60', { stream: true, stream_options: { include_usage: true } })) {
  streamed += chunk.choices[0]?.delta?.content ?? '';
  usage = chunk.usage ?? usage;
}
seen.streamed = streamed;
seen.streamUsage = usage.total_tokens;

// Large enough to be forwarded while it arrives; the second one has to be translated after all.
const much = { type: 'text', text: 'x'.repeat(1_200_000) };
seen.large = '';
for await (const chunk of await ask([much], { stream: true })) {
  seen.large += chunk.choices[0].delta.content ?? '';
}
seen.largeAudio = text(await ask([much, { type: 'input_audio', input_audio: { data: base64('standup.mp3'), format: 'mp3' } }]));

try {
  await client.chat.completions.create({ model: 'unknown', messages: [{ role: 'user', content: 'x' }] });
} catch (error) {
  seen.unknown = { name: error.constructor.name, status: error.status, code: error.code, requestId: Boolean(error.requestID ?? error.request_id) };
}
try {
  await new OpenAI({ baseURL: `${base}v1`, apiKey: 'wrong', maxRetries: 0 }).models.list();
} catch (error) {
  seen.unauthorized = { name: error.constructor.name, status: error.status };
}
seen.models = (await client.models.list()).data.map((m) => m.id);

try {
  for await (const chunk of await ask('BREAK_MIDWAY SIMULATE_WORDS:100', { stream: true })) {
    seen.brokenChunks = (seen.brokenChunks ?? 0) + chunk.choices.length;
  }
  seen.broken = 'whole';
} catch (error) {
  seen.broken = error.constructor.name;
}

const long = await ask('SLOWLY SIMULATE_WORDS:400', { stream: true });
for await (const _ of long) {
  long.controller.abort();
  seen.aborted = true;
  break;
}
console.log(JSON.stringify(seen));
