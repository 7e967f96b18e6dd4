// The text of the documentation: links, code blocks (__test__/docs.test.js runs the examples), the diagram, the API reference,
// and the completeness of its lists.
'use strict';

const assert = require('node:assert/strict');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { PassThrough } = require('node:stream');
const { before, describe, test } = require('node:test');
const { pathToFileURL } = require('node:url');
const { promisify } = require('node:util');
const ts = require('typescript');
const { skip: noBrowser, executablePath } = require('../../workspace/test/chromium.js');
const { python, missing } = require('../../workspace/test/clients/programs.js');
const {
  RUN_ELSEWHERE,
  allPages,
  blocks,
  missingLine,
  pages,
  read,
  reference,
  root,
} = require('../support/documentation.js');
const { stateTransitions, failureLog } = require('../support/documented-scenarios.js');
const { tools } = require('./support/tools.js');

const manifest = require('../../package.json');
const workspaceManifest = require('../../workspace/package.json');

/** Languages of blocks that are not run, and the reason. */
const UNCHECKED = {
  mermaid: 'drawn below',
  text: 'log lines, compared with those of clients below',
  dockerfile: 'building an image needs Docker and a registry; its only command is `node bot.js`',
  ini: 'a systemd unit; starting it needs root',
};
const UNTAGGED = { 'ARCHITECTURE.md': 'a drawing of the layers' };
const OWN_TESTS = /^(workspace|examples|fuzz)\//;

const written = pages().filter((page) => !(page in RUN_ELSEWHERE));
const all = written.flatMap(blocks);
const inLanguage = (language) => all.filter((block) => block.language === language);
const where = ({ page, line }) => `${page}:${line}`;

/** Makes anchors in HTML, such as those of typedoc, known to the link checker. */
function markAnchors(node) {
  const [, id] = (node.type === 'html' && /<a id="([^"]+)">/.exec(node.value)) || [];
  if (id) node.data = { hProperties: { id } };
  for (const child of node.children ?? []) markAnchors(child);
}

/** The compiler's messages about examples. */
function compile(extension, examples, options) {
  const folder = mkdtempSync(path.join(tmpdir(), 'rtm-docs-'));
  try {
    const files = examples.map((block) => {
      const file = path.join(folder, `${where(block).replace(/\W/g, '-')}.${extension}`);
      writeFileSync(file, `${block.code}\nexport {};\n`);
      return file;
    });
    const program = ts.createProgram(files, {
      noEmit: true,
      strict: false, // the default up to TypeScript 5; `options` turns it on for TypeScript
      skipLibCheck: true,
      lib: ['lib.es2022.d.ts'],
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: ['node'],
      typeRoots: [path.join(root, 'node_modules/@types')],
      paths: {
        'slack-rtm-native': [path.join(root, 'index.d.ts')],
        '@slack/rtm-api': [path.join(root, 'index.d.ts')],
        '*': [path.join(root, 'node_modules/*')],
      },
      ...options,
    });
    return ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => folder,
      getNewLine: () => '\n',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let modules;
const use = (name) => import(pathToFileURL(createRequire(path.join(modules, 'x.js')).resolve(name)).href);
before(() => (modules = tools(path.join(__dirname, 'docs'))));

describe('links', () => {
  test('every link, anchor and image in the project exists', async () => {
    const [{ engine }, { remark }, links] = await Promise.all(
      ['unified-engine', 'remark', 'remark-validate-links'].map(use),
    );
    const files = allPages();
    const streamError = new PassThrough().setEncoding('utf8');
    const settings = {
      processor: remark(),
      cwd: root,
      files,
      plugins: [
        () => markAnchors,
        [links.default, { repository: 'https://github.com/slack-rtm-native/slack-rtm-native.git' }],
      ],
      streamError,
      quiet: true,
      frail: true,
      output: false,
      out: false,
      color: false,
    };
    const code = await promisify(engine)(settings);
    assert.equal(code, 0, streamError.read() ?? undefined);
    for (const page of files) {
      for (const [, source] of read(page).matchAll(/<(?:img|source) [^>]*?src(?:set)?="([^"]+)"/g)) {
        assert.ok(existsSync(path.join(root, path.dirname(page), source)), `${page}: ${source} is missing`);
      }
    }
  });

  test('every page is in the index', () => {
    const index = read('docs/README.md');
    for (const page of written.filter((each) => each.startsWith('docs/') && each !== 'docs/README.md')) {
      assert.ok(index.includes(`](${path.posix.relative('docs', page)})`), `docs/README.md does not link ${page}`);
    }
  });
});

describe('code blocks', () => {
  test('each block has a language, and is run or checked', () => {
    const known = ['js', 'ts', 'json', 'sh', ...Object.keys(UNCHECKED)];
    const outputs = new Set(all.filter(({ output }) => output).map(({ output }) => output.join('\n')));
    for (const block of all) {
      if (block.language === '') assert.ok(outputs.has(block.code.trim()), `no example prints ${where(block)}`);
      else
        assert.ok(
          known.includes(block.language),
          `${where(block)} has the language ${block.language}, which no test checks`,
        );
    }
    for (const page of allPages().filter(
      (each) => !OWN_TESTS.test(each) && !(each in UNTAGGED) && !written.includes(each),
    )) {
      for (const block of blocks(page)) assert.notEqual(block.language, '', `${where(block)} has no language`);
    }
    for (const [page, file] of Object.entries(RUN_ELSEWHERE)) {
      if (existsSync(path.join(root, page)))
        assert.ok(existsSync(path.join(root, file)), `${file}, which runs ${page}, is missing`);
    }
  });

  test('TypeScript compiles with strict options', () => {
    assert.ok(inLanguage('ts').length >= 3);
    assert.equal(compile('ts', inLanguage('ts'), { strict: true }), '');
  });

  test('JavaScript only uses options and members that exist', () => {
    assert.equal(compile('js', inLanguage('js'), { allowJs: true, checkJs: true }), '');
  });

  test('the examples of the API reference compile', () => {
    const examples = reference().flatMap(blocks);
    const isScript = ({ code }) => code.includes('require(');
    assert.ok(examples.some(isScript));
    assert.equal(compile('js', examples.filter(isScript), { allowJs: true, checkJs: true }), '');
    // Some examples are a part of a program.
    const client = "declare const rtm: import('slack-rtm-native').RTMClient;\n";
    const whole = examples
      .filter((block) => !isScript(block))
      .map((block) => ({
        ...block,
        code: block.code.includes('RTMClient') ? block.code : client + block.code,
      }));
    assert.equal(compile('ts', whole, { strict: true }), '');
  });

  test('JSON parses', () => {
    for (const { code } of inLanguage('json')) assert.ok(JSON.parse(code));
  });

  test('each command exists with its options', () => {
    const help = execFileSync(process.execPath, ['workspace/bin/slack-rtm-workspace.js', '--help'], {
      cwd: root,
      encoding: 'utf8',
    });
    const packages = [manifest.name, ...Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })];
    const check = {
      install: (names, line) => {
        for (const name of names.filter((each) => each !== '--save-dev')) {
          const [, alias, real] = /^((?:@[^@/]+\/)?[^@]+)(?:@npm:(.*))?$/.exec(name);
          assert.ok(packages.includes(real ?? alias) || alias === '@slack/rtm-api', line);
        }
      },
      run: ([script], line) => assert.ok(script in manifest.scripts, line),
    };
    for (const block of inLanguage('sh')) {
      for (const line of block.code.trim().split('\n')) {
        const words = line
          .replace(/ +#.*/, '')
          .split(' ')
          .filter((word) => !/^[A-Z_]+=/.test(word));
        const [command, ...rest] = words;
        const place = `${where(block)}: ${line}`;
        if (command === 'npm' && rest[0] === 'test') check.run(['test'], place);
        else if (command === 'npm' && rest[0] === 'uninstall') check.install(rest.slice(1), place);
        else if (command === 'npm') check[rest[0]](rest.slice(1), place);
        else if (command === 'npx') {
          assert.equal(rest[0], 'slack-rtm-workspace', place);
          for (const option of rest.filter((word) => word.startsWith('--')))
            assert.ok(help.includes(`  ${option} `), place);
        } else {
          assert.equal(command, 'node', place);
          assert.ok(
            all.some(({ page, code }) => page === block.page && code.startsWith(`// ${rest[0]}\n`)),
            place,
          );
        }
      }
    }
    for (const page of allPages().filter((each) => !each.startsWith('workspace/'))) {
      for (const [command, script, workspace] of read(page).matchAll(/npm run ([\w:-]+)( -w slack-rtm-workspace)?/g)) {
        assert.ok(script in (workspace ? workspaceManifest : manifest).scripts, `${page}: ${command}`);
      }
    }
  });

  test('the workspace prints what the page shows', async () => {
    const [block] = inLanguage('sh').filter(({ code, output }) => /^npx slack-rtm-workspace/.test(code) && output);
    const child = spawn(process.execPath, ['workspace/bin/slack-rtm-workspace.js', '--port', '0'], { cwd: root });
    try {
      let printed = '';
      for await (const text of child.stdout.setEncoding('utf8')) {
        printed += text;
        if (printed.includes('Page ') && printed.endsWith('\n')) break;
      }
      assert.equal(missingLine(block.output, printed.replace(/:\d+\//g, ':4390/')), undefined, printed);
    } finally {
      child.kill();
    }
  });
});

describe('the diagram of the lifecycle', () => {
  const [{ code: diagram }] = inLanguage('mermaid');

  test('can be drawn in light and dark', { skip: noBrowser }, async () => {
    const { chromium } = require('playwright-core');
    const browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--headless', '--disable-dev-shm-usage'],
    });
    try {
      const page = await browser.newPage();
      await page.addScriptTag({ path: path.join(modules, '@mermaid-js/tiny/dist/mermaid.tiny.js') });
      for (const theme of ['default', 'dark']) {
        const drawn = await page.evaluate(
          async ([text, name]) => {
            globalThis.mermaid.initialize({ startOnLoad: false, theme: name });
            const { svg } = await globalThis.mermaid.render(name, text);
            document.body.innerHTML = svg;
            return document.body.textContent;
          },
          [diagram, theme],
        );
        for (const label of ['authenticating', 'resuming', 'reconnecting', 'after a pause'])
          assert.ok(drawn.includes(label), `${theme}: ${label}`);
      }
    } finally {
      await browser.close();
    }
  });

  test('has exactly the transitions that clients make', async (t) => {
    const edges = [...diagram.matchAll(/^\s*([\w[\]*]+) --> (\w+)/gm)].map(([, from, to]) => `${from} -> ${to}`);
    const expected = edges.filter((edge) => !edge.startsWith('[*]'));
    assert.deepEqual([...(await stateTransitions(t))].sort(), expected.sort());
  });
});

test('log lines in the documentation are those of clients', async (t) => {
  const plain = (line) =>
    line
      .replace(/^\[\w+\] +\S+ /, '')
      .replace(/([\w.-]+\.)?slack\.com(:443)?|127\.0\.0\.1:\d+/g, 'HOST')
      .replace(/\d+ (ms|s)\b/g, 'TIME')
      .replace(/os error \d+/, 'os error');
  const log = (await failureLog(t)).map(plain);
  const lines = inLanguage('text').flatMap(({ code }) => code.trim().split('\n'));
  assert.ok(lines.length >= 5);
  for (const line of lines)
    assert.ok(
      log.some((each) => each.endsWith(plain(line))),
      `${line}\nis not in\n${log.join('\n')}`,
    );
});

describe('the documentation names', () => {
  const interfaceOf = (name) => {
    const [, body] = new RegExp(`export (?:interface|enum) ${name} {\n(.*?)^}`, 'ms').exec(typings());
    return [...body.matchAll(/^ {2}(\w+)(?:\??:| =)/gm)].map(([, member]) => member);
  };
  const typings = () =>
    ['index.d.ts', ...readdirSync(path.join(root, 'types')).map((file) => `types/${file}`)].map(read).join('\n');
  const guide = written
    .filter((page) => page !== 'docs/performance.md')
    .map(read)
    .join('\n');

  test('every option', () => {
    const options = interfaceOf('RTMClientOptions');
    assert.ok(options.length > 15);
    assert.deepEqual(
      options.filter((option) => !guide.includes(`\`${option}`) && !guide.includes(`${option}:`)),
      [],
    );
  });

  test('every event of the client on the page about the lifecycle, and every code on the page about errors', () => {
    const lifecycle = read('docs/lifecycle.md');
    assert.deepEqual(
      interfaceOf('RTMClientEvents').filter((event) => !lifecycle.includes(`\`${event}\``)),
      [],
    );
    const { ErrorCode } = require('../..');
    const errors = read('docs/errors.md');
    const unused = /^KeepAlive(ClientNotConnected|InconsistentState)$/;
    assert.deepEqual(
      Object.keys(ErrorCode).filter((name) => !unused.test(name) && !errors.includes(`\`${name}\``)),
      [],
    );
    for (const [, name, code] of errors.matchAll(/^\| `(\w+)` \| `(slack_rtmapi_\w+)`/gm))
      assert.equal(ErrorCode[name], code);
  });

  test('exactly the permanent errors of Slack', () => {
    const list = (text) => [...text.matchAll(/[`"](\w+)[`"]/g)].map(([, code]) => code);
    const [, source] = /const PERMANENT: [^=]*= \[(.*?)\];/s.exec(read('src/session/api_error.rs'));
    const [, page] = /<!-- permanent -->(.*?)<!-- \/permanent -->/s.exec(read('docs/errors.md'));
    assert.deepEqual(list(page), list(source));
  });

  test('every public name of the Python clients', { skip: !python && missing('slack_sdk') }, () => {
    const { status, stdout, stderr } = spawnSync(python, [path.join(__dirname, 'docs', 'rtm_names.py')], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const page = read('docs/migrating-from-slack-sdk-rtm.md');
    for (const [client, names] of Object.entries(JSON.parse(stdout))) {
      const from = page.indexOf(`## \`${client}\`: constructor`);
      const to =
        client === 'slack_sdk.rtm' ? page.indexOf('## `slack_sdk.rtm_v2`: constructor') : page.indexOf('## Errors');
      assert.ok(from >= 0 && to > from && names.length > 20, client);
      const part = page.slice(from, to);
      assert.deepEqual(
        names.filter((name) => !new RegExp(`\`[^\`]*(?<!\\w)${name}(?!\\w)[^\`]*\``).test(part)),
        [],
        client,
      );
    }
  });
});

test('the API reference matches index.d.ts (if not, run npm run generate:api-docs)', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rtm-api-'));
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/docs.mjs', '--out', folder], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
    const made = readdirSync(folder, { recursive: true })
      .map(String)
      .filter((file) => file.endsWith('.md'));
    assert.deepEqual(made.map((file) => path.posix.join('docs/api', file)).sort(), reference().sort());
    for (const file of made)
      assert.equal(readFileSync(path.join(folder, file), 'utf8'), read(path.join('docs/api', file)), file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
