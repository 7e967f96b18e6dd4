// `npm run release:version`: checks that all files with the version of the release have the same version.
//
//   npm run release:version -- --set 1.2.3    writes a new version into all of them
//   npm run release:version -- --tag v1.2.3   also checks that the tag has that version, and that CHANGELOG.md describes it

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, isMain, root } from './project.mjs';

/** The files that have the version. The first group of each pattern is the text before it. Every match counts. */
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

/** The mistakes in the versions, as sentences. */
export function complaints({ text = read, tag } = {}) {
  const { version } = JSON.parse(text('package.json'));
  const wrong = PLACES.flatMap(([file, pattern]) => {
    const found = [...text(file).matchAll(pattern)].map(([, , one]) => one);
    if (found.length === 0) return [`${file} has no version that matches ${pattern}`];
    return [...new Set(found)]
      .filter((one) => one !== version)
      .map((one) => `${file} has the version ${one}, but package.json has ${version}`);
  });
  const [, newest, note] = /^## (\S+)(.*)$/m.exec(text('CHANGELOG.md')) ?? [];
  if (newest !== version) wrong.push(`CHANGELOG.md begins with ${newest}, but package.json has the version ${version}`);
  if (tag !== undefined && tag !== `v${version}`)
    wrong.push(`the tag is ${tag}, but package.json has the version ${version}`);
  if (tag !== undefined && /unreleased/i.test(note)) wrong.push(`CHANGELOG.md calls ${newest} unreleased`);
  return wrong;
}

function set(version) {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    fail(`${version} is not a version: it must have the form 1.2.3 or 1.2.3-rc.1.`);
  for (const [file, pattern] of PLACES) {
    writeFileSync(
      join(root, file),
      read(file).replace(pattern, (_, before) => `${before}${version}`),
    );
  }
  console.log(`All files have the version ${version} now, except CHANGELOG.md: add its entry by hand.`);
}

if (isMain(import.meta.url)) {
  const option = (name) => process.argv.find((_, index, all) => all[index - 1] === name);
  if (option('--set') !== undefined) set(option('--set'));
  else {
    const wrong = complaints({ tag: option('--tag') });
    if (wrong.length > 0) fail(`The versions do not match:\n${wrong.map((line) => `- ${line}`).join('\n')}`);
    console.log(`All files have the version ${JSON.parse(read('package.json')).version}.`);
  }
}
