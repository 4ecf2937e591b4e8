// Rebuilds the two corpus files from the public source at its pinned commit; checks sha256.
//
//     npm install --no-save opencc-js@1.4.2 && node fetch.mjs ../../../shared/corpus [clone of the source]
//
// The checksums are of the unpacked JSON lines, since gzip's bytes differ between versions of zlib; `prepare.py`
// checks the same ones before it reads.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import OpenCC from 'opencc-js';

const SOURCE = 'https://github.com/chinese-poetry/chinese-poetry';
const COMMIT = '99ebbef7e1345c0985c44b9fd96a3f9e776f117b';
const SHA256 = {
  'poems.jsonl': 'd36dc3933629421c3c17952bd4cd4321c72dad8958e16b1ff460b794fbdacdc2',
  'song-shi.jsonl': 'b1c0f049407f09c548a0458ea71bd83031af6efc73d5748885a88ca06437b2e7',
};

const [out = '../../../shared/corpus', given] = process.argv.slice(2);
const clone = given ?? join(out, 'source');
const git = (...args) =>
  execFileSync('git', ['-C', clone, '-c', 'core.quotepath=false', ...args], { maxBuffer: 1 << 28, encoding: 'utf8' });
mkdirSync(clone, { recursive: true });
if (!given) {
  git('init', '--quiet');
  git('fetch', '--quiet', '--depth', '1', SOURCE, COMMIT);
}

/** Paths under a folder of the commit that match, in the order of the numbers in their names. */
const paths = (folder, pattern) =>
  git('ls-tree', '--name-only', COMMIT, `${folder}/`)
    .split('\n')
    .filter((path) => pattern.test(path))
    .sort((a, b) => Number(/(\d+)\D*$/.exec(a)?.[1] ?? 1e9) - Number(/(\d+)\D*$/.exec(b)?.[1] ?? 1e9));
const read = (path) => JSON.parse(git('cat-file', 'blob', `${COMMIT}:${path}`));
const simplify = OpenCC.Converter({ from: 't', to: 'cn' });
const tidy = (line) => line.trim().replace(/\s+/g, ' ');

/** One section: its files' poems in one shape, without empty poems and without repeats of dynasty, author and lines. */
function section(dynasty, form, files, shape, convert = (text) => text) {
  const seen = new Set();
  const rows = [];
  for (const file of files) {
    for (const poem of read(file)) {
      const { title, author, lines } = shape(poem);
      const row = {
        dynasty,
        form,
        title: convert(tidy(title ?? '')),
        author: convert((author ?? '').trim()),
        lines: (lines ?? []).map((line) => convert(tidy(line))).filter(Boolean),
      };
      const key = JSON.stringify([row.dynasty, row.author, row.lines]);
      if (row.lines.length === 0 || seen.has(key)) continue;
      seen.add(key);
      rows.push(JSON.stringify(row) + '\n');
    }
  }
  return rows;
}

const plain = (poem) => ({ title: poem.title, author: poem.author, lines: poem.paragraphs });
const tune = (poem) => ({ title: poem.rhythmic, author: poem.author, lines: poem.paragraphs });
const sections = {
  'poems.jsonl': () => [
    ...section('tang', 'shi', paths('全唐诗', /poet\.tang\.\d+\.json$/), plain, simplify),
    ...section('song', 'ci', paths('宋词', /ci\.song\.\d+\.json$/), tune),
    ...section('yuan', 'qu', ['元曲/yuanqu.json'], plain),
    ...section('zhou', 'shijing', ['诗经/shijing.json'], (p) => ({
      title: `${p.chapter}·${p.section}·${p.title}`,
      author: '佚名',
      lines: p.content,
    })),
    ...section('chu', 'chuci', ['楚辞/chuci.json'], (p) => ({ title: p.title, author: p.author, lines: p.content })),
    ...section('han', 'shi', ['曹操诗集/caocao.json'], (p) => ({ title: p.title, author: '曹操', lines: p.paragraphs })),
    ...section('wudai', 'ci', paths('五代诗词/huajianji', /-juan\.json$/), plain),
    ...section('wudai', 'ci', ['五代诗词/nantang/poetrys.json'], tune),
    ...section('qing', 'ci', ['纳兰性德/纳兰性德诗集.json'], (p) => ({ title: p.title, author: p.author, lines: p.para })),
  ],
  'song-shi.jsonl': () => section('song', 'shi', paths('全唐诗', /poet\.song\.\d+\.json$/), plain, simplify),
};

for (const [name, build] of Object.entries(sections)) {
  const data = Buffer.from(build().join(''));
  const found = createHash('sha256').update(data).digest('hex');
  if (found !== SHA256[name]) {
    writeFileSync(join(out, `${name}.different`), data);
    console.error(`${name}: sha256 is ${found}, expected ${SHA256[name]}; what was built is in ${name}.different`);
    process.exitCode = 1;
    continue;
  }
  writeFileSync(join(out, `${name}.gz`), gzipSync(data, { level: 9 }));
  console.log(`${name}.gz: ${data.length} bytes unpacked, sha256 as expected`);
}
