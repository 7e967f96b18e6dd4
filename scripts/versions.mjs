// `npm run versions`: the one version of everything that is released together, and that all files agree on it. With
// `-- --tag v1.2.3`, that it is the tag's, too, and that its changes are described. With `-- --set 1.2.3`, it becomes that.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, isMain, root } from './project.mjs';

/** Where the version stands: files, and what is before it there. Every place that matches counts. */
const PLACES = [
  ['package.json', /(^ {2}"version": ")([^"]+)/gm],
  ['package.json', /("slack-rtm-workspace": "\^)([^"]+)/g],
  ['package-lock.json', /("name": "slack-rtm-(?:native|workspace)",\s+"version": ")([^"]+)/g],
  ['package-lock.json', /("slack-rtm-workspace": "\^)([^"]+)/g],
  ['workspace/package.json', /(^ {2}"version": ")([^"]+)/gm],
  ['binding.js', /(bindingPackageVersion !== ')([^']+)/g],
  ['Cargo.toml', /(^version = ")([^"]+)/gm],
  ['Cargo.lock', /(^name = "slack-rtm-native"\nversion = ")([^"]+)/gm],
  ['fuzz/Cargo.lock', /(^name = "slack-rtm-native"\nversion = ")([^"]+)/gm],
];

const read = (file) => readFileSync(join(root, file), 'utf8');

/** What is wrong with the version of a release; nothing, if all is well. */
export function complaints({ text = read, tag } = {}) {
  const { version } = JSON.parse(text('package.json'));
  const wrong = PLACES.flatMap(([file, pattern]) => {
    const found = [...text(file).matchAll(pattern)].map(([, , one]) => one);
    if (found.length === 0) return [`${file} has no version where ${pattern} looks for it`];
    return [...new Set(found)]
      .filter((one) => one !== version)
      .map((one) => `${file} says ${one}, and package.json ${version}`);
  });
  const [, newest, note] = /^## (\S+)(.*)$/m.exec(text('CHANGELOG.md')) ?? [];
  if (newest !== version) wrong.push(`CHANGELOG.md begins with ${newest}, and package.json says ${version}`);
  if (tag !== undefined && tag !== `v${version}`) wrong.push(`the tag is ${tag}, and package.json says ${version}`);
  if (tag !== undefined && /unreleased/i.test(note)) wrong.push(`CHANGELOG.md calls ${newest} unreleased`);
  return wrong;
}

function set(version) {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) fail(`${version} is not a version.`);
  for (const [file, pattern] of PLACES) {
    writeFileSync(
      join(root, file),
      read(file).replace(pattern, (_, before) => `${before}${version}`),
    );
  }
  console.log(`Everything is ${version} now, but CHANGELOG.md: that is for you to write.`);
}

if (isMain(import.meta.url)) {
  const option = (name) => process.argv.find((_, index, all) => all[index - 1] === name);
  if (option('--set') !== undefined) set(option('--set'));
  else {
    const wrong = complaints({ tag: option('--tag') });
    if (wrong.length > 0) fail(`The versions are not in step:\n${wrong.map((line) => `- ${line}`).join('\n')}`);
    console.log(`Everything is ${JSON.parse(read('package.json')).version}.`);
  }
}
