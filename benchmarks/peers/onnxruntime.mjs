// ONNX Runtime as the peer of the verb `compare`: opens an ONNX file of this library and answers requests for rounds.
//
//     node onnxruntime.mjs MODEL.onnx --threads 2 --batch 1
//
// The first line it prints is {"engine", "seconds", "logits"}: seconds from the file to the first logits. Then it reads
// a number of seconds from each line of its input, runs the network for that long, and prints
// {"images_per_second", "peak_megabytes"}. It ends with its input. LibraryEngine.cs speaks the same protocol.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import ort from 'onnxruntime-node';

const { values: options, positionals } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    batch: { type: 'string', default: '1' },
  },
  allowPositionals: true,
});
const threads = Number(options.threads);
const batch = Number(options.batch);
if (positionals.length !== 1 || !(Number.isInteger(threads) && threads > 0) || !(Number.isInteger(batch) && batch > 0)) {
  console.error('Usage: node onnxruntime.mjs MODEL.onnx [--threads N] [--batch N], both numbers from 1');
  process.exit(2);
}

// Graph optimizations stay at their default, which is all of them.
const sessionOptions = { intraOpNumThreads: threads, interOpNumThreads: 1 };
let start = performance.now();
const session = await ort.InferenceSession.create(positionals[0], sessionOptions);
let seconds = (performance.now() - start) / 1000;

const shape = [batch, ...session.inputMetadata[0].shape.slice(1)];
const image = new ort.Tensor('float32', pixels(shape.reduce((product, size) => product * size)), shape);
start = performance.now();
const { logits } = await run();
seconds += (performance.now() - start) / 1000;
print({ engine: `onnxruntime-node ${ort.env.versions.node}`, seconds, logits: Array.from(logits.data) });

for await (const line of createInterface({ input: process.stdin })) {
  print({ images_per_second: await round(Number(line)), peak_megabytes: peakMegabytes() });
}

function run() {
  return session.run({ image }, ['logits']);
}

async function round(limit) {
  const start = performance.now();
  let runs = 0;
  let seconds;
  do {
    await run();
    runs++;
    seconds = (performance.now() - start) / 1000;
  } while (seconds < limit);
  return runs * batch / seconds;
}

// Numbers from 0 to 255 without a pattern; LibraryEngine.cs has the same.
function pixels(count) {
  return Float32Array.from({ length: count }, (_, i) => Math.imul(i, 2654435761) >>> 24);
}

function peakMegabytes() {
  // On Linux maxRSS begins with what the parent process held when it started this one, so ask for this one's own.
  const kibibytes = process.platform === 'linux'
    ? Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
    : process.resourceUsage().maxRSS;
  return kibibytes * 1024 / 1e6;
}

function print(answer) {
  console.log(JSON.stringify(answer));
}
