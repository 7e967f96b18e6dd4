// `npm run lint`: formatting, lints as errors, types, docs; the crates' licences and versions; the versions of a release.

import { spawnSync } from 'node:child_process';
import { needCargo, run, setup } from './setup.mjs';

setup();
needCargo();
run(process.execPath, ['node_modules/@biomejs/biome/bin/biome', 'ci', '--error-on-warnings']);
run(process.execPath, ['scripts/check-imports.mjs']);
run('cargo', ['fmt', '--check']);
run('cargo', ['clippy', '--all-targets', '--all-features', '--', '-D', 'warnings']);
run('cargo', ['clippy', '--all-targets', '--', '-D', 'warnings']);
run('cargo', ['doc', '--no-deps', '--all-features'], { env: { RUSTDOCFLAGS: '-D warnings' } });
run('cargo', ['doc', '--no-deps'], { env: { RUSTDOCFLAGS: '-D warnings' } });
for (const project of ['.', 'workspace', 'workspace/page'])
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project]);
run(process.execPath, ['scripts/versions.mjs']);
run(process.execPath, ['scripts/crates.mjs', '--check']);
if (spawnSync('cargo', ['deny', '--version']).status === 0) {
  run('cargo', ['deny', '--all-features', '--exclude-dev', 'check', 'licenses', 'bans', 'sources']);
} else {
  console.log(
    'cargo-deny is not installed (cargo install --locked cargo-deny), so only the crates that are linked were checked against deny.toml.',
  );
}
