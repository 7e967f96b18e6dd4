// `npm run lint`: checks the format and the lints of JavaScript (Biome) and Rust (rustfmt, clippy), the types (tsc), the API
// documentation (rustdoc), the licences and versions of the crates, and that all files have the same version. Warnings are
// errors. Run it before each commit; `npm run format` corrects the format.

import { spawnSync } from 'node:child_process';
import { needCargo, run, setup } from './setup.mjs';

setup();
needCargo();
run(process.execPath, ['node_modules/@biomejs/biome/bin/biome', 'ci', '--error-on-warnings']);
run(process.execPath, ['scripts/check-imports.mjs']);
run('cargo', ['fmt', '--check']);
run('cargo', ['clippy', '--all-targets', '--all-features', '--', '-D', 'warnings']);
run('cargo', ['clippy', '--all-targets', '--', '-D', 'warnings']);
run('cargo', ['doc', '--no-deps', '--all-features', '--document-private-items'], {
  env: { RUSTDOCFLAGS: '-D warnings' },
});
run('cargo', ['doc', '--no-deps'], { env: { RUSTDOCFLAGS: '-D warnings' } });
for (const project of ['.', 'workspace', 'workspace/page'])
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project]);
run(process.execPath, ['scripts/versions.mjs']);
run(process.execPath, ['scripts/crates.mjs', '--check']);
if (spawnSync('cargo', ['deny', '--version']).status === 0) {
  run('cargo', ['deny', '--all-features', '--exclude-dev', 'check', 'licenses', 'bans', 'sources']);
} else {
  console.log(
    'cargo-deny is not installed (cargo install --locked cargo-deny): deny.toml was checked only for the linked crates.',
  );
}
