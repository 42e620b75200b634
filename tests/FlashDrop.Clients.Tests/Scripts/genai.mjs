// The official `@google/genai` client, unmodified but for its base URL. Prints one JSON object with what it saw.
import fs from 'node:fs';
import { GoogleGenAI } from '@google/genai';

const [base, key, media] = process.argv.slice(2);
const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: base } });
const model = 'gemini-2.5-flash';
const inline = (name, mimeType) => ({ inlineData: { mimeType, data: fs.readFileSync(`${media}/${name}`).toString('base64') } });
const ask = (contents, config) => client.models.generateContent({ model, contents, config });
const seen = {};

seen.text = (await ask('Say something.')).text;
seen.image = (await ask([inline('harbour.jpg', 'image/jpeg'), 'What is this?'])).text;
const audio = await ask([inline('standup.mp3', 'audio/mp3'), 'Write minutes.']);
seen.audio = audio.text;
seen.audioTokens = audio.usageMetadata.promptTokensDetails.find((d) => d.modality === 'AUDIO').tokenCount;

const declaration = { name: 'find_order', description: 'Finds an order.', parameters: { type: 'OBJECT', properties: { id: { type: 'INTEGER' } }, required: ['id'] } };
const called = await ask('Use find_order for order 7.', { tools: [{ functionDeclarations: [declaration] }], toolConfig: { functionCallingConfig: { mode: 'ANY' } } });
seen.tool = called.functionCalls[0].name;
seen.structured = JSON.parse((await ask('Describe a ship.', {
  responseMimeType: 'application/json',
  responseSchema: { type: 'OBJECT', properties: { name: { type: 'STRING' }, masts: { type: 'INTEGER' } }, required: ['name', 'masts'] },
})).text);

// Large enough to be forwarded while it arrives.
seen.large = (await ask('x'.repeat(1_200_000))).text;
seen.largeAudio = (await ask(['x'.repeat(1_200_000), inline('standup.mp3', 'audio/mp3')])).text;

let streamed = '';
let tokens = 0;
for await (const chunk of await client.models.generateContentStream({ model, contents: 'Tell a story. SIMULATE_WORDS:60', config: { systemInstruction: 'Be brief.' } })) {
  streamed += chunk.text ?? '';
  tokens = chunk.usageMetadata?.totalTokenCount ?? tokens;
}
seen.streamed = streamed;
seen.streamUsage = tokens;
seen.counted = (await client.models.countTokens({ model, contents: 'How many?' })).totalTokens;

try {
  await client.models.generateContent({ model: 'unknown', contents: 'x' });
} catch (error) {
  seen.unknown = { name: error.name, status: error.status };
}
try {
  await new GoogleGenAI({ apiKey: 'wrong', httpOptions: { baseUrl: base } }).models.generateContent({ model, contents: 'x' });
} catch (error) {
  seen.unauthorized = { name: error.name, status: error.status };
}

try {
  for await (const _ of await client.models.generateContentStream({ model, contents: 'BREAK_MIDWAY SIMULATE_WORDS:100' })) {
    seen.brokenChunks = (seen.brokenChunks ?? 0) + 1;
  }
  seen.broken = 'whole';
} catch (error) {
  seen.broken = error.name;
}

const abort = new AbortController();
try {
  for await (const _ of await client.models.generateContentStream({ model, contents: 'SLOWLY SIMULATE_WORDS:400', config: { abortSignal: abort.signal } })) {
    abort.abort();
  }
  seen.aborted = false;
} catch {
  seen.aborted = true;
}
console.log(JSON.stringify(seen));
