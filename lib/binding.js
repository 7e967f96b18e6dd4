// Loads the native addon, or throws an error that explains why it cannot be loaded. The generated `../binding.js` looks for the
// addon beside itself and then in the platform's package.
'use strict';

const { readdirSync } = require('node:fs');
const path = require('node:path');

/** The platforms that have a binary (package.json, `napi.targets`), by the suffix of the package's name. */
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
const PLATFORM_LIST = 'Linux (glibc 2.17 or later, or musl), macOS and Windows, each on x64 and arm64';

const NAME = 'slack-rtm-native';
const REPOSITORY = 'git+https://github.com/slack-rtm-native/slack-rtm-native.git';

/** Messages of the system's loader about a file for another system, processor or C library. */
const WRONG_PLATFORM =
  /invalid ELF header|wrong ELF class|ELF file OS ABI|file too short|cannot open shared object file|Error loading shared library|Exec format|not a valid Win32|not a mach-o|incompatible architecture|slice is not valid|no suitable image/i;

/** @returns {typeof import('../binding')} */
function load() {
  try {
    return require('../binding.js');
  } catch (error) {
    throw explain(error);
  }
}

/**
 * Creates the error that replaces the one of `binding.js`. The causes of that error are the errors of all attempts.
 *
 * @param {unknown} thrown
 */
function explain(thrown) {
  const attempts = chain(thrown);
  const refused = attempts.find(({ message, code }) => code === 'ERR_DLOPEN_FAILED' || WRONG_PLATFORM.test(message));
  const libc = libcOf();
  const platform = platformName(libc);
  const isSupported = PLATFORMS.includes(platform);
  const manifest = require('../package.json');
  const { version } = manifest;
  const isSource = !('optionalDependencies' in manifest); // in the repository; a release names the packages of the binaries
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
  delete refused.cause; // the attempts to load files that do not exist
  return Object.assign(error, { cause: refused });
}

/**
 * Explains the cause, or lists the possible ones.
 *
 * @param {Error[]} attempts first the summary of `binding.js`, then the attempts, the last one first
 * @param {Error | undefined} refused the error of a binary that exists
 * @param {{ isSupported: boolean, isSource: boolean, platform: string, libc: string }} here
 */
function causes(attempts, refused, { isSupported, isSource, platform, libc }) {
  const named = process.env.NAPI_RS_NATIVE_LIBRARY_PATH;
  if (named) {
    return [
      `The environment variable NAPI_RS_NATIVE_LIBRARY_PATH names ${named}, which cannot be loaded.`,
      'Unset it, or set it to a binary of this version.',
      ...quoted(refused),
    ];
  }
  // ES modules have no __filename.
  const file = typeof __filename === 'string' ? __filename : 'an ES module';
  if (path.basename(file) !== 'binding.js') {
    return [
      `A bundler has included ${NAME} in ${file}, where it cannot find its binary.`,
      'Configure the bundler to treat the package as external, so that it stays in node_modules.',
    ];
  }
  if (!isSupported)
    return [`There is no binary for this platform. There are binaries for ${PLATFORM_LIST}.`, ...quoted(refused)];
  if (refused !== undefined) {
    const [, wanted] = /GLIBC_([\d.]+)['`] not found/.exec(refused.message) ?? [];
    if (wanted !== undefined) {
      return [
        `The binary needs glibc ${wanted}, and this system has ${libc}. Released binaries run on glibc 2.17 or later.`,
        ...quoted(refused),
      ];
    }
    if (WRONG_PLATFORM.test(refused.message)) {
      return [
        'The binary was made for another operating system, processor or C library, or is damaged. Most likely, node_modules was',
        'copied from another machine or into a container. Delete node_modules and install again here.',
        ...quoted(refused),
      ];
    }
    return ['The binary exists, but cannot be loaded.', ...quoted(refused)];
  }
  if (isSource) {
    return [
      'This package was installed from its git repository without building the binary, because npm ran no scripts',
      '(--ignore-scripts, ignore-scripts in an .npmrc). Install again without that setting; in a clone, run: npm run build',
    ];
  }
  const beside = packagesBeside();
  if (beside.includes(`${NAME}-${platform}`)) {
    const reason = attempts[attempts.length > 1 ? 1 : 0].message.trim().split('\n')[0];
    return [
      'That package is installed, but has another version or is incomplete. Delete node_modules and install again. The error:',
      `  ${reason}`,
    ];
  }
  const others = PLATFORMS.map((name) => `${NAME}-${name}`).filter((name) => beside.includes(name));
  if (others.length > 0) {
    return [
      `Only ${others.join(', ')} is installed, so node_modules was copied from another platform.`,
      'Delete node_modules and install again here.',
    ];
  }
  return [
    'It is not installed. Known causes:',
    '- optional dependencies were omitted (--omit=optional, --no-optional, --ignore-optional, omit=optional in an .npmrc,',
    '  NPM_CONFIG_OMIT). The binary is an optional dependency: install again without that setting;',
    "- npm's bug with optional dependencies (https://github.com/npm/cli/issues/4828): a package-lock.json from another",
    '  platform lacks the binary. Delete node_modules and package-lock.json, and run npm install again.',
  ];
}

/** @param {Error | undefined} refused */
function quoted(refused) {
  return refused === undefined ? [] : ['The system reports:', `  ${refused.message.trim().split('\n')[0]}`];
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
 * An error and its chain of causes. In a separate context (Jest's), they are not instances of this `Error`.
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

/** The C library and its version on Linux; otherwise empty. */
function libcOf() {
  if (process.platform !== 'linux') return '';
  const report = process.report;
  if (report === undefined) return 'unknown libc';
  Object.assign(report, { excludeNetwork: true }); // otherwise the report looks up addresses in the DNS
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
