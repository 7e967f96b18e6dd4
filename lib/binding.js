// The native binding, for all other files: loads it, and owns what is said where that cannot be done. `binding.js`, which
// `napi build` makes, looks for the addon beside itself and then in the platform's package.
'use strict';

const { readdirSync } = require('node:fs');
const path = require('node:path');

/** What binaries are made for (package.json, `napi.targets`), by the names that their packages end with. */
const PLATFORMS = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
];
const FOR_WHOM = 'Linux (glibc 2.17 or later, or musl), macOS and Windows, each on x64 and arm64';

const NAME = 'slack-rtm-native';
const REPOSITORY = 'git+https://github.com/slack-rtm-native/slack-rtm-native.git';

/** What the system's loader says of a file that was made for another system, processor or C library. */
const FOREIGN =
  /invalid ELF header|wrong ELF class|ELF file OS ABI|file too short|cannot open shared object file|Error loading shared library|Exec format|not a valid Win32|not a mach-o|incompatible architecture|slice is not valid|no suitable image/i;

/** @returns {typeof import('../binding')} */
function load() {
  try {
    return require('../binding.js');
  } catch (error) {
    throw explained(error);
  }
}

/**
 * What to tell in the place of `binding.js`'s error, whose causes are those of all attempts.
 *
 * @param {unknown} thrown
 */
function explained(thrown) {
  const attempts = chain(thrown);
  const refused = attempts.find(({ message, code }) => code === 'ERR_DLOPEN_FAILED' || FOREIGN.test(message));
  const libc = libcOf();
  const platform = platformName(libc);
  const isSupported = PLATFORMS.includes(platform);
  const manifest = require('../package.json');
  const { version } = manifest;
  const isSource = !('optionalDependencies' in manifest); // the repository's: a release names the packages with the binaries
  const lines = [
    `${NAME} found no native binary that it can use on ${process.platform} ${process.arch}${libc && `, ${libc}`} (${runtime()}).`,
    ...(isSupported && !isSource
      ? [`The binary for this platform comes with the package ${NAME}-${platform}@${version}.`]
      : []),
    '',
    ...causes(attempts, refused, { isSupported, isSource, platform, libc }),
    '',
    'To build it from source instead (with Rust 1.88 or later, https://rustup.rs):',
    `  npm install ${REPOSITORY}#v${version}`,
  ];
  const error = Object.assign(new Error(lines.join('\n')), { code: 'ERR_SLACK_RTM_NATIVE_BINARY' });
  if (refused === undefined) return error;
  delete refused.cause; // the other attempts, at files that are not there
  return Object.assign(error, { cause: refused });
}

/**
 * The known causes: the one that it is, or those that it can be.
 *
 * @param {Error[]} attempts the last one comes second, behind what `binding.js` says of all
 * @param {Error | undefined} refused the error of a binary that is there
 * @param {{ isSupported: boolean, isSource: boolean, platform: string, libc: string }} here
 */
function causes(attempts, refused, { isSupported, isSource, platform, libc }) {
  const named = process.env.NAPI_RS_NATIVE_LIBRARY_PATH;
  if (named) {
    return [
      `The environment variable NAPI_RS_NATIVE_LIBRARY_PATH names ${named}, which cannot be loaded.`,
      'Unset it, or have it name a binary of this version.',
      ...quoted(refused),
    ];
  }
  // ES modules have no file name by that name.
  const file = typeof __filename === 'string' ? __filename : 'an ES module';
  if (path.basename(file) !== 'binding.js') {
    return [
      `A bundler has made ${NAME} a part of ${file}, where it does not find its binary.`,
      'Tell the bundler that the package is external, so that it stays in node_modules.',
    ];
  }
  if (!isSupported)
    return [`No binary is made for this platform. There are binaries for ${FOR_WHOM}.`, ...quoted(refused)];
  if (refused !== undefined) {
    const [, wanted] = /GLIBC_([\d.]+)['`] not found/.exec(refused.message) ?? [];
    if (wanted !== undefined) {
      return [
        `The binary needs glibc ${wanted}, and this system has ${libc}. Those of a release run on glibc 2.17 or later.`,
        ...quoted(refused),
      ];
    }
    if (FOREIGN.test(refused.message)) {
      return [
        'The binary that is there was made for another operating system, processor or C library, or is damaged: most likely',
        'node_modules was copied from another machine, or into a container. Delete node_modules and install again here.',
        ...quoted(refused),
      ];
    }
    return ['The binary is there, but cannot be loaded.', ...quoted(refused)];
  }
  if (isSource) {
    return [
      'This package is from its git repository, and its binary was not built: npm was told to run no scripts (--ignore-scripts,',
      'ignore-scripts in an .npmrc). Install again without that; in a clone, run: npm run build',
    ];
  }
  const beside = packagesBeside();
  if (beside.includes(`${NAME}-${platform}`)) {
    const said = attempts[attempts.length > 1 ? 1 : 0].message.trim().split('\n')[0];
    return [
      'That package is there, but of another version or not whole. Delete node_modules and install again. It failed with:',
      `  ${said}`,
    ];
  }
  const others = PLATFORMS.map((name) => `${NAME}-${name}`).filter((name) => beside.includes(name));
  if (others.length > 0) {
    return [
      `Its place is taken by ${others.join(', ')}, so node_modules was installed on another platform, and copied.`,
      'Delete node_modules and install again here.',
    ];
  }
  return [
    'It was not installed. Known causes:',
    '- optional dependencies were left out (--omit=optional, --no-optional, --ignore-optional, omit=optional in an .npmrc,',
    '  NPM_CONFIG_OMIT). The binary is one: install again without that;',
    "- npm's bug with optional dependencies (https://github.com/npm/cli/issues/4828): a package-lock.json that was made on",
    '  another platform lacks it. Delete node_modules and package-lock.json, and run npm install again.',
  ];
}

/** @param {Error | undefined} refused */
function quoted(refused) {
  return refused === undefined ? [] : ['The system says:', `  ${refused.message.trim().split('\n')[0]}`];
}

/** The packages in the folder that holds this one. */
function packagesBeside() {
  const own = path.join(__dirname, '..');
  // Under another name (an alias), this package may be in the folder of a scope.
  const folders = [path.dirname(own), path.dirname(path.dirname(own))];
  return folders.flatMap((folder) => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  });
}

/**
 * An error and what it names as its causes. In a context of its own (Jest's), some of them are of another `Error`.
 *
 * @param {unknown} error
 * @returns {(Error & { code?: string })[]}
 */
function chain(error) {
  /** @type {Error[]} */
  const errors = [];
  for (let one = /** @type {any} */ (error); typeof one?.message === 'string' && !errors.includes(one); one = one.cause)
    errors.push(one);
  return errors;
}

/** The C library and its version; empty where there is no choice of them. */
function libcOf() {
  if (process.platform !== 'linux') return '';
  const report = process.report;
  if (report === undefined) return 'unknown libc';
  Object.assign(report, { excludeNetwork: true }); // which would be looked up in the DNS
  const { header } = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (report.getReport());
  return header?.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : 'musl';
}

/** @param {string} libc */
function platformName(libc) {
  const { platform, arch } = process;
  if (platform === 'linux') return `linux-${arch}-${libc === 'musl' ? 'musl' : 'gnu'}`;
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

function runtime() {
  const { bun, deno, electron, node } = /** @type {Record<string, string | undefined>} */ (process.versions);
  const others = Object.entries({ Bun: bun, Deno: deno, Electron: electron }).filter(
    ([, version]) => version !== undefined,
  );
  return [`Node ${node}`, ...others.map(([name, version]) => `${name} ${version}`)].join(', ');
}

module.exports = load();
