// The peer's media path: sharp, exiftool-vendored and thumbhash over the photos named on standard input.
//
//   node peer.js equal|default|stages IN_FLIGHT
//
// One JSON object a line: {"warm": …} in, {"ready": true} out; {"photos": […]} in, {"done": […]} out.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { ExifTool } from 'exiftool-vendored';
import sharp from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';

const [, , mode, inFlight] = process.argv;
const PREVIEW = { width: 1440, height: 1440, fit: 'outside', withoutEnlargement: true };
const THUMB = { width: 250, height: 250, fit: 'outside', withoutEnlargement: true };
const LIKENESS = { width: 100, height: 100, fit: 'inside', withoutEnlargement: true };
const equal = mode !== 'default';

if (equal) {
  // One process a core, so one thread each; nothing comes twice, so a cache only costs.
  sharp.concurrency(1);
  sharp.cache(false);
}
// -fast2 leaves out maker notes, which our reader leaves out too.
const exiftool = new ExifTool(equal ? { maxProcs: 1, minDelayBetweenSpawnMillis: 0 } : {});
const readArgs = equal ? { readArgs: ['-fast2'] } : undefined;

async function likeness(picture) {
  const small = await picture.resize(LIKENESS).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return Buffer.from(rgbaToThumbHash(small.info.width, small.info.height, small.data)).toString('base64');
}

// The quickest way sharp has: decoded once, scaled while decoding, both files made of the preview's pixels.
async function renderEqual(data, clock) {
  const preview = await sharp(data).autoOrient().resize(PREVIEW).raw().toBuffer({ resolveWithObject: true });
  clock('decode, resize, colour');
  const { width, height, channels } = preview.info;
  const pixels = () => sharp(preview.data, { raw: { width, height, channels } });
  const jpeg = await pixels().jpeg(JPEG).toBuffer();
  clock('encode preview');
  const thumb = await pixels().resize(THUMB).raw().toBuffer({ resolveWithObject: true });
  clock('resize thumb');
  const small = { width: thumb.info.width, height: thumb.info.height, channels: thumb.info.channels };
  const webp = await sharp(thumb.data, { raw: small }).webp({ quality: 80, effort: 2 }).toBuffer();
  clock('encode thumb');
  const hash = await likeness(sharp(thumb.data, { raw: small }));
  clock('thumbhash');
  return {
    preview: [width, height, jpeg.length],
    thumb: [small.width, small.height, webp.length],
    thumbhash: hash,
  };
}

// The settings that ours are equal to: no optimised Huffman tables, which cost a second pass.
const JPEG = { quality: 80, chromaSubsampling: '4:2:0', mozjpeg: false, optimiseCoding: false };

// As its documentation shows it: a pipeline a size, nothing set but the quality.
async function renderDefault(data) {
  const [jpeg, webp, hash] = await Promise.all([
    sharp(data).autoOrient().resize(PREVIEW).jpeg({ quality: 80 }).toBuffer({ resolveWithObject: true }),
    sharp(data).autoOrient().resize(THUMB).webp({ quality: 80 }).toBuffer({ resolveWithObject: true }),
    likeness(sharp(data).autoOrient()),
  ]);
  return {
    preview: [jpeg.info.width, jpeg.info.height, jpeg.data.length],
    thumb: [webp.info.width, webp.info.height, webp.data.length],
    thumbhash: hash,
  };
}

const stages = {};
function stopwatch() {
  let begun = process.cpuUsage();
  return (stage) => {
    if (mode !== 'stages') return;
    const spent = process.cpuUsage(begun);
    stages[stage] = (stages[stage] ?? 0) + (spent.user + spent.system) / 1e6;
    begun = process.cpuUsage();
  };
}

async function one(path) {
  const clock = stopwatch();
  const data = await readFile(path);
  const sha256 = createHash('sha256').update(data).digest('hex');
  clock('read, hash');
  const rendering = mode === 'stages' ? null : equal ? renderEqual(data, clock) : renderDefault(data);
  const tags = await exiftool.read(path, readArgs);
  clock('metadata (without exiftool itself)');
  const rendered = await (rendering ?? renderEqual(data, clock));
  return { path, sha256, taken: tags.DateTimeOriginal?.toString() ?? null, ...rendered };
}

async function all(paths) {
  const results = new Array(paths.length);
  let next = 0;
  const lane = async () => {
    while (next < paths.length) {
      const place = next++;
      results[place] = await one(paths[place]);
    }
  };
  await Promise.all(Array.from({ length: Number(inFlight) }, lane));
  return results;
}

const say = (message) => process.stdout.write(JSON.stringify(message) + '\n');
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order.warm) {
    await all(order.warm);
    for (const stage of Object.keys(stages)) delete stages[stage];
    say({ ready: true, versions: sharp.versions });
  } else {
    say({ done: await all(order.photos), stages });
  }
}
await exiftool.end();
