// Bundles entry.js and entry.css into ../static/vendor/, with the licence of every package that went in.
import { build } from 'esbuild';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const destination = new URL('../static/vendor/', import.meta.url).pathname;

// The style sheet carries two font families as base64, 350 KB of it: the system's own fonts serve as well.
const withoutFonts = {
  name: 'without-fonts',
  setup({ onLoad }) {
    onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/@font-face\s*\{[^}]*\}/g, ''),
      loader: 'css',
    }));
  },
};

// An error message of graphql's names a package manager's site, which is no place of ours to send anyone to.
const withoutAdvice = {
  name: 'without-advice',
  setup({ onLoad }) {
    onLoad({ filter: /graphql[\\/]jsutils[\\/]instanceOf\.mjs$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/^https:.*\n\n/m, ''),
    }));
  },
};

const { metafile } = await build({
  entryPoints: { graphiql: 'entry.js', 'graphiql-style': 'entry.css' },
  outdir: destination,
  bundle: true,
  minify: true,
  keepNames: true, // the icons are named to screen readers after their functions
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  sourcemap: false,
  metafile: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [withoutFonts, withoutAdvice],
});

const folders = new Set(
  Object.keys(metafile.inputs)
    .map((input) => input.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0])
    .filter(Boolean),
);
const require = createRequire(import.meta.url);
const sections = [];
const withoutText = [];
for (const folder of [...folders].sort()) {
  const { name, version, license } = require(`./${folder}/package.json`);
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) withoutText.push(`${name} ${version}: ${license}, by its package.json; the package has no licence file`);
  else sections.push(`${name} ${version} (${license})\n\n${(await readFile(`${folder}/${file}`, 'utf8')).trim()}\n`);
}
const rule = `\n${'-'.repeat(78)}\n\n`;
const heading = 'graphiql.js and graphiql-style.css are built from these packages.\n';
await writeFile(`${destination}LICENSES.txt`, [heading, ...sections, `${withoutText.join('\n')}\n`].join(rule));
console.log(`${folders.size} packages bundled`);
