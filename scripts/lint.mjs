// `npm run lint`: formatting, lints as errors, types, docs.

import { needCargo, run, setup } from './setup.mjs';

setup();
needCargo();
run('cargo', ['fmt', '--check']);
run('cargo', ['clippy', '--all-targets', '--all-features', '--', '-D', 'warnings']);
run('cargo', ['clippy', '--all-targets', '--', '-D', 'warnings']);
run('cargo', ['doc', '--no-deps', '--all-features'], { env: { RUSTDOCFLAGS: '-D warnings' } });
run('cargo', ['doc', '--no-deps'], { env: { RUSTDOCFLAGS: '-D warnings' } });
for (const project of ['.', 'workspace', 'workspace/page']) run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project]);
